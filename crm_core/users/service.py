"""Make accounts, change and close them, hand out desks and first passwords. Who comes in with them: `logins`."""

import asyncpg

from crm_core.kernel import audit
from crm_core.kernel.actor import SYSTEM, Actor, Role
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import StaleError
from crm_core.kernel.ids import UserId
from crm_core.users import passwords, rules, session_store, store
from crm_core.users.errors import LastAdminError, LoginTakenError, UserNotFoundError
from crm_core.users.model import ONE_TIME_LASTS, User
from crm_core.users.rights import Right, allows, ensure

FIRST_USERS = (
    ("admin", "系统管理员", Role.ADMIN),
    ("agent1", "陈静", Role.AGENT),
    ("agent2", "李娜", Role.AGENT),
    ("nurse", "王芳", Role.NURSE),
    ("supervisor", "刘洋", Role.SUPERVISOR),
    ("marketer", "赵磊", Role.MARKETER),
    ("auditor", "审计员", Role.AUDITOR),
)


async def listed(db: Database, actor: Actor) -> list[User]:
    """All accounts, by login. Raises ForbiddenError."""
    ensure(actor, Right.MANAGE_USERS)
    async with db.connection() as conn:
        return await store.users(conn)


async def get(db: Database, actor: Actor, user_id: UserId) -> User:
    """One account. Raises ForbiddenError, UserNotFoundError."""
    ensure(actor, Right.MANAGE_USERS)
    async with db.transaction(actor) as tx:
        return await _loaded(tx, user_id)


async def id_of(db: Database, actor: Actor, login: str) -> UserId:
    """Whose login this is. Raises ForbiddenError, UserNotFoundError."""
    ensure(actor, Right.MANAGE_USERS)
    async with db.connection() as conn:
        found = await store.id_of(conn, login.strip().lower())
    if found is None:
        raise UserNotFoundError("no such user")
    return found


async def create(
    db: Database,
    actor: Actor,
    *,
    login: str,
    name: str,
    role: Role | str,
    password: str,
    locale: str = "zh_CN",
    with_desk: bool = False,
    one_time: bool = False,
) -> User:
    """A new account, with its desk or not at all. A one-time password must be changed at the first login.

    Raises ForbiddenError, InvalidInputError, WeakPasswordError, LoginTakenError, NoDeskLeftError.
    """
    ensure(actor, Right.MANAGE_USERS)
    checked = rules.checked_login(login)
    rules.ensure_strong(password, login=checked, about=(name,))
    password_hash = await passwords.hashed(password)
    async with db.transaction(actor) as tx:
        user_id = await _create_in(
            tx,
            login=checked,
            name=rules.checked_name(name, checked),
            role=rules.checked_role(role),
            password_hash=password_hash,
            locale=rules.checked_locale(locale),
            one_time=one_time,
        )
        if with_desk:
            await assign_desk_in(tx, user_id)
        return await _loaded(tx, user_id)


async def _create_in(
    tx: Tx, *, login: str, name: str, role: Role, password_hash: str, locale: str, one_time: bool
) -> UserId:
    try:
        user_id = await store.insert(
            tx.conn,
            login=login,
            name=name,
            password_hash=password_hash,
            role=role,
            locale=locale,
            one_time_until=tx.now + ONE_TIME_LASTS if one_time else None,
        )
    except asyncpg.UniqueViolationError:
        raise LoginTakenError("somebody has this login") from None
    await audit.record(tx, "create user", "app_user", user_id, detail={"role": role})
    return user_id


async def _loaded(tx: Tx, user_id: UserId) -> User:
    user = await store.get(tx.conn, user_id)
    if user is None:
        raise UserNotFoundError("no such user")
    return user


async def ensure_first_users(db: Database, *, one_time: bool = True) -> list[tuple[str, str]]:
    """One account per role, when there is no account at all: login and a password made now. Shown once: keep it.

    The demo's are not `one_time`: they lie in a file for whoever tries the hospital, also by script.
    """
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
                tx, login=login, name=name, role=role, password_hash=hashes[login], locale="zh_CN", one_time=one_time
            )
            if role is not Role.ADMIN and allows(role, Right.TAKE_CALLS):
                await assign_desk_in(tx, user_id)
    return [(login, password) for login, _, _, password in made]


async def reset_password(db: Database, actor: Actor, user_id: UserId) -> str:
    """A first password again, shown once: it must be changed at the next login. Logs out everywhere.

    Raises ForbiddenError, UserNotFoundError.
    """
    ensure(actor, Right.MANAGE_USERS)
    password = passwords.generated_password()
    password_hash = await passwords.hashed(password)
    async with db.transaction(actor) as tx:
        await _loaded(tx, user_id)
        until = tx.now + ONE_TIME_LASTS
        await store.set_password_hash(tx.conn, user_id, password_hash, one_time_until=until)
        await session_store.delete_of(tx.conn, user_id)
        await audit.record(tx, "reset password", "app_user", user_id)
    return password


