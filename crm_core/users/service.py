"""Make accounts, log in and out, give programs their keys, hand out desks."""

from datetime import datetime

import asyncpg

from crm_core.kernel import audit
from crm_core.kernel.actor import ANONYMOUS, SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import TokenId, UserId
from crm_core.users import passwords, rules, store
from crm_core.users.errors import AccountLockedError, LoginFailedError, LoginTakenError, UserNotFoundError
from crm_core.users.model import SESSION_LASTS, Credentials, Login, User
from crm_core.users.rights import Right, allows

TOKEN_PREFIX = "hcrm_"  # so that a leaked key is recognised by scanners
FIRST_USERS = (
    ("admin", "系统管理员", Role.ADMIN),
    ("agent1", "坐席 陈静", Role.AGENT),
    ("agent2", "坐席 李娜", Role.AGENT),
    ("nurse", "护士 王芳", Role.NURSE),
    ("supervisor", "主管 刘洋", Role.SUPERVISOR),
    ("marketer", "市场 赵磊", Role.MARKETER),
    ("auditor", "审计员", Role.AUDITOR),
)


async def create(
    db: Database, actor: Actor, *, login: str, name: str, role: Role | str, password: str, locale: str = "zh_CN"
) -> User:
    """A new account. Raises InvalidInputError, WeakPasswordError, LoginTakenError."""
    password_hash = await _new_hash(rules.checked_login(login), password)
    async with db.transaction(actor) as tx:
        user_id = await _create_in(
            tx,
            login=rules.checked_login(login),
            name=name,
            role=_role(role),
            password_hash=password_hash,
            locale=locale,
        )
        return await _loaded(tx, user_id)


async def _create_in(tx: Tx, *, login: str, name: str, role: Role, password_hash: str, locale: str) -> UserId:
    if locale not in {"zh_CN", "en"}:
        raise InvalidInputError("no such language", field="locale")
    try:
        user_id = await store.insert(
            tx.conn, login=login, name=name.strip() or login, password_hash=password_hash, role=role, locale=locale
        )
    except asyncpg.UniqueViolationError:
        raise LoginTakenError("somebody has this login") from None
    await audit.record(tx, "create user", "app_user", user_id, detail={"role": role})
    return user_id


async def _new_hash(login: str, password: str) -> str:
    rules.ensure_strong(password, login=login)
    return await passwords.hashed(password)


