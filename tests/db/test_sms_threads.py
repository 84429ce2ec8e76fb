"""Conversations: the list is right whatever happens to the texts, quick however many, and every look is known."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.db import Connection
from crm_core.kernel.errors import ForbiddenError, NotFoundError
from crm_core.kernel.event import NOTIFY_CHANNEL
from crm_core.kernel.ids import Msisdn, SmsId, ThreadId, UserId
from overview import trail
from sms import decisions, store, thread_store, threads
from sms.model import Place
from sms.threads import TEXTS_SHOWN, THREADS_SHOWN, Filter, Wanted
from tests.databases import run_as_owner
from tests.db.sms_hospital import NOON, STRANGER, ZHANG, Hospital
from tests.db.sms_queue import opened, queue
from tests.eventually import eventually

pytestmark = pytest.mark.db
NURSE = Actor(ActorKind.USER, "nurse", Role.NURSE)
AUDITOR = Actor(ActorKind.USER, "auditor", Role.AUDITOR)
MARKETER = Actor(ActorKind.USER, "marketer", Role.MARKETER)
TRUTH = """
    SELECT peer, max(id), (array_agg(created_at ORDER BY id DESC))[1],
           count(*) FILTER (WHERE direction = 'in' AND read_at IS NULL)
    FROM sms GROUP BY peer ORDER BY peer
