"""A timeline entry is a short code that stays, and leads to its text instead of copying it."""

from pathlib import Path

from alembic import op

from crm_core.migrations.steps import run

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None
HERE = Path(__file__)


def upgrade() -> None:
    run(HERE.with_name("0051_timeline_codes.sql"))
    with op.get_context().autocommit_block():
        run(HERE.with_name("0051_timeline_codes_fill.sql"))
