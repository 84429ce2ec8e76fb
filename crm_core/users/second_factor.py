"""A second factor: an app's codes (RFC 6238), each good once, and recovery codes for a lost telephone."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import pyotp

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.crypto import MasterKey
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import ConflictError
from crm_core.kernel.ids import UserId
from crm_core.users import factor_store, passwords, rules
from crm_core.users.errors import FactorRequiredError, WrongCodeError
from crm_core.users.model import Login
from crm_core.users.rights import Right, ensure
from crm_core.users.sealed import seal, unseal

STEP_S = 30
CLOCK_OFF_STEPS = 1  # a telephone may be half a minute early or late
RECOVERY_CODES = 10


@dataclass(frozen=True, slots=True)
class Shown:
    """What the telephone is to learn: the secret to type, and the same as a QR code's text."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


async def begin(db: Database, key: MasterKey, login: Login, issuer: str) -> Shown:
    """A new secret. Nothing is asked for before `confirm`. Raises ConflictError when there is a second factor."""
    secret = pyotp.random_base32()
    async with db.transaction(login.actor) as tx:
        sealed = seal(key, secret.encode(), owner=_owner(login.user_id))
        if not await factor_store.put(tx.conn, login.user_id, sealed):
            raise ConflictError("there is a second factor already")
    return _shown(secret, login, issuer)


async def shown_again(db: Database, key: MasterKey, login: Login, issuer: str) -> Shown | None:
    """The secret that waits for its first code; None without one."""
    async with db.transaction(login.actor) as tx:
        secret = await _secret(tx, key, login.user_id, confirmed=False)
    return _shown(secret, login, issuer) if secret else None


def _shown(secret: str, login: Login, issuer: str) -> Shown:
    return Shown(secret, pyotp.TOTP(secret).provisioning_uri(name=login.login, issuer_name=issuer))


async def confirm(db: Database, key: MasterKey, login: Login, code: str) -> list[str]:
    """The first code came back: from now on one is asked for. The recovery codes, shown once. Raises WrongCodeError."""
    async with db.transaction(login.actor) as tx:
        secret = await _secret(tx, key, login.user_id, confirmed=False)
        if secret is None or not await _is_fresh(tx, secret, login.user_id, code):
            raise WrongCodeError("wrong code", field="code")
        await factor_store.confirm(tx.conn, login.user_id, tx.now)
        await audit.record(tx, "set up second factor", "app_user", login.user_id)
        return await _new_codes(tx, login.user_id)


async def renew_codes(db: Database, login: Login) -> list[str]:
    """Other recovery codes; those before open nothing. Raises ConflictError without a second factor."""
    async with db.transaction(login.actor) as tx:
        if await factor_store.lock(tx.conn, login.user_id, confirmed=True) is None:
            raise ConflictError("there is no second factor")
        await audit.record(tx, "renew recovery codes", "app_user", login.user_id)
        return await _new_codes(tx, login.user_id)


async def _new_codes(tx: Tx, user_id: UserId) -> list[str]:
    codes = [passwords.generated_password() for _ in range(RECOVERY_CODES)]
    await factor_store.put_recovery_codes(tx.conn, user_id, [passwords.fingerprint(code) for code in codes])
    return codes


async def codes_left(db: Database, login: Login) -> int:
    """Recovery codes that still open."""
    async with db.connection() as conn:
        return await factor_store.recovery_codes_left(conn, login.user_id)


async def remove(db: Database, login: Login, *, required: Collection[str]) -> None:
    """One's own. Raises FactorRequiredError for a role that may not go without."""
    if rules.needs_factor(login.role, required):
        raise FactorRequiredError("this role needs a second factor")
    await _remove(db, login.actor, login.user_id, "remove second factor")


async def reset(db: Database, actor: Actor, user_id: UserId) -> None:
    """Somebody else's, who lost their telephone and their codes. Raises ForbiddenError."""
    ensure(actor, Right.MANAGE_USERS)
    await _remove(db, actor, user_id, "reset second factor")


async def _remove(db: Database, actor: Actor, user_id: UserId, action: str) -> None:
    async with db.transaction(actor) as tx:
        if await factor_store.delete(tx.conn, user_id):
            await audit.record(tx, action, "app_user", user_id)


async def accepts(tx: Tx, key: MasterKey, user_id: UserId, code: str) -> bool:
    """A code of this moment that nobody used, or a recovery code, which is used up by this."""
    typed = code.strip().lower()
    secret = await _secret(tx, key, user_id, confirmed=True)
    if secret is None:
        return False
    if await _is_fresh(tx, secret, user_id, typed):
        return True
    if not await factor_store.use_recovery_code(tx.conn, user_id, passwords.fingerprint(typed)):
        return False
    await audit.record(tx, "use recovery code", "app_user", user_id)
    return True


async def _secret(tx: Tx, key: MasterKey, user_id: UserId, *, confirmed: bool) -> str | None:
    sealed = await factor_store.lock(tx.conn, user_id, confirmed=confirmed)
    return unseal(key, sealed, owner=_owner(user_id)).decode() if sealed else None


async def _is_fresh(tx: Tx, secret: str, user_id: UserId, code: str) -> bool:
    step = step_of(secret, code, tx.now)
    return step is not None and await factor_store.use_step(tx.conn, user_id, step)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Which half minute this code belongs to, None when to none near now. Pure."""
    totp = pyotp.TOTP(secret, interval=STEP_S)
    current = int(now.timestamp()) // STEP_S
    typed = code.replace(" ", "").encode()
    for step in range(current - CLOCK_OFF_STEPS, current + CLOCK_OFF_STEPS + 1):
        if secrets.compare_digest(totp.generate_otp(step).encode(), typed):
            return step
    return None


def _owner(user_id: UserId) -> bytes:
    return f"second_factor {user_id}".encode()
