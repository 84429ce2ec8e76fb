"""Browsers that are logged in: who is in front of them, which there are, ending them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from crm_core.kernel import audit
from crm_core.kernel.actor import ANONYMOUS, Actor
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.errors import NotFoundError
from crm_core.kernel.ids import SessionId, UserId
from crm_core.users import passwords, session_store
from crm_core.users.model import Login, Session
from crm_core.users.rights import Right, ensure

NOTICED_EVERY = timedelta(minutes=1)  # how often a session's use is written down

IsAtWork = Callable[[Connection, UserId], Awaitable[bool]]


async def of_browser(
    db: Database, token: str, *, by_person: bool = True, is_at_work: IsAtWork | None = None
) -> Login | None:
    """Who is in front of this browser; None sends them to the login page.

    What a page asks by itself keeps nobody logged in, unless they are at work there although they touch nothing.
    """
    now = db.clock()
    async with db.connection() as conn:
        found = await session_store.find(conn, passwords.fingerprint(token), now)
        if found is None:
            return None
        login, seen_at = found
        if now - seen_at >= NOTICED_EVERY and (by_person or (is_at_work and await is_at_work(conn, login.user_id))):
            await session_store.notice(conn, login.session_id, now)
        return login


async def end(db: Database, token: str) -> None:
    """Log out. Nothing happens when the session is over already."""
    async with db.transaction(ANONYMOUS) as tx:
        user_id = await session_store.delete_by_token(tx.conn, passwords.fingerprint(token))
        if user_id is not None:
            await audit.record(tx, "log out", "app_user", user_id)


async def of_user(db: Database, actor: Actor, user_id: UserId) -> list[Session]:
    """Last used first; one's own, or anybody's for who manages accounts. Raises ForbiddenError."""
    _ensure_own(actor, user_id)
    async with db.connection() as conn:
        return await session_store.of_user(conn, user_id, db.clock())


async def end_one(db: Database, actor: Actor, user_id: UserId, session_id: SessionId) -> None:
    """That browser is logged out at its next request. Raises ForbiddenError, NotFoundError."""
    _ensure_own(actor, user_id)
    async with db.transaction(actor) as tx:
        if not await session_store.delete(tx.conn, user_id, session_id):
            raise NotFoundError("no such session")
        await audit.record(tx, "end session", "app_user", user_id)


async def end_all(db: Database, actor: Actor, user_id: UserId, *, but: SessionId | None = None) -> int:
    """Everywhere, or everywhere else; how many it was. Raises ForbiddenError."""
    _ensure_own(actor, user_id)
    async with db.transaction(actor) as tx:
        ended = await session_store.delete_of(tx.conn, user_id, but=but)
        await audit.record(tx, "end sessions", "app_user", user_id, detail={"ended": ended})
        return ended


def _ensure_own(actor: Actor, user_id: UserId) -> None:
    if actor.user_id != user_id:
        ensure(actor, Right.MANAGE_USERS)
