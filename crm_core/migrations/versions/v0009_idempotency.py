"""Idempotency keys: who asks again because no answer came gets no second patient, place or text."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_bind().connection.driver_connection.cursor() as cursor:
        cursor.execute(Path(__file__).with_name("0009_idempotency.sql").read_text("utf-8"))
