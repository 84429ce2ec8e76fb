"""Coming in: passwords, guesses, sessions."""

import asyncio
from datetime import timedelta

import pytest

from crm_core.kernel.actor import ANONYMOUS, SYSTEM, Role
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.errors import ForbiddenError, NotFoundError
from crm_core.kernel.ids import SessionId, UserId
from crm_core.users import logins, oversight, own, service, sessions
from crm_core.users.errors import (
    LoginFailedError,
    TooManyTriesError,
    WeakPasswordError,
    WrongPasswordError,
)
from crm_core.users.model import Client
from tests.db.entrance import NOON, OTHER, WARD, WORD, Clock, audits, entered, make

pytestmark = pytest.mark.db


async def wrong(db: Database, login: str, client: Client = WARD) -> str:
    """What a wrong password is answered with."""
    try:
        await logins.authenticate(db, login, "wrong", client)
    except (LoginFailedError, TooManyTriesError) as error:
        return error.code
    return ""


async def test_a_person_logs_in_works_and_logs_out(database: Database) -> None:
    user = await make(database)
    entrance = await logins.authenticate(database, " Agent1 ", WORD, WARD)
    login = await sessions.of_browser(database, entrance.token)
    async with database.connection() as conn:
        stored = await conn.fetchrow("SELECT token_hash, csrf_token FROM user_session")
        password_hash = await conn.fetchval("SELECT password_hash FROM app_user")
    assert login is not None
    assert stored is not None
    assert (login.user_id, login.role, login.actor) == (user.id, Role.AGENT, user.actor)
    assert entrance.token.encode() not in stored["token_hash"]
    assert login.csrf_token == stored["csrf_token"]
    assert password_hash.startswith("$argon2id$")
    assert login.csrf_token not in repr(login)
    assert entrance.token not in repr(entrance)
    for _ in range(2):
        await sessions.end(database, entrance.token)
    assert await sessions.of_browser(database, entrance.token) is None
    assert [row[1:] for row in await audits(database)] == [
        ("create user", "done", {"role": "agent"}),
        ("log in", "done", {"address": "10.0.0.5"}),
        ("log out", "done", {}),
    ]


# guessing ------------------------------------------------------------------------------------------------------------


async def test_of_sixty_guesses_side_by_side_five_are_tried(database: Database) -> None:
    await make(database)
    Clock(database)
    answers = await asyncio.gather(*(wrong(database, "agent1") for _ in range(60)))
    assert (answers.count("login_failed"), answers.count("too_many_tries")) == (5, 55)


async def test_who_guesses_waits_a_minute_for_each_further_try(database: Database) -> None:
    await make(database)
    clock = Clock(database)
    for _ in range(5):
        await wrong(database, "agent1")
    with pytest.raises(TooManyTriesError) as refused:
        await logins.authenticate(database, "agent1", WORD, WARD)
    assert refused.value.wait_s == 60
    clock.forward(minutes=1)
    assert await entered(database)


async def test_an_unknown_and_a_closed_login_are_answered_like_a_known_one(database: Database) -> None:
    await make(database)
    closed = await make(database, "closed")
    await service.set_active(database, SYSTEM, closed.id, False)
    Clock(database)
    told = [[await wrong(database, login) for _ in range(7)] for login in ("agent1", "nobody", "closed")]
    assert told == [["login_failed"] * 5 + ["too_many_tries"] * 2] * 3


async def test_a_stranger_cannot_keep_somebody_out_from_elsewhere(database: Database) -> None:
    await make(database, "admin", Role.ADMIN)
    Clock(database)
    for _ in range(50):
        await wrong(database, "admin", Client(address="203.0.113.9"))
    assert await entered(database, "admin")


async def knock(db: Database, login: str, *, is_right: bool = False) -> bool:
    """Whether the password would be looked at."""
    buckets = logins.door_buckets(WARD, login)
    try:
        async with db.transaction(ANONYMOUS) as tx:
            await logins.take(tx, buckets)
            if is_right:
                await logins.give_back(tx, buckets)
    except TooManyTriesError:
        return False
    return True


async def test_one_address_does_not_try_one_password_on_everybody(database: Database) -> None:
    clock = Clock(database)
    assert [await knock(database, f"agent{number}") for number in range(62)].count(True) == 60
    clock.forward(seconds=20)
    assert [await knock(database, f"nurse{number}") for number in range(62)].count(True) == 2


async def test_a_shift_behind_one_proxy_logs_in_at_the_same_moment(database: Database) -> None:
    Clock(database)
    assert all([await knock(database, f"agent{number}", is_right=True) for number in range(100)])


async def test_what_was_typed_for_a_login_is_written_down_nowhere(database: Database) -> None:
    await wrong(database, "my-secret-password")
    for _ in range(6):
        await wrong(database, "my-secret-password")
    async with database.connection() as conn:
        for table in ("audit", "refusal", "door_throttle"):
            assert "my-secret" not in str(await conn.fetch(f"SELECT * FROM {table}"))  # noqa: S608
    found = await audits(database)
    assert found == [("anonymous", "log in", "refused", {"address": "10.0.0.5"})] * 5


async def test_who_is_turned_away_unheard_is_counted_for_the_auditor(database: Database) -> None:
    auditor = await make(database, "auditor", Role.AUDITOR)
    Clock(database)
    for _ in range(8):
        await wrong(database, "nobody")
    (counted,) = (await oversight.read_refusals(database, auditor.actor, limit=10)).items
    assert (counted.minute, counted.address, counted.reason, counted.count) == (NOON, "10.0.0.5", "too many tries", 3)
    agent = await make(database)
    with pytest.raises(ForbiddenError):
        await oversight.read_refusals(database, agent.actor, limit=10)


