"""The audit: months, addresses, and a chain of hashes."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0007_audit.sql"))
