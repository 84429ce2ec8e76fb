"""Doors: throttled logins, sessions one can see and end, second factors, tokens that end, refusals counted."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_bind().connection.driver_connection.cursor() as cursor:
        cursor.execute(Path(__file__).with_name("0008_doors.sql").read_text("utf-8"))