# passwords -----------------------------------------------------------------------------------------------------------


async def test_a_first_password_must_be_changed_and_is_over_after_a_week(database: Database) -> None:
    await make(database, one_time=True)
    clock = Clock(database)
    async with database.connection() as conn:
        await conn.execute("UPDATE app_user SET one_time_until = $1", NOON + timedelta(days=7))
    login = await entered(database)
    assert login.must_change_password
    clock.forward(days=7)
    with pytest.raises(LoginFailedError):
        await logins.authenticate(database, "agent1", WORD, WARD)


async def test_changing_ones_password_ends_the_other_sessions(database: Database) -> None:
    await make(database, one_time=True)
    elsewhere = await logins.authenticate(database, "agent1", WORD, Client(address="10.0.0.6"))
    here = await logins.authenticate(database, "agent1", WORD, WARD)
    login = await sessions.of_browser(database, here.token)
    assert login is not None
    with pytest.raises(WrongPasswordError):
        await own.change_password(database, login, "wrong", OTHER, hospital="仁和医院")
    for weak in ("short", WORD, "仁和医院的一个密码而已", "陈静的密码陈静的密码"):
        with pytest.raises(WeakPasswordError):
            await own.change_password(database, login, WORD, weak, hospital="仁和医院")
    await own.change_password(database, login, WORD, OTHER, hospital="仁和医院")
    after = await sessions.of_browser(database, here.token)
    assert after is not None
    assert not after.must_change_password
    assert await sessions.of_browser(database, elsewhere.token) is None
    assert (await logins.authenticate(database, "agent1", OTHER, WARD)).token


async def test_a_borrowed_browser_does_not_guess_the_password_either(database: Database) -> None:
    await make(database)
    Clock(database)
    login = await entered(database)
    for _ in range(5):
        with pytest.raises(WrongPasswordError):
            await own.prove_password(database, login, "wrong")
    with pytest.raises(TooManyTriesError):
        await own.prove_password(database, login, WORD)


async def test_a_password_made_by_an_administrator_logs_out_and_is_for_one_login(database: Database) -> None:
    user = await make(database)
    entrance = await logins.authenticate(database, "agent1", WORD)
    password = await service.reset_password(database, SYSTEM, user.id)
    assert await sessions.of_browser(database, entrance.token) is None
    again = await logins.authenticate(database, "agent1", password)
    login = await sessions.of_browser(database, again.token)
    assert login is not None
    assert login.must_change_password


# sessions ------------------------------------------------------------------------------------------------------------


async def test_a_session_ends_after_a_shift_or_two_quiet_hours(database: Database) -> None:
    await make(database)
    clock = Clock(database)
    entrance = await logins.authenticate(database, "agent1", WORD)

    async def lives(after_hours: float) -> bool:
        clock.now = NOON + timedelta(hours=after_hours)
        return await sessions.of_browser(database, entrance.token) is not None

    assert [await lives(hours) for hours in (1.9, 3.8, 5.7, 7.6, 9.5, 11.4, 12.1)] == [True] * 6 + [False]
    clock.now = NOON
    entrance = await logins.authenticate(database, "agent1", WORD)
    assert not await lives(2.1)


async def test_a_page_that_asks_by_itself_keeps_nobody_logged_in_unless_they_are_at_work(database: Database) -> None:
    await make(database)
    clock = Clock(database)

    async def at_work(_conn: Connection, _user_id: UserId) -> bool:
        return True

    async def off_work(_conn: Connection, _user_id: UserId) -> bool:
        return False

    lasted = {}
    for name, is_at_work in (("off", off_work), ("at", at_work)):
        clock.now = NOON
        entrance = await logins.authenticate(database, "agent1", WORD)
        while await sessions.of_browser(database, entrance.token, by_person=False, is_at_work=is_at_work):
            clock.forward(minutes=5)
        lasted[name] = clock.now - NOON
    assert lasted == {"off": timedelta(hours=2), "at": timedelta(hours=12)}


async def test_people_see_their_browsers_and_end_them(database: Database) -> None:
    user, other = await make(database), await make(database, "other")
    here = await entered(database)
    await entered(database, client=Client(address="10.0.0.6", browser="Chrome/141.0"))
    stranger = await entered(database, "other")
    listed = await sessions.of_user(database, user.actor, user.id)
    assert {(one.address, one.browser) for one in listed} == {
        ("10.0.0.5", "Firefox/140.0"),
        ("10.0.0.6", "Chrome/141.0"),
    }
    with pytest.raises(NotFoundError):  # not one of theirs
        await sessions.end_one(database, user.actor, user.id, stranger.session_id)
    with pytest.raises(ForbiddenError):
        await sessions.end_one(database, user.actor, other.id, stranger.session_id)
    with pytest.raises(ForbiddenError):
        await sessions.of_user(database, user.actor, other.id)
    assert await sessions.end_all(database, user.actor, user.id, but=here.session_id) == 1
    assert [one.id for one in await sessions.of_user(database, user.actor, user.id)] == [here.session_id]
    admin = await make(database, "admin", Role.ADMIN)
    await sessions.end_one(database, admin.actor, user.id, here.session_id)
    assert await sessions.of_user(database, admin.actor, user.id) == []
    with pytest.raises(NotFoundError):
        await sessions.end_one(database, user.actor, user.id, SessionId(10**9))
