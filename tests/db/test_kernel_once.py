"""One effect for one wish: asked twice, asked at once, asked again after a crash."""

import asyncio
from datetime import timedelta

import pytest

from crm_core.kernel.actor import Actor, ActorKind, Role
from crm_core.kernel.db import Database
from crm_core.kernel.errors import OutcomeUnknownError, SendError
from crm_core.kernel.once import KEPT, KeyReusedError, RequestInProgressError, Wish, once_outside
from crm_core.patients import service
from crm_core.patients.errors import IdentifierTakenError
from crm_core.patients.model import NewPatient

pytestmark = pytest.mark.db

HIS = Actor(ActorKind.TOKEN, "token:1", Role.API)
OTHER = Actor(ActorKind.TOKEN, "token:2", Role.API)
ZHANG = NewPatient(name="张三丰", card_no="C-1")
WISH = Wish("k1", b"register zhang")


async def patients(db: Database) -> int:
    async with db.connection() as conn:
        return int(await conn.fetchval("SELECT count(*) FROM patient"))


async def test_who_asks_again_gets_what_was_made(database: Database) -> None:
    made = await service.register(database, HIS, ZHANG, WISH)
    changed = await service.change(database, HIS, made.id, {"region": "武当"})
    assert await service.register(database, HIS, ZHANG, WISH) == changed
    assert await patients(database) == 1


async def test_a_key_stands_for_one_request_of_one_caller(database: Database) -> None:
    await service.register(database, HIS, NewPatient(name="张三丰"), WISH)
    with pytest.raises(KeyReusedError):
        await service.register(database, HIS, NewPatient(name="李四"), Wish("k1", b"register li"))
    await service.register(database, OTHER, NewPatient(name="李四"), Wish("k1", b"register li"))
    assert await patients(database) == 2


async def test_of_many_who_ask_at_once_one_makes_it_and_nobody_makes_two(database: Database) -> None:
    asked = [service.register(database, HIS, NewPatient(name="张三丰"), WISH) for _ in range(12)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    made = {outcome.id for outcome in outcomes if not isinstance(outcome, BaseException)}
    assert len(made) == await patients(database) == 1
    refused = {type(outcome) for outcome in outcomes if isinstance(outcome, BaseException)}
    assert refused <= {RequestInProgressError}


async def test_what_failed_may_be_asked_again_with_the_same_key(database: Database) -> None:
    taken = await service.register(database, HIS, ZHANG)
    with pytest.raises(IdentifierTakenError):
        await service.register(database, HIS, ZHANG, WISH)
    await service.change(database, HIS, taken.id, {"card_no": None})
    await service.register(database, HIS, ZHANG, WISH)
    assert await patients(database) == 2


async def test_after_a_day_a_key_may_be_used_again(database: Database) -> None:
    await service.register(database, HIS, NewPatient(name="张三丰"), WISH)
    async with database.connection() as conn:
        await conn.execute("UPDATE idempotency_key SET at = at - $1::interval", KEPT + timedelta(minutes=1))
    await service.register(database, HIS, NewPatient(name="王五"), Wish("k1", b"register wang"))
    assert await patients(database) == 2


async def test_nothing_that_was_sent_is_kept_beside_the_key(database: Database) -> None:
    made = await service.register(database, HIS, ZHANG, WISH)
    async with database.connection() as conn:
        row = await conn.fetchrow("SELECT owner, key, asked, result FROM idempotency_key")
    assert row is not None
    assert tuple(row) == ("token:token:1", "k1", WISH.asked, made.id)


class Line:
    """A telephone line that counts its calls."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def dial(self) -> int:
        """Rings, or fails in the way it was told."""
        self.calls += 1
        if self.errors:
            raise self.errors.pop()
        return 7


async def test_what_leaves_the_house_leaves_it_once(database: Database) -> None:
    line = Line()
    assert [await once_outside(database, HIS, WISH, line.dial) for _ in range(3)] == [7, 7, 7]
    assert line.calls == 1


async def test_what_was_refused_may_be_tried_again(database: Database) -> None:
    line = Line(SendError("refused"))
    with pytest.raises(SendError):
        await once_outside(database, HIS, WISH, line.dial)
    assert await once_outside(database, HIS, WISH, line.dial) == 7
    assert line.calls == 2


@pytest.mark.parametrize("crash", [OutcomeUnknownError("no answer"), RuntimeError("killed")])
async def test_what_may_have_happened_is_never_tried_again(database: Database, crash: Exception) -> None:
    line = Line(crash)
    with pytest.raises(type(crash)):
        await once_outside(database, HIS, WISH, line.dial)
    with pytest.raises(RequestInProgressError):
        await once_outside(database, HIS, WISH, line.dial)
    assert line.calls == 1
