"""What a migration does: SQL from a file in its transaction, or an index that is built beside the running hospital."""

from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy import text


def run(sql: Path) -> None:
    """All statements of the file, in the migration's transaction. No parameters: `%` means itself."""
    driver: Any = op.get_bind().connection.driver_connection
    with driver.cursor() as cursor:
        cursor.execute(sql.read_text("utf-8"))


def build_index(name: str, on: str, *, unique: bool = False) -> None:
    """CREATE INDEX CONCURRENTLY: rows can be written meanwhile, for as long as it takes.

    `on` is what follows ON, e.g. `call (agent_id, started_at)`; `name` may have the schema before it.
    Outside the transaction: what the migration did before is committed first, so such a migration does nothing that
    may not be done twice. A build that broke off leaves an index that is not valid; the next run throws it away.
    """
    kind = "UNIQUE INDEX" if unique else "INDEX"
    with op.get_context().autocommit_block():
        valid = op.get_bind().execute(
            text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"), {"name": name}
        )
        if valid.scalar() is False:
            op.execute(f"DROP INDEX CONCURRENTLY {name}")
        op.execute(f"CREATE {kind} CONCURRENTLY IF NOT EXISTS {name} ON {on}")