async def change_role(
    db: Database, actor: Actor, user_id: UserId, *, name: str, role: Role | str, expected_version: int | None = None
) -> User:
    """Another name or role. Another role logs out everywhere; one that takes no calls gives its desk back.

    Raises ForbiddenError, UserNotFoundError, InvalidInputError, LastAdminError; StaleError when it is no longer the
    `expected_version` that the caller read.
    """
    ensure(actor, Right.MANAGE_USERS)
    wanted = rules.checked_role(role)
    async with db.transaction(actor) as tx:
        await store.lock_accounts(tx.conn)
        user = await _loaded(tx, user_id)
        if expected_version not in (None, user.version):
            raise StaleError("changed since it was read")
        await store.set_name_and_role(tx.conn, user_id, rules.checked_name(name, user.login), wanted)
        await audit.record(tx, "change user", "app_user", user_id, detail={"role": wanted, "was": user.role})
        if wanted is not user.role:
            await _take_rights(tx, user, keeps_desk=allows(wanted, Right.TAKE_CALLS))
        return await _loaded(tx, user_id)


async def set_active(db: Database, actor: Actor, user_id: UserId, is_active: bool) -> User:
    """Close or open an account. A closed one is logged out at once and gives its desk back; opened again it gets that
    desk, or another when it is somebody else's by now, or none when none is free.

    Raises ForbiddenError, UserNotFoundError, LastAdminError.
    """
    ensure(actor, Right.MANAGE_USERS)
    async with db.transaction(actor) as tx:
        await store.lock_accounts(tx.conn)
        user = await _loaded(tx, user_id)
        if is_active != user.is_active:
            await store.set_active(tx.conn, user_id, is_active)
            await audit.record(tx, "open account" if is_active else "close account", "app_user", user_id)
            await (_give_desk_back(tx, user) if is_active else _take_rights(tx, user, keeps_desk=False))
        return await _loaded(tx, user_id)


async def _take_rights(tx: Tx, user: User, *, keeps_desk: bool) -> None:
    if user.role is Role.ADMIN and user.is_active and not await store.active_admins(tx.conn, but=user.id):
        raise LastAdminError("the last administrator stays")
    await session_store.delete_of(tx.conn, user.id)
    if not keeps_desk:
        await store.set_desk(tx.conn, user.id, None)


async def _give_desk_back(tx: Tx, user: User) -> None:
    former = await store.former_desk(tx.conn, user.id)
    taken = await store.desks(tx.conn)
    if former is not None and allows(user.role, Right.TAKE_CALLS) and len(taken) < len(rules.DESKS):
        await _put_at(tx, user.id, rules.next_desk(taken, former))


async def set_locale(db: Database, actor: Actor, user_id: UserId, locale: str) -> None:
    """One's own pages in zh_CN or en."""
    async with db.transaction(actor) as tx:
        await store.set_locale(tx.conn, user_id, rules.checked_locale(locale))


async def assign_desk(db: Database, user_id: UserId, actor: Actor = SYSTEM) -> str:
    """The next free of desk-01..desk-40; who has one keeps it.

    Raises ForbiddenError, NoDeskLeftError, UserNotFoundError.
    """
    ensure(actor, Right.MANAGE_USERS)
    async with db.transaction(actor) as tx:
        return await assign_desk_in(tx, user_id)


async def take_desk(db: Database, actor: Actor, user_id: UserId) -> None:
    """Their desk is free for somebody else. Who has none is left alone. Raises ForbiddenError, UserNotFoundError."""
    ensure(actor, Right.MANAGE_USERS)
    async with db.transaction(actor) as tx:
        await store.lock_accounts(tx.conn)
        user = await _loaded(tx, user_id)
        if user.desk is not None:
            await store.set_desk(tx.conn, user_id, None)
            await audit.record(tx, "take desk", "app_user", user_id, detail={"desk": user.desk})


async def assign_desk_in(tx: Tx, user_id: UserId) -> str:
    """The same inside a caller's transaction."""
    await store.lock_accounts(tx.conn)
    user = await _loaded(tx, user_id)
    if user.desk is not None:
        return user.desk
    return await _put_at(tx, user_id, rules.next_desk(await store.desks(tx.conn)))


async def _put_at(tx: Tx, user_id: UserId, desk: str) -> str:
    await store.set_desk(tx.conn, user_id, desk)
    await audit.record(tx, "assign desk", "app_user", user_id, detail={"desk": desk})
    return desk
