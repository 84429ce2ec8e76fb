"""Come in: a password, and a code where a second factor is set up. Slow for who guesses, login known or not.

A try is counted before the password is looked at, by address and by address and login: nobody tries faster side by
side, and nobody can keep another out from elsewhere.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from crm_core.kernel import audit
from crm_core.kernel.actor import ANONYMOUS, Actor
from crm_core.kernel.crypto import MasterKey
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.ids import UserId
from crm_core.users import door_store, passwords, rules, second_factor, session_store, store, throttle
from crm_core.users.errors import LoginFailedError, TooManyTriesError, WrongCodeError
from crm_core.users.model import HALF_LASTS, SESSION_LASTS, Client, Credentials, Entrance, User
from crm_core.users.throttle import Limit

NOWHERE = Client()
REFUSALS_KEPT = timedelta(days=180)

Bucket = tuple[bytes, Limit]


def door_buckets(client: Client, login: str) -> tuple[Bucket, Bucket]:
    """Whose tries this one is counted with. A login is hashed: it may be a password in the wrong field."""
    place = throttle.neighbourhood(client.address)
    return (_key("address", place), throttle.DOOR), (_key("login", place, login), throttle.GUESSES)


def proof_bucket(user_id: UserId) -> Bucket:
    """Codes, and passwords of who is inside: from wherever, for a stranger does not come this far."""
    return _key("proof", str(user_id)), throttle.PROOFS


def _key(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode()).digest()


async def take(tx: Tx, buckets: Sequence[Bucket]) -> None:
    """A try out of each, in this order, or none at all. Raises TooManyTriesError."""
    for key, limit in buckets:
        wait_s = await door_store.take(tx.conn, key, limit, tx.now)
        if wait_s:
            raise TooManyTriesError("too many tries", wait_s=wait_s)


async def give_back(tx: Tx, buckets: Sequence[Bucket]) -> None:
    """It was no guess."""
    for key, limit in buckets:
        await door_store.give_back(tx.conn, key, limit)


async def authenticate(db: Database, login: str, password: str, client: Client = NOWHERE) -> Entrance:
    """The token for the session cookie, good for `SESSION_LASTS`, or for `HALF_LASTS` until `prove_code`.

    Raises LoginFailedError, TooManyTriesError, BusyError.
    """
    wanted = login.strip().lower()
    buckets = door_buckets(client, wanted)
    await _knock(db, client, buckets)
    async with db.connection() as conn:
        known = await store.credentials(conn, wanted)
    right = await passwords.matches(known.password_hash if known else None, password[: rules.LONGEST_PASSWORD + 1])
    if known is None or not right or not known.may_enter(db.clock()):
        await _note_refusal(db, known, client)
        raise LoginFailedError("wrong login or password")
    async with db.transaction(known.actor) as tx:
        await give_back(tx, buckets)
        await door_store.sweep(tx.conn, tx.now, before=tx.now - REFUSALS_KEPT)
        if known.has_second_factor:
            return Entrance(token=await _open(tx, known.user_id, client, is_half=True), needs_code=True)
        return await _let_in(tx, known.user_id, client)


async def _knock(db: Database, client: Client, buckets: Sequence[Bucket]) -> None:
    try:
        async with db.transaction(ANONYMOUS) as tx:
            await take(tx, buckets)
    except TooManyTriesError:
        await note_stranger(db, client.address, "too many tries")
        raise


async def note_stranger(db: Database, address: str, reason: str) -> None:
    """Nobody in particular was turned away: counted, not written down each."""
    async with db.connection() as conn:
        await door_store.count_refusal(conn, throttle.neighbourhood(address), reason, db.clock())


async def _note_refusal(db: Database, known: Credentials | None, client: Client) -> None:
    async with db.transaction(ANONYMOUS) as tx:
        who = known.user_id if known else ""  # what was typed is not kept: it may be a password
        await audit.record(tx, "log in", "app_user", who, outcome="refused", detail={"address": client.address})


async def prove_code(db: Database, key: MasterKey, token: str, code: str, client: Client = NOWHERE) -> Entrance:
    """The second step, in the browser that did the first.

    Raises LoginFailedError, WrongCodeError, TooManyTriesError.
    """
    half = passwords.fingerprint(token)
    async with db.transaction(ANONYMOUS) as tx:
        user_id = await session_store.find_half(tx.conn, half, tx.now)
        if user_id is None:
            raise LoginFailedError("the password is no longer remembered")
        user = await store.get(tx.conn, user_id)
        await take(tx, [proof_bucket(user_id)])
    async with db.transaction(_actor(user)) as tx:
        if await second_factor.accepts(tx, key, user_id, code):
            await session_store.delete_by_token(tx.conn, half)
            await give_back(tx, [proof_bucket(user_id)])
            return await _let_in(tx, user_id, client)
        detail = {"address": client.address}
        await audit.record(tx, "second factor", "app_user", user_id, outcome="refused", detail=detail)
    raise WrongCodeError("wrong code", field="code")


def _actor(user: User | None) -> Actor:
    return user.actor if user else ANONYMOUS


async def _let_in(tx: Tx, user_id: UserId, client: Client) -> Entrance:
    token = await _open(tx, user_id, client, is_half=False)
    await audit.record(tx, "log in", "app_user", user_id, detail={"address": client.address})
    return Entrance(token=token, needs_code=False)


async def _open(tx: Tx, user_id: UserId, client: Client, *, is_half: bool) -> str:
    token = passwords.new_token()
    await session_store.insert(
        tx.conn,
        token_hash=passwords.fingerprint(token),
        user_id=user_id,
        csrf_token=passwords.new_token(),
        client=client,
        is_half=is_half,
        now=tx.now,
        expires_at=tx.now + (HALF_LASTS if is_half else SESSION_LASTS),
    )
    return token
