"""The second factor: what a password alone does not open."""

from datetime import timedelta

import pyotp
import pytest

from crm_core.kernel.actor import Role
from crm_core.kernel.crypto import MasterKey, TamperedError
from crm_core.kernel.db import Database
from crm_core.kernel.errors import ForbiddenError
from crm_core.users import logins, second_factor, sessions
from crm_core.users.errors import (
    FactorRequiredError,
    LoginFailedError,
    TooManyTriesError,
    WrongCodeError,
)
from crm_core.users.model import Client, Login
from tests.db.entrance import KEY, WARD, WORD, Clock, audits, entered, make

pytestmark = pytest.mark.db


async def set_up(db: Database, login: Login) -> tuple[str, list[str]]:
    """The secret, the recovery codes."""
    shown = await second_factor.begin(db, KEY, login, "仁和医院")
    return shown.secret, await second_factor.confirm(db, KEY, login, pyotp.TOTP(shown.secret).at(db.clock()))


async def half(db: Database, client: Client = WARD) -> str:
    entrance = await logins.authenticate(db, "agent1", WORD, client)
    assert entrance.needs_code
    return entrance.token


async def test_with_a_second_factor_a_password_alone_opens_nothing(database: Database) -> None:
    await make(database)
    clock = Clock(database)
    secret, _codes = await set_up(database, await entered(database))
    token = await half(database)
    assert await sessions.of_browser(database, token) is None
    clock.forward(seconds=30)
    entrance = await logins.prove_code(database, KEY, token, pyotp.TOTP(secret).at(clock.now), WARD)
    login = await sessions.of_browser(database, entrance.token)
    assert login is not None
    assert login.has_second_factor
    assert await sessions.of_browser(database, token) is None
    with pytest.raises(LoginFailedError):  # the half session is used up
        await logins.prove_code(database, KEY, token, pyotp.TOTP(secret).at(clock.now), WARD)


async def test_a_code_that_was_seen_over_the_shoulder_does_not_open_again(database: Database) -> None:
    await make(database)
    clock = Clock(database)
    secret, _codes = await set_up(database, await entered(database))
    clock.forward(seconds=30)
    code = pyotp.TOTP(secret).at(clock.now)
    await logins.prove_code(database, KEY, await half(database), code, WARD)
    for used in (code, pyotp.TOTP(secret).at(clock.now - timedelta(seconds=30))):
        with pytest.raises(WrongCodeError):
            await logins.prove_code(database, KEY, await half(database), used, WARD)
    refused = [row for row in await audits(database) if row[1] == "second factor"]
    assert [row[2:] for row in refused] == [("refused", {"address": "10.0.0.5"})] * 2


async def test_codes_are_guessed_slowly_from_wherever_and_the_password_is_soon_asked_again(database: Database) -> None:
    await make(database)
    clock = Clock(database)
    await set_up(database, await entered(database))
    for number in range(5):
        token = await half(database, Client(address=f"203.0.113.{number}"))
        with pytest.raises(WrongCodeError):
            await logins.prove_code(database, KEY, token, "000000", WARD)
    with pytest.raises(TooManyTriesError):
        await logins.prove_code(database, KEY, token, "000000", WARD)
    clock.forward(minutes=5)
    with pytest.raises(LoginFailedError):
        await logins.prove_code(database, KEY, token, "000000", WARD)


async def test_a_recovery_code_opens_once_and_is_not_stored(database: Database) -> None:
    await make(database)
    login = await entered(database)
    _secret, codes = await set_up(database, login)
    assert (len(set(codes)), await second_factor.codes_left(database, login)) == (10, 10)
    await logins.prove_code(database, KEY, await half(database), f" {codes[3].upper()} ", WARD)
    with pytest.raises(WrongCodeError):
        await logins.prove_code(database, KEY, await half(database), codes[3], WARD)
    assert await second_factor.codes_left(database, login) == 9
    async with database.connection() as conn:
        assert codes[0].encode() not in b"".join([r["code_hash"] for r in await conn.fetch("TABLE recovery_code")])
    fresh = await second_factor.renew_codes(database, login)
    with pytest.raises(WrongCodeError):
        await logins.prove_code(database, KEY, await half(database), codes[4], WARD)
    await logins.prove_code(database, KEY, await half(database), fresh[0], WARD)
    assert "use recovery code" in [row[1] for row in await audits(database)]


async def test_the_secret_in_the_database_is_worth_nothing_without_the_key(database: Database) -> None:
    await make(database)
    login = await entered(database)
    shown = await second_factor.begin(database, KEY, login, "仁和医院")
    async with database.connection() as conn:
        assert shown.secret.encode() not in await conn.fetchval("SELECT secret FROM second_factor")
    assert await second_factor.shown_again(database, KEY, login, "仁和医院") == shown
    with pytest.raises(TamperedError):
        await second_factor.shown_again(database, MasterKey(b"x" * 32), login, "仁和医院")
    assert shown.secret not in repr(shown)


async def test_a_second_factor_is_asked_for_only_after_its_first_code(database: Database) -> None:
    await make(database)
    login = await entered(database)
    await second_factor.begin(database, KEY, login, "仁和医院")
    with pytest.raises(WrongCodeError):
        await second_factor.confirm(database, KEY, login, "123")
    assert not (await logins.authenticate(database, "agent1", WORD, WARD)).needs_code


async def test_it_is_taken_away_by_its_owner_where_the_role_allows_and_by_an_administrator(database: Database) -> None:
    user, admin = await make(database), await make(database, "admin", Role.ADMIN)
    login = await entered(database)
    await set_up(database, login)
    with pytest.raises(FactorRequiredError):
        await second_factor.remove(database, login, required={"agent"})
    await second_factor.remove(database, login, required={"admin"})
    await set_up(database, login)
    with pytest.raises(ForbiddenError):
        await second_factor.reset(database, user.actor, user.id)
    await second_factor.reset(database, admin.actor, user.id)
    assert not (await logins.authenticate(database, "agent1", WORD, WARD)).needs_code
    assert ("admin", "reset second factor", "done", {}) in await audits(database)
