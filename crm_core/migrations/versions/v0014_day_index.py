"""A day's appointments are found by their slots, cancelled ones too, and counted without being fetched."""

from crm_core.migrations import steps

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.build_index("appointment_of_slot", "appointment (slot_id, status)")
