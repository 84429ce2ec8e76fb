"""Address, contact person, background and health of a patient."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0040"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0040_patient_fields.sql"))
