"""Who waits for whom in this test's database."""

from crm_core.kernel.db import Connection


async def waiting(conn: Connection) -> int | None:
    """The process that waits for a lock, if one does.

    From `pg_locks` alone: `pg_stat_activity` is read once a transaction, so it never shows a connection made later in
    it, and a lock on another's transaction names no database.
    """
    pid: int | None = await conn.fetchval(
        """
        SELECT wanted.pid FROM pg_locks wanted JOIN pg_locks any_of_its USING (pid)
        JOIN pg_database ON pg_database.oid = any_of_its.database
        WHERE NOT wanted.granted AND wanted.pid <> pg_backend_pid() AND datname = current_database() LIMIT 1
        """
    )
    return pid
