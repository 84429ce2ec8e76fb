"""What people said about being contacted is kept, asked and proven."""

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crm_core.consent import service, store
from crm_core.consent.errors import GuardianNeededError
from crm_core.consent.model import (
    Address,
    Choice,
    ContactChannel,
    DayName,
    GivenBy,
    Purpose,
    QuietHours,
    Said,
    Window,
    every_day,
)
from crm_core.kernel.actor import SMS_SENDER, SYSTEM
from crm_core.kernel.db import Database
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import Msisdn
from crm_core.patients import service as patients
from crm_core.patients import timeline
from crm_core.patients.model import NewPatient

pytestmark = pytest.mark.db

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 16, tzinfo=UTC)
NUMBER = Msisdn("+8613800138000")
SHANGHAI = ZoneInfo("Asia/Shanghai")


async def rule(
    db: Database, purpose: str, channel: str = "sms", now: datetime = NOON, *, is_reply: bool = False
) -> str:
    async with db.connection() as conn:
        answer = await service.may_contact(
            conn, purpose=purpose, channel=channel, msisdn=NUMBER, now=now, zone=SHANGHAI, is_reply=is_reply
        )
    return str(answer.rule)


async def rules(db: Database, channel: str = "sms") -> list[str]:
    return [await rule(db, purpose, channel) for purpose in ("care", "notice", "marketing")]


async def test_who_said_nothing_gets_care_and_notices_but_no_offers(database: Database) -> None:
    assert await rules(database) == ["allowed", "allowed", "no_consent"]
    assert await rule(database, "care", now=NIGHT) == "quiet_hours"
    assert await rule(database, "care", now=NIGHT, is_reply=True) == "reply"


async def test_stop_leaves_reminders_and_start_undoes_it(database: Database) -> None:
    await service.opt_out(database, SMS_SENDER, NUMBER, channel="sms", source="sms", evidence="sms/12")
    assert await rules(database) == ["allowed", "opted_out", "opted_out"]
    assert await rules(database, "call") == ["allowed", "allowed", "opted_out"]
    await service.opt_in(database, SMS_SENDER, NUMBER, channel="sms", source="sms", evidence="sms/13")
    assert await rules(database) == ["allowed", "allowed", "opted_out"]


async def test_stop_all_ends_reminders_too(database: Database) -> None:
    await service.opt_out(database, SMS_SENDER, NUMBER, channel="sms", everything=True, source="sms")
    assert await rules(database) == ["opted_out"] * 3
    assert await rule(database, "care", is_reply=True) == "reply"
    await service.opt_in(database, SMS_SENDER, NUMBER, channel="sms", source="sms")
    assert await rule(database, "care") == "allowed"


async def test_who_had_asked_for_offers_gets_them_back_by_start(database: Database) -> None:
    await service.record(
        database, SYSTEM, NUMBER, purpose="marketing", channel="sms", choice="opt_in", source="web", evidence="form/3"
    )
    assert await rule(database, "marketing") == "allowed"
    await service.opt_out(database, SMS_SENDER, NUMBER, channel="sms", source="sms")
    assert await rule(database, "marketing") == "opted_out"
    await service.opt_in(database, SMS_SENDER, NUMBER, channel="sms", source="sms")
    assert await rule(database, "marketing") == "allowed"
    async with database.connection() as conn:
        said = [d for d in await store.history(conn, Address.phone(NUMBER)) if d.purpose is Purpose.MARKETING]
        mine = [d.choice for d in said if d.channel is ContactChannel.SMS]
        now = {(d.purpose, d.channel): d.choice for d in await store.current(conn, Address.phone(NUMBER))}
    assert mine == [Choice.OPT_IN, Choice.OPT_OUT, Choice.OPT_IN]
    assert said[-1].evidence == "form/3"
    assert now[Purpose.MARKETING, ContactChannel.SMS] is Choice.OPT_IN
    assert now[Purpose.MARKETING, ContactChannel.CALL] is Choice.OPT_OUT


async def test_stop_read_twice_from_the_modem_is_written_once(database: Database) -> None:
    stops = (
        service.opt_out(database, SMS_SENDER, NUMBER, channel="sms", source="sms", evidence="sms/12") for _ in range(5)
    )
    await asyncio.gather(*stops)
    async with database.connection() as conn:
        assert len(await store.history(conn, Address.phone(NUMBER))) == 5  # four channels of offers, notices by sms
        assert await conn.fetchval("SELECT count(*) FROM audit WHERE action = 'change consent'") == 5


