"""The register's doors: versions that forms compare, and consultations that are answered."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0006_register.sql"))
