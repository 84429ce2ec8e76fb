"""What the role that serves may do: rows, but not the tables they lie in, and of the audit only to add and to read."""

import psycopg
from psycopg import sql

MAY = """
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};
REVOKE ALL ON audit, audit_seal, audit_gap, alembic_version FROM {role};
GRANT SELECT ON audit, audit_seal, audit_gap, alembic_version TO {role};
GRANT INSERT (actor_kind, actor, actor_user_id, action, subject, subject_id, outcome, detail, address, session)
    ON audit TO {role};
GRANT EXECUTE ON FUNCTION audit_make_months(int), audit_seal_next(int) TO {role}
"""


def allow(owner_url: str, role: str) -> None:
    """After each migration; as often as one likes. A role that is the owner, or a superuser, is left as it is."""
    with psycopg.connect(owner_url, connect_timeout=5) as conn:
        if role and role != conn.info.user:
            conn.execute(sql.SQL(MAY).format(role=sql.Identifier(role)))
