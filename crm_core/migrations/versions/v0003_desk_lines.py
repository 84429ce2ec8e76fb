"""Desk lines: who is available on paper only is seen, and set offline after a while."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_bind().connection.driver_connection.cursor() as cursor:
        cursor.execute(Path(__file__).with_name("0003_desk_lines.sql").read_text("utf-8"))
