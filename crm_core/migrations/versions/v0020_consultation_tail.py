"""Consultations by the end of the number they came from; their beginnings are in an index already."""

from crm_core.migrations import steps

revision = "0020"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.build_index("consultation_tail", "consultation (reverse(msisdn) text_pattern_ops)")