def _role(text: Role | str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise InvalidInputError("no such role", field="role") from None


async def _loaded(tx: Tx, user_id: UserId) -> User:
    user = await store.get(tx.conn, user_id)
    if user is None:
        raise UserNotFoundError("no such user")
    return user


async def ensure_first_users(db: Database) -> list[tuple[str, str]]:
    """One account per role, when there is no account at all: login and a password made now. Shown once: keep it."""
    made = [(login, name, role, passwords.generated_password()) for login, name, role in FIRST_USERS]
    async with db.connection() as conn:
        if await store.users(conn):
            return []
    hashes = {login: await passwords.hashed(password) for login, _, _, password in made}
    async with db.transaction(SYSTEM) as tx:
        await store.lock_accounts(tx.conn)
        if await store.users(tx.conn):
            return []
        for login, name, role, _ in made:
            user_id = await _create_in(
                tx, login=login, name=name, role=role, password_hash=hashes[login], locale="zh_CN"
            )
            if role is not Role.ADMIN and allows(role, Right.TAKE_CALLS):
                await assign_desk_in(tx, user_id)
    return [(login, password) for login, _, _, password in made]


async def change_password(db: Database, actor: Actor, user_id: UserId, password: str) -> None:
    """Also unlocks, and logs out everywhere. Raises WeakPasswordError, UserNotFoundError."""
    async with db.connection() as conn:
        user = await store.get(conn, user_id)
    if user is None:
        raise UserNotFoundError("no such user")
    password_hash = await _new_hash(user.login, password)
    async with db.transaction(actor) as tx:
        await store.set_password_hash(tx.conn, user_id, password_hash)
        await store.delete_sessions_of(tx.conn, user_id)
        await audit.record(tx, "change password", "app_user", user_id)


async def set_active(db: Database, actor: Actor, user_id: UserId, is_active: bool) -> None:
    """Close or open an account; a closed one is logged out at once and gives its desk back."""
    async with db.transaction(actor) as tx:
        await _loaded(tx, user_id)
        await store.set_active(tx.conn, user_id, is_active)
        if not is_active:
            await store.delete_sessions_of(tx.conn, user_id)
            await store.set_desk(tx.conn, user_id, None)
        await audit.record(tx, "open account" if is_active else "close account", "app_user", user_id)


async def set_locale(db: Database, actor: Actor, user_id: UserId, locale: str) -> None:
    """zh_CN or en."""
    if locale not in {"zh_CN", "en"}:
        raise InvalidInputError("no such language", field="locale")
    async with db.transaction(actor) as tx:
        await store.set_locale(tx.conn, user_id, locale)


async def authenticate(db: Database, login: str, password: str) -> str:
    """The token for the session cookie; good for `SESSION_LASTS`. Raises LoginFailedError, AccountLockedError."""
    async with db.connection() as conn:
        known = await store.credentials(conn, login.strip().lower())
    if known is not None and known.locked_until is not None and known.locked_until > db.clock():
        await _note_refusal(db, known, "locked")
        raise AccountLockedError("too many wrong passwords")
    right = await passwords.matches(known.password_hash if known else None, password[: rules.LONGEST_PASSWORD + 1])
    if known is None or not right or not known.is_active:
        await _refuse(db, known)
        raise LoginFailedError("wrong login or password")
    return await _open_session(db, known)


async def _refuse(db: Database, known: Credentials | None) -> None:
    await _note_refusal(db, known, "refused")
    if known is None:
        return
    async with db.transaction(ANONYMOUS) as tx:
        until = rules.locked_until(await store.count_failure(tx.conn, known.user_id), tx.now)
        if until is not None:
            await store.lock_until(tx.conn, known.user_id, until)


async def _note_refusal(db: Database, known: Credentials | None, outcome: str) -> None:
    async with db.transaction(ANONYMOUS) as tx:
        await audit.record(tx, "log in", "app_user", known.user_id if known else "", outcome=outcome)


async def _open_session(db: Database, known: Credentials) -> str:
    token = passwords.new_token()
    async with db.transaction(Actor(ActorKind.USER, known.login, known.role, known.user_id)) as tx:
        await store.clear_failures(tx.conn, known.user_id)
        await store.insert_session(
            tx.conn,
            token_hash=passwords.fingerprint(token),
            user_id=known.user_id,
            csrf_token=passwords.new_token(),
            now=tx.now,
            expires_at=tx.now + SESSION_LASTS,
        )
        await audit.record(tx, "log in", "app_user", known.user_id)
    return token


async def session(conn: Connection, token: str, now: datetime) -> Login | None:
    """Who is in front of this browser; None sends them to the login page."""
    return await store.session(conn, passwords.fingerprint(token), now)


async def end_session(db: Database, token: str) -> None:
    """Log out. Nothing happens when the session is over already."""
    async with db.transaction(ANONYMOUS) as tx:
        user_id = await store.delete_session(tx.conn, passwords.fingerprint(token))
        if user_id is not None:
            await audit.record(tx, "log out", "app_user", user_id)


async def create_token(db: Database, actor: Actor, name: str, role: Role | str) -> str:
    """A program's key in plain text: this is the only time anybody sees it."""
    if not name.strip():
        raise InvalidInputError("a token needs a name", field="name")
    token = TOKEN_PREFIX + passwords.new_token()
    async with db.transaction(actor) as tx:
        token_id = await store.insert_token(
            tx.conn, token_hash=passwords.fingerprint(token), name=name.strip(), role=_role(role)
        )
        await audit.record(tx, "create token", "api_token", token_id, detail={"role": str(role)})
    return token


async def revoke_token(db: Database, actor: Actor, token_id: TokenId) -> None:
    """The key opens nothing any more. Repeating it changes nothing."""
    async with db.transaction(actor) as tx:
        if await store.revoke_token(tx.conn, token_id, tx.now):
            await audit.record(tx, "revoke token", "api_token", token_id)


async def actor_of_token(conn: Connection, token: str, now: datetime) -> Actor | None:
    """Which program asks; None when the key is unknown or revoked."""
    found = await store.use_token(conn, passwords.fingerprint(token), now)
    return Actor(ActorKind.TOKEN, f"token:{found[0]}", found[1]) if found else None


async def assign_desk(db: Database, user_id: UserId, actor: Actor = SYSTEM) -> str:
    """The next free of desk-01..desk-40; who has one keeps it. Raises NoDeskLeftError, UserNotFoundError."""
    async with db.transaction(actor) as tx:
        return await assign_desk_in(tx, user_id)


async def assign_desk_in(tx: Tx, user_id: UserId) -> str:
    """The same inside a caller's transaction."""
    await store.lock_accounts(tx.conn)
    user = await _loaded(tx, user_id)
    if user.desk is not None:
        return user.desk
    desk = rules.next_desk(await store.desks(tx.conn))
    await store.set_desk(tx.conn, user_id, desk)
    await audit.record(tx, "assign desk", "app_user", user_id, detail={"desk": desk})
    return desk
