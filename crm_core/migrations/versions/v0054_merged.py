"""A record that was merged leads to the one it became part of."""

from pathlib import Path

from alembic import op

from crm_core.migrations.steps import build_index, run

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(Path(__file__).with_name("0054_merged.sql"))
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE patient VALIDATE CONSTRAINT patient_merged_is_not_found")
    build_index("patient_merged", "patient (merged_into_id) WHERE merged_into_id IS NOT NULL")
