"""Work has a title, a result, a priority, a team, and says who is at it; its kinds are rows."""

from pathlib import Path

from alembic import op

from crm_core.migrations.steps import run

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(Path(__file__).with_name("0053_task_facts.sql"))
    with op.get_context().autocommit_block():  # looked at without keeping anybody from writing
        op.execute("ALTER TABLE task VALIDATE CONSTRAINT task_claim")
        op.execute("ALTER TABLE task VALIDATE CONSTRAINT task_kind_exists")
