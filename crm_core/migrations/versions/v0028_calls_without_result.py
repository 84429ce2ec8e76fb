"""Calls about which nobody has said how they ended are found by their legs, without reading the others."""

from crm_core.migrations import steps

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.build_index("call_leg_without_result", "call_leg (connected_at, id) WHERE disposition = ''")
