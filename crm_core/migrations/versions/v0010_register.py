"""The register's doors: versions that forms compare, and consultations that are answered."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0010_register.sql"))
