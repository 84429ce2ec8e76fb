"""How many appointments a patient may have on a day: who set it, and when."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0033_booking_rule_changes.sql"))
