"""Programs' keys: made, listed, taken back. Each ends by itself."""

from collections.abc import Collection
from datetime import datetime, timedelta

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor, ActorKind, Role
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import TokenId
from crm_core.users import passwords, rules, token_store
from crm_core.users.errors import TokenNotFoundError
from crm_core.users.model import ApiToken
from crm_core.users.rights import Right, ensure

PREFIX = "hcrm_"  # so that a leaked key is recognised by scanners
LASTS_DAYS = 365
LONGEST_DAYS = 3650
LONGEST_NAME = 100


async def create(
    db: Database,
    actor: Actor,
    name: str,
    role: Role | str,
    *,
    scopes: Collection[str] | None = None,
    days: int = LASTS_DAYS,
) -> str:
    """The key in plain text: this is the only time anybody sees it. Raises ForbiddenError, InvalidInputError."""
    ensure(actor, Right.MANAGE_USERS)
    wanted = rules.checked_role(role)
    rights = rules.checked_scopes(wanted, scopes)
    _check(name, days)
    token = PREFIX + passwords.new_token()
    async with db.transaction(actor) as tx:
        token_id = await token_store.insert(
            tx.conn,
            token_hash=passwords.fingerprint(token),
            name=name.strip(),
            role=wanted,
            scopes=sorted(rights) if rights is not None else None,
            created_by=actor.name,
            created_at=tx.now,
            expires_at=tx.now + timedelta(days=days),
        )
        await audit.record(tx, "create token", "api_token", token_id, detail={"role": wanted, "days": days})
    return token


def _check(name: str, days: int) -> None:
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        raise InvalidInputError("a token needs a name of at most 100 characters", field="name")
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInputError("a token lasts 1 to 3650 days", field="days")


async def listed(db: Database, actor: Actor) -> list[ApiToken]:
    """All of them, newest first. Raises ForbiddenError."""
    ensure(actor, Right.MANAGE_USERS)
    async with db.connection() as conn:
        return await token_store.tokens(conn)


async def revoke(db: Database, actor: Actor, token_id: TokenId) -> None:
    """The key opens nothing any more. Repeating it changes nothing. Raises ForbiddenError, TokenNotFoundError."""
    ensure(actor, Right.MANAGE_USERS)
    async with db.transaction(actor) as tx:
        if not await token_store.exists(tx.conn, token_id):
            raise TokenNotFoundError("no such token")
        if await token_store.revoke(tx.conn, token_id, tx.now):
            await audit.record(tx, "revoke token", "api_token", token_id)


async def actor_of(conn: Connection, token: str, now: datetime) -> Actor | None:
    """Which program asks; None when the key is unknown, taken back or over."""
    found = await token_store.use(conn, passwords.fingerprint(token), now)
    return Actor(ActorKind.TOKEN, f"token:{found.id}", found.role, scopes=found.scopes) if found else None
