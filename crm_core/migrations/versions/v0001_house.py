"""The first schema, and pgqueuer's own tables as its release 1.6.0 makes them: a later release of it that wants others
gets them by a migration."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0001_house.sql"))
    steps.run(Path(__file__).with_name("0001_pgqueuer.sql"))
