"""Legs: each agent of a call, with their own disposition and notes."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0002_call_legs.sql"))
