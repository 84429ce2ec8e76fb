"""Numbers of a patient are rows: several of a kind, each with its time."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0041_patient_identifier.sql"))