async def test_everybody_with_the_number_sees_the_decision(database: Database) -> None:
    family = [
        await patients.register(database, SYSTEM, NewPatient(name=name, phones=("13800138000",)))
        for name in ("王建国", "李秀英")
    ]
    await service.record(database, SYSTEM, NUMBER, purpose="notice", channel="sms", choice="opt_out", source="staff")
    async with database.connection() as conn:
        for person in family:
            (entry,) = await timeline.page(conn, person.id, limit=9)
            assert (entry.code, entry.args["purpose"]) == ("consent.refused", "notice")


async def test_a_ward_is_never_called_by_a_machine(database: Database) -> None:
    for _ in range(2):
        await service.never_dial(database, SYSTEM, NUMBER, "ward 5")
    assert await rule(database, "care", "call") == "never_dial"
    async with database.connection() as conn:
        assert await store.never_dial(conn) == {NUMBER: "ward 5"}
    await service.dial_again(database, SYSTEM, NUMBER)
    assert await rule(database, "care", "call") == "allowed"


async def test_the_hospital_may_change_its_hours_and_they_hold_at_once(database: Database) -> None:
    early = datetime(2026, 3, 1, 23, tzinfo=UTC)  # seven in the morning in China
    assert await rule(database, "care", now=early) == "quiet_hours"
    care = {**every_day("06:00-24:00"), DayName.HOLIDAY: Window.of("10:00-16:00")}
    hours = QuietHours(care={day: window for day, window in care.items() if day is not DayName.SATURDAY})
    await service.set_hours(database, SYSTEM, hours)
    assert await rule(database, "care", now=early) == "allowed"
    async with database.connection() as conn:
        assert await store.hours(conn) == hours
        said = await conn.fetchval("SELECT detail -> 'care' FROM audit WHERE action = 'change contact hours'")
    assert [said[0], said[5], said[7]] == ["mon 06:00-24:00", "sat -", "holiday 10:00-16:00"]


async def test_words_that_do_not_exist_are_refused(database: Database) -> None:
    with pytest.raises(InvalidInputError):
        await rule(database, "spam")
    with pytest.raises(InvalidInputError):
        await rule(database, "care", "fax")
    with pytest.raises(InvalidInputError):
        await service.record(database, SYSTEM, NUMBER, purpose="care", channel="sms", choice="maybe", source="web")


async def test_somebody_may_decide_for_themselves_whatever_the_number(database: Database) -> None:
    one, other = [
        await patients.register(database, SYSTEM, NewPatient(name=name, phones=(NUMBER,)))
        for name in ("王建国", "李秀英")
    ]
    async with database.transaction(SYSTEM) as tx:
        about = Address.of_person(one.id)
        for channel in ("sms", "letter"):
            await service.record_in(
                tx, about, purpose="notice", channel=channel, choice="opt_out", said=Said("paper", text_version="3")
            )
    async with database.connection() as conn:
        asked = [
            await service.may_contact(
                conn, purpose="notice", channel="sms", msisdn=NUMBER, patient_id=whose, now=NOON, zone=SHANGHAI
            )
            for whose in (one.id, other.id, None)
        ]
        ((decision, letter), entries) = (await store.current(conn, about), await timeline.page(conn, one.id, limit=9))
        assert await timeline.page(conn, other.id, limit=9) == []
    assert [permission.rule for permission in asked] == ["opted_out", "allowed", "allowed"]
    assert {decision.channel, letter.channel} == {ContactChannel.SMS, ContactChannel.LETTER}
    assert (decision.address, decision.text_version, len(entries)) == ("", "3", 2)


async def test_for_a_child_a_guardian_asks_for_offers(database: Database) -> None:
    child = await patients.register(
        database, SYSTEM, NewPatient(name="王小明", phones=(NUMBER,), birth_date=datetime.now(UTC).date())
    )

    async def say(given_by: GivenBy) -> str:
        async with database.transaction(SYSTEM) as tx:
            await service.record_in(
                tx,
                Address.phone(NUMBER),
                purpose="marketing",
                channel="sms",
                choice="opt_in",
                said=Said("paper", given_by=given_by),
                whose=child.id,
            )
        async with database.connection() as conn:
            permission = await service.may_contact(
                conn,
                purpose="marketing",
                channel="sms",
                msisdn=NUMBER,
                patient_id=child.id,
                now=datetime.now(UTC),
                zone=SHANGHAI,
                hours=QuietHours(marketing=every_day("00:00-24:00")),
            )
        return str(permission.rule)

    with pytest.raises(GuardianNeededError):
        await say(GivenBy.PERSON)
    await service.record(database, SYSTEM, NUMBER, purpose="marketing", channel="sms", choice="opt_in", source="staff")
    async with database.connection() as conn:
        asked = await service.may_contact(
            conn, purpose="marketing", channel="sms", msisdn=NUMBER, patient_id=child.id, now=NOON, zone=SHANGHAI
        )
    assert asked.rule == "no_guardian"
    assert await say(GivenBy.GUARDIAN) == "allowed"
