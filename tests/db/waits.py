"""Who waits for whom in this test's database."""

from crm_core.kernel.db import Connection


async def waiting(conn: Connection) -> int | None:
    """The process that waits for a lock, if one does.

    From `pg_locks` alone: `pg_stat_activity` is read once a transaction, so it never shows a connection made later in
    it, and a lock on another's transaction names no database.
    """
    pid: int | None = await conn.fetchval(
        """
        SELECT wanted.pid FROM pg_locks wanted
        WHERE NOT wanted.granted AND wanted.pid <> pg_backend_pid() AND EXISTS (
            SELECT FROM pg_locks any_of_it JOIN pg_database ON pg_database.oid = any_of_it.database
            WHERE any_of_it.pid = wanted.pid AND datname = current_database())
        """
    )
    return pid
