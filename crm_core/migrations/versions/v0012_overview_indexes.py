"""What screens ask for: appointments by when they were booked, calls by the end of a number, open tasks by age."""

from crm_core.migrations import steps

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.build_index("appointment_booked_at", "appointment (booked_at)")
    steps.build_index("call_caller_tail", "call (reverse(caller) text_pattern_ops, started_at DESC)")
    steps.build_index("task_open_newest", "task (id DESC) WHERE status = 'open'")
