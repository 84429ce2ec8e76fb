"""The first schema, and pgqueuer's own tables."""

from pathlib import Path

from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind().connection.driver_connection
    with connection.cursor() as cursor:
        cursor.execute(Path(__file__).with_name("0001_house.sql").read_text("utf-8"))
        cursor.execute(QueryBuilderEnvironment().build_install_query())