"""
AT_ONCE = 5_000
KEPT = "SELECT peer, last_sms_id, last_at, unread FROM sms_thread ORDER BY peer"


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    async with opened(database_url) as hospital:
        yield hospital


def number(n: int) -> Msisdn:
    return Msisdn(f"+861391111{n:04d}")


async def thread_of(hospital: Hospital, peer: str = ZHANG) -> ThreadId:
    async with hospital.db.connection() as conn:
        return await thread_store.id_with(conn, peer)


async def listed(hospital: Hospital, text: str = "", *, filter: Filter = Filter.ALL) -> list[str]:
    found = await threads.page(hospital.db, NURSE, Wanted(text=text, filter=filter))
    return [thread.peer for thread in found.threads]


async def test_the_list_is_what_the_texts_say_whatever_happened(hospital: Hospital) -> None:
    chance = random.Random(7)
    for step in range(120):
        hospital.clock.now = NOON + timedelta(seconds=step)
        peer = number(chance.randrange(6))
        match chance.randrange(3):
            case 0:
                await hospital.receive(f"第{step}条", peer)
            case 1:
                await queue(hospital, f"第{step}条", to=peer)
            case _ if await hospital.rows("SELECT 1 FROM sms_thread WHERE peer = $1", peer):
                await threads.read(hospital.db, NURSE, await thread_of(hospital, peer))
    assert await hospital.rows(KEPT) == await hospital.rows(TRUTH)


async def test_ten_who_write_and_two_who_read_at_once_leave_the_list_right(hospital: Hospital) -> None:
    await hospital.receive("你好")
    thread_id = await thread_of(hospital)
    await asyncio.gather(
        *(hospital.receive(f"第{n}条") for n in range(10)),
        *(queue(hospital, f"答{n}") for n in range(10)),
        *(threads.read(hospital.db, NURSE, thread_id) for _ in range(2)),
    )
    assert await hospital.rows(KEPT) == await hospital.rows(TRUTH)


async def test_a_text_that_is_committed_late_does_not_push_back_a_newer_one(hospital: Hospital) -> None:
    async with hospital.db.transaction(SYSTEM) as tx:
        early = await store.insert_in(tx.conn, peer=ZHANG, text="早", modem="sim1", patient_id=None, now=tx.now)
        late = await store.insert_in(
            tx.conn, peer=ZHANG, text="晚", modem="sim1", patient_id=None, now=tx.now + timedelta(seconds=1)
        )
    assert early < late
    assert await hospital.rows(KEPT) == [(ZHANG, late, NOON + timedelta(seconds=1), 2)]


async def test_reading_takes_what_waits_out_of_the_count_for_everybody(hospital: Hospital) -> None:
    await hospital.receive("你好")
    await hospital.receive("在吗")
    await hospital.receive("别人", STRANGER)
    assert await threads.some_unread(hospital.db, NURSE) == 3
    assert await listed(hospital, filter=Filter.UNREAD) == [STRANGER, ZHANG]
    conversation = await threads.read(hospital.db, NURSE, await thread_of(hospital))
    assert [sms.text for sms in conversation.texts] == ["你好", "在吗"]
    assert await threads.some_unread(hospital.db, NURSE) == 1
    assert await listed(hospital, filter=Filter.UNREAD) == [STRANGER]


async def test_more_than_a_hundred_unread_are_not_counted(hospital: Hospital) -> None:
    await many_texts(hospital, peers=150, each=1)
    assert await threads.some_unread(hospital.db, NURSE) == thread_store.UNREAD_COUNTED


async def test_every_conversation_is_on_one_page_though_texts_come_while_one_turns_pages(hospital: Hospital) -> None:
    everybody = [number(n) for n in range(2 * THREADS_SHOWN + 10)]
    for n, peer in enumerate(everybody):
        hospital.clock.now = NOON + timedelta(seconds=n // 3)  # some at the same moment
        await queue(hospital, "您好", to=peer)
    seen, after = [], None
    for turned in range(3):
        found = await threads.page(hospital.db, NURSE, Wanted(after=after))
        seen += [thread.peer for thread in found.threads]
        after = found.more
        await hospital.receive("新的", everybody[-1 - turned])
    assert after is None
    assert seen == everybody[::-1]


@pytest.mark.parametrize("text", ["张三丰", "zhangsanfeng", "zsf", "13800138000", "+86 138 0013 8000", "8000"])
async def test_a_conversation_is_found_by_who_it_is(hospital: Hospital, text: str) -> None:
    await hospital.patient("张三丰", ZHANG)
    await hospital.patient("李四", STRANGER)
    await hospital.receive("你好", ZHANG)
    await hospital.receive("你好", STRANGER)
    assert await listed(hospital, text) == [ZHANG]


async def test_a_stranger_is_found_by_the_end_of_the_number_and_a_name_without_texts_finds_nothing(
    hospital: Hospital,
) -> None:
    await hospital.patient("张三丰", ZHANG)
    await hospital.receive("你好", STRANGER)
    assert await listed(hospital, STRANGER[-4:]) == [STRANGER]
    assert await listed(hospital, "张三丰") == []


async def test_a_number_of_a_family_names_them_and_a_number_of_nobody_itself(hospital: Hospital) -> None:
    for name in ("张三丰", "张翠山", "张无忌", "张小宝"):
        await hospital.patient(name, ZHANG)
    await hospital.receive("你好", STRANGER)
    await hospital.receive("你好", ZHANG)
    family, stranger = (await threads.page(hospital.db, NURSE, Wanted())).threads
    assert (family.names, stranger.names) == (("张三丰", "张翠山", "张无忌"), ())
    assert (stranger.peer, stranger.last_text) == (STRANGER, "你好")


async def test_a_conversation_goes_back_to_its_first_text(hospital: Hospital) -> None:
    await many_texts(hospital, peers=1, each=2 * TEXTS_SHOWN + 5)
    thread_id = await thread_of(hospital, number(0))
    conversation = await threads.read(hospital.db, NURSE, thread_id)
    found = [sms.id for sms in conversation.texts]
    while conversation.has_older:
        conversation = await threads.older(hospital.db, NURSE, thread_id, SmsId(found[0]))
        found = [sms.id for sms in conversation.texts] + found
    assert [(sms_id,) for sms_id in found] == await hospital.rows("SELECT id FROM sms ORDER BY id")


async def test_who_may_not_read_texts_reads_none(hospital: Hospital) -> None:
    (sms_id,) = await hospital.receive("你好")
    patient_id, thread_id = await hospital.patient(), await thread_of(hospital)
    db = hospital.db
    for look in (
        threads.page(db, MARKETER, Wanted()),
        threads.some_unread(db, MARKETER),
        threads.read(db, MARKETER, thread_id),
        threads.read_around(db, MARKETER, sms_id),
        threads.read_of_patient(db, MARKETER, patient_id, 0),
        threads.older(db, MARKETER, thread_id, sms_id),
    ):
        with pytest.raises(ForbiddenError):
            await look


async def test_a_conversation_that_is_not_there_is_not_found(hospital: Hospital) -> None:
    with pytest.raises(NotFoundError):
        await threads.read(hospital.db, NURSE, ThreadId(999))


async def test_each_look_names_whom_it_showed_once_in_five_minutes(hospital: Hospital) -> None:
    patient_id = await hospital.patient()
    account = (
        "INSERT INTO app_user (login, name, role, password_hash) VALUES ('nurse', '王护士', 'nurse', 'x') RETURNING id"
    )
    async with hospital.db.connection() as conn:
        nurse = replace(NURSE, user_id=UserId(await conn.fetchval(account)))
    await hospital.receive("你好")
    await hospital.receive("你好", STRANGER)
    for _ in range(3):
        await threads.read(hospital.db, nurse, await thread_of(hospital))
        await threads.read(hospital.db, nurse, await thread_of(hospital, STRANGER))
        await threads.page(hospital.db, nurse, Wanted())
    await threads.page(hospital.db, nurse, Wanted(filter=Filter.UNREAD))
    for _ in range(2):
        await threads.page(hospital.db, nurse, Wanted(text="张"))
    looks = "SELECT action, subject, subject_id, detail FROM audit WHERE actor = 'nurse' ORDER BY id"
    stranger = await thread_of(hospital, STRANGER)
    assert await hospital.rows(looks) == [
        ("read sms thread", "sms_thread", str(await thread_of(hospital)), {"patient_ids": [patient_id]}),
        ("read sms thread", "sms_thread", str(stranger), {"patient_ids": []}),
        ("list sms threads", "sms_thread", "", {"by": ["all"], "count": 2, "patient_ids": [patient_id]}),
    ]
    found = await trail.who_saw(hospital.db, AUDITOR, patient_id, limit=9)
    assert {one.row.action for one in found.items} >= {"read sms thread", "list sms threads"}


async def test_open_pages_hear_the_ids_of_what_happened_and_nothing_personal(hospital: Hospital) -> None:
    patient_id = await hospital.patient()
    heard: list[dict[str, object]] = []

    def note(_conn: object, _pid: int, _channel: str, payload: object) -> None:
        said = json.loads(str(payload))
        if said["type"].startswith("Sms"):
            heard.append(said)

    async with hospital.db.own_connection() as conn:
        await conn.add_listener(NOTIFY_CHANNEL, note)
        (received,) = await hospital.receive("你好")
        thread_id = await thread_of(hospital)
        await threads.read(hospital.db, NURSE, thread_id)
        queued = await queue(hospital, "您好")
        await decisions.withdraw(hospital.db, NURSE, queued)
        await eventually(lambda: len(heard) == 4, what="four notices")
    ids = {"thread_id": thread_id}
    assert heard == [
        {"type": "SmsReceived", "sms_id": received, **ids, "patient_id": patient_id},
        {"type": "SmsRead", **ids},
        {"type": "SmsQueued", "sms_id": queued, **ids, "patient_id": None},
        {"type": "SmsStateChanged", "sms_id": queued, **ids, "patient_id": None, "state": "suppressed"},
    ]


async def many_texts(hospital: Hospital, *, peers: int, each: int, unread_every: int = 1) -> None:
    async with hospital.db.connection() as conn:
        for first in range(1, peers * each + 1, AT_ONCE):
            await conn.execute(
                """
                INSERT INTO sms (direction, peer, text, state, modem, created_by, created_at, not_before, read_at)
                SELECT 'in', '+861391111' || lpad(((n - 1) % $1::int)::text, 4, '0'), 'text ' || n, 'received', 'sim1',
                       'x', $2::timestamptz + n * interval '1 second', $2, CASE WHEN n % $3::int <> 0 THEN $2 END
                FROM generate_series($4::int, $5::int) AS n
                """,
                peers,
                NOON,
                unread_every,
                first,
                min(first + AT_ONCE - 1, peers * each),
            )


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_with_fifty_thousand_texts_no_page_reads_them_all(hospital: Hospital, owner_url: str, mode: str) -> None:
    """Every statement of the pages as they ask it, planned for its arguments and for any."""
    await many_texts(hospital, peers=10_000, each=5, unread_every=50)
    await run_as_owner(owner_url, "ANALYZE")
    async with hospital.db.connection() as conn:
        with conn.query_logger(asked := Asked()):
            page = await thread_store.newest(conn, limit=51, after=Place(NOON + timedelta(hours=13), 77))
            await thread_store.unread(conn, limit=51, after=None)
            await thread_store.found(conn, peers=[number(1), number(2)], digits="0042", limit=51, after=None)
            await thread_store.many(conn, page)
            await thread_store.texts(conn, number(5), limit=51, before=SmsId(40_000))
            await thread_store.some_unread(conn)
            await store.counts_since(conn, NOON + timedelta(hours=13))
        await conn.execute(f"SET plan_cache_mode = {mode}")
        plans = [await plan_of(conn, query) for query in asked.queries if "FROM" in query.query]
        await conn.execute("RESET plan_cache_mode")
    assert len(page) == 51
    assert len(plans) >= 8
    assert [plan for plan in plans if "Seq Scan on sms" in plan] == []


class Asked:
    """The statements of a connection."""

    def __init__(self) -> None:
        self.queries: list[asyncpg.connection.LoggedQuery] = []

    def __call__(self, query: asyncpg.connection.LoggedQuery) -> None:
        self.queries.append(query)


async def plan_of(conn: Connection, asked: asyncpg.connection.LoggedQuery) -> str:
    return "\n".join(row[0] for row in await conn.fetch("EXPLAIN " + asked.query, *asked.args))
