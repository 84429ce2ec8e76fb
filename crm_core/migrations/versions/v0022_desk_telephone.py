"""The telephone of the desk: agents who call, who miss rings, and who are asked by a colleague."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0022_desk_telephone.sql"))
