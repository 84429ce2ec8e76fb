"""What people do to their own account. Whatever an unattended browser must not do asks for the password again."""

from crm_core.kernel import audit
from crm_core.kernel.db import Database
from crm_core.kernel.errors import NotFoundError
from crm_core.users import logins, passwords, rules, session_store, store
from crm_core.users.errors import WeakPasswordError, WrongPasswordError
from crm_core.users.model import Login


async def prove_password(db: Database, login: Login, password: str) -> None:
    """Raises WrongPasswordError, TooManyTriesError, BusyError."""
    bucket = logins.proof_bucket(login.user_id)
    async with db.transaction(login.actor) as tx:
        await logins.take(tx, [bucket])
        known = await store.credentials(tx.conn, login.login)
    if known is None:
        raise NotFoundError("no such user")
    right = await passwords.matches(known.password_hash, password[: rules.LONGEST_PASSWORD + 1])
    async with db.transaction(login.actor) as tx:
        if right:
            return await logins.give_back(tx, [bucket])
        await audit.record(tx, "prove password", "app_user", login.user_id, outcome="refused")
    raise WrongPasswordError("wrong password", field="password")


async def change_password(db: Database, login: Login, old: str, new: str, *, hospital: str) -> None:
    """Ends all other sessions of this person.

    Raises WrongPasswordError, WeakPasswordError, TooManyTriesError, BusyError.
    """
    await prove_password(db, login, old)
    rules.ensure_strong(new, login=login.login, about=(login.name, hospital))
    if new == old:
        raise WeakPasswordError("the same as before", field="new")
    password_hash = await passwords.hashed(new)
    async with db.transaction(login.actor) as tx:
        await store.set_password_hash(tx.conn, login.user_id, password_hash, one_time_until=None)
        await session_store.delete_of(tx.conn, login.user_id, but=login.session_id)
        await audit.record(tx, "change password", "app_user", login.user_id)
