"""A hospital that updates keeps what it has: each migration runs on the release before, with data in it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from crm_core import migrations
from crm_core.consent import store as consent
from crm_core.consent.model import Address, Choice, ContactChannel, Purpose, Said, every_day
from crm_core.drafts import store as drafts
from crm_core.drafts.model import Form, Subject
from crm_core.kernel.ids import CallId, Msisdn, UserId
from crm_core.users import session_store, token_store
from crm_core.users import store as users

pytestmark = pytest.mark.db

ANSWERED = UUID(int=1)


async def test_calls_of_the_first_release_have_the_leg_of_their_last_agent(empty_database_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to="0001")
    conn = await asyncpg.connect(empty_database_url)
    try:
        await conn.execute(
            """
            INSERT INTO app_user (login, name, role, password_hash, created_at)
            VALUES ('chen', '陈静', 'agent', 'x', now());
            INSERT INTO call (id, linkedid, uniqueid, direction, state, started_at, connected_at, ended_at, agent_id,
                              disposition, notes)
            SELECT '00000000-0000-0000-0000-000000000001', '1.1', '1.1', 'in', 'ended', now() - interval '9 minutes',
                   now() - interval '8 minutes', now() - interval '5 minutes', id, 'booked', '周三' FROM app_user;
            INSERT INTO call (id, linkedid, uniqueid, direction, state, started_at, ended_at)
            VALUES ('00000000-0000-0000-0000-000000000002', '2.1', '2.1', 'in', 'ended', now(), now());
            """
        )
        await asyncio.to_thread(migrations.upgrade, empty_database_url)
        legs = await conn.fetch(
            "SELECT l.call_id, u.name, l.disposition, l.notes, l.left_at - l.connected_at AS lasted "
            "FROM call_leg l JOIN app_user u ON u.id = l.user_id"
        )
        assert [tuple(leg) for leg in legs] == [(ANSWERED, "陈静", "booked", "周三", timedelta(minutes=3))]
    finally:
        await conn.close()


async def test_tokens_sessions_and_accounts_of_an_earlier_release_go_on_working(empty_database_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to="0005")
    conn = await asyncpg.connect(empty_database_url)
    try:
        await conn.execute(
            """
            INSERT INTO app_user (login, name, role, password_hash, failed_logins, locked_until)
            VALUES ('chen', '陈静', 'agent', 'x', 9, now() + interval '1 day');
            INSERT INTO user_session (token_hash, user_id, csrf_token, created_at, seen_at, expires_at)
            SELECT 'a', id, 'x', now(), now(), now() + interval '1 hour' FROM app_user;
            INSERT INTO api_token (token_hash, name, role) VALUES ('b', 'HIS', 'api');
            """
        )
        await asyncio.to_thread(migrations.upgrade, empty_database_url)
        now = datetime.now(UTC)
        assert await session_store.find(conn, b"a", now) is not None
        (token,) = await token_store.tokens(conn)
        assert (token.scopes, token.opens(now + timedelta(days=360)), token.opens(now + timedelta(days=367))) == (
            None,
            True,
            False,
        )
        (user,) = await users.users(conn)
        assert (user.one_time_until, user.has_second_factor) == (None, False)
    finally:
        await conn.close()


async def test_sessions_that_lay_over_each_other_stay_and_no_new_ones_come(empty_database_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to="0012")
    conn = await asyncpg.connect(empty_database_url)
    session = """
        INSERT INTO schedule (practitioner_id, department_id, starts_at, ends_at)
        SELECT id, department_id, $1::timestamptz, $1::timestamptz + interval '1 hour' FROM practitioner
    """
    eight = datetime(2026, 3, 2, tzinfo=UTC)
    try:
        await conn.execute(
            """
            INSERT INTO department (code, name, name_en) VALUES ('im', '内科', 'Internal medicine');
            INSERT INTO practitioner (department_id, name, name_en) SELECT id, '王医生', 'Dr Wang' FROM department;
            """
        )
        for minutes in (0, 5, 65):
            await conn.execute(session, eight + timedelta(minutes=minutes))
        await conn.execute(
            "INSERT INTO slot (schedule_id, practitioner_id, department_id, starts_at, ends_at, capacity) "
            "SELECT id, practitioner_id, department_id, starts_at, ends_at, 1 FROM schedule"
        )
        await asyncio.to_thread(migrations.upgrade, empty_database_url)
        for doubled in (
            await conn.fetch("SELECT is_doubled FROM schedule ORDER BY starts_at"),
            await conn.fetch("SELECT is_doubled FROM slot ORDER BY starts_at"),
        ):
            assert [row["is_doubled"] for row in doubled] == [False, True, False]
        await conn.execute(session, eight + timedelta(hours=3))
        with pytest.raises(asyncpg.ExclusionViolationError):
            await conn.execute(session, eight + timedelta(minutes=10))
    finally:
        await conn.close()


async def test_what_is_being_typed_about_a_call_is_kept_and_the_release_before_goes_on_typing(
    empty_database_url: str,
) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to="0029")
    conn = await asyncpg.connect(empty_database_url)
    typed = """
        INSERT INTO draft (user_id, call_id, fields, at)
        SELECT u.id, c.id, $1::text::jsonb, now() FROM app_user u CROSS JOIN call c
        ON CONFLICT (user_id, call_id) DO UPDATE SET fields = draft.fields || excluded.fields, at = excluded.at
        """
    try:
        await conn.execute(
            """
            INSERT INTO app_user (login, name, role, password_hash) VALUES ('chen', '陈静', 'agent', 'x');
            INSERT INTO call (id, linkedid, uniqueid, direction, state, started_at)
            VALUES ('00000000-0000-0000-0000-000000000001', '1.1', '1.1', 'in', 'talking', now());
            """
        )
        await conn.execute(typed, '{"notes": "半"}')
        await asyncio.to_thread(migrations.upgrade, empty_database_url)
        await conn.execute(typed, '{"disposition": "booked"}')
        await conn.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        draft = await drafts.get(conn, UserId(1), Subject(form=Form.CALL, call_id=CallId(ANSWERED)))
        assert draft.fields == {"notes": "半", "disposition": "booked"}
    finally:
        await conn.close()


async def test_contact_hours_of_an_earlier_release_hold_on_every_day(empty_database_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to="0029")
    conn = await asyncpg.connect(empty_database_url)
    try:
        await conn.execute("UPDATE contact_hours SET opens = '07:30', closes = '23:59' WHERE purpose = 'care'")
        await asyncio.to_thread(migrations.upgrade, empty_database_url)
        hours = await consent.hours(conn)
        assert (hours.care, hours.marketing) == (every_day("07:30-24:00"), every_day("09:00-19:00"))
    finally:
        await conn.close()


async def test_sentences_of_a_timeline_become_codes_and_their_texts_are_not_kept_twice(empty_database_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to="0050")
    conn = await asyncpg.connect(empty_database_url)
    try:
        await conn.execute(
            """
            INSERT INTO patient (name, search, created_by, created_at, updated_at)
            VALUES ('张三丰', '张三丰', 'x', now(), now());
            INSERT INTO timeline_entry (patient_id, kind, at, code, args, ref)
            SELECT patient.id, said.kind, now(), said.code, said.args::jsonb, said.ref
            FROM patient, (VALUES
                ('sms', 'SMS received: {text}', '{"text": "我要预约"}', 'sms/1'),
                ('consultation', 'Consultation by {source}: {text}', '{"source": "sms", "text": "多少钱"}',
                 'consultations/1'),
                ('consultation', 'Consultation answered: {result}', '{"result": "50元"}', 'consultations/1'),
                ('consent', 'Put on the never-contact list: {reason}', '{"reason": "病房"}', 'never_dial/1'),
                ('appointment', 'Appointment booked: {department}, {practitioner}, {starts_at}',
                 '{"department": "内科"}', 'appointments/1'),
                ('call', 'A sentence of nobody', '{"text": "stays"}', 'calls/1')
            ) AS said (kind, code, args, ref);
            """
        )
        await asyncio.to_thread(migrations.upgrade, empty_database_url)
        rows = await conn.fetch("SELECT code, args FROM timeline_entry ORDER BY id")
        assert [(row["code"], json.loads(row["args"])) for row in rows] == [
            ("sms.received", {}),
            ("consultation.asked", {"source": "sms"}),
            ("consultation.answered", {}),
            ("consent.forbidden", {"reason": "病房"}),
            ("appointment.booked", {"department": "内科"}),
            ("A sentence of nobody", {"text": "stays"}),
        ]
    finally:
        await conn.close()


async def test_appointments_of_an_earlier_release_know_their_time(empty_database_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to="0051")
    conn = await asyncpg.connect(empty_database_url)
    try:
        await conn.execute(
            """
            INSERT INTO department (code, name, name_en) VALUES ('im', '内科', 'Internal medicine');
            INSERT INTO practitioner (department_id, name, name_en) SELECT id, '王医生', 'Dr Wang' FROM department;
            INSERT INTO schedule (practitioner_id, department_id, starts_at, ends_at)
            SELECT id, department_id, '2026-03-02 08:00+08', '2026-03-02 09:00+08' FROM practitioner;
            INSERT INTO slot (schedule_id, practitioner_id, department_id, starts_at, ends_at, capacity)
            SELECT id, practitioner_id, department_id, starts_at, ends_at, 1 FROM schedule;
            INSERT INTO patient (name, search, created_by, created_at, updated_at)
            VALUES ('张三丰', '张三丰', 'x', now(), now());
            INSERT INTO appointment (patient_id, slot_id, place, status, channel, booked_by, booked_at)
            SELECT patient.id, slot.id, 1, 'booked', 'web', 'x', now() FROM patient, slot;
            """
        )
        await asyncio.to_thread(migrations.upgrade, empty_database_url)
        assert await conn.fetchval("SELECT starts_at FROM appointment") == datetime(2026, 3, 2, tzinfo=UTC)
        status = "SELECT s.status, c.status, p.code FROM slot s, schedule c, practitioner p"
        assert tuple(await conn.fetchrow(status) or ()) == ("open", "open", None)
    finally:
        await conn.close()


async def test_wishes_of_an_earlier_release_are_about_telephones_and_it_may_write_on(empty_database_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to="0054")
    conn = await asyncpg.connect(empty_database_url)
    said = """
        INSERT INTO consent (msisdn, purpose, channel, decision, at, source)
        VALUES ('+8613800138000', 'notice', 'sms', $1, now(), 'sms')
    """
    phone = Address.phone(Msisdn("+8613800138000"))
    try:
        await conn.execute(said, "opt_out")
        await asyncio.to_thread(migrations.upgrade, empty_database_url)
        await conn.execute(said, "opt_in")
        history = await consent.history(conn, phone)
        assert [(one.choice, one.address, one.given_by) for one in history] == [
            ("opt_in", phone.value, "person"),
            ("opt_out", phone.value, "person"),
        ]
        await consent.insert(
            conn,
            phone,
            patient_id=None,
            purpose=Purpose.NOTICE,
            channel=ContactChannel.SMS,
            choice=Choice.OPT_OUT,
            said=Said("sms"),
            now=datetime.now(UTC),
        )
        newest = "SELECT decision FROM consent WHERE msisdn = '+8613800138000' ORDER BY id DESC LIMIT 1"
        assert await conn.fetchval(newest) == "opt_out"
    finally:
        await conn.close()
