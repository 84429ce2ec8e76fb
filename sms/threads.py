"""What staff read: the list of conversations, one of them, and what of it is older. Right checked, looks audited."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from crm_core.events import SmsRead, SmsThreadGiven
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.errors import NotFoundError
from crm_core.kernel.ids import Msisdn, PatientId, SmsId, ThreadId, UserId
from crm_core.kernel.msisdn import try_parse_msisdn
from crm_core.patients import search_store, seen
from crm_core.patients import store as patients
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Patient
from crm_core.tasks import service as tasks
from crm_core.tasks.model import TaskKind
from crm_core.tasks.rules import Talk
from crm_core.users.rights import Right, ensure
from sms import store, thread_store
from sms.errors import SmsNotFoundError
from sms.model import UNREADABLE, Place, Sms, Standing, Thread

THREADS_SHOWN = 50
TEXTS_SHOWN = 50
PEOPLE_SEARCHED = 500  # more people of one name are not looked through: the reader types more of it
TEXTS_SEARCHED = 20_000  # the newest; older words are not looked for
SHORTEST_WORDS = 2
NOBODYS = Standing()


class Filter(StrEnum):
    """Which conversations the list shows."""

    UNANSWERED = "unanswered"
    UNREAD = "unread"
    MINE = "mine"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`text`: a name, pinyin, the end of a number, or words; with it the filter does not matter."""

    text: str = field(default="", repr=False)
    filter: Filter = Filter.ALL
    after: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPage:
    """`more`: where the next page begins. `too_many`: more people fit than were looked through."""

    threads: tuple[Thread, ...]
    more: Place | None
    too_many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One peer with the people who have this number, oldest text first. `thread_id` None: nobody wrote yet."""

    thread_id: ThreadId | None
    peer: str = field(repr=False)
    people: tuple[Patient, ...]
    texts: tuple[Sms, ...]
    standing: Standing = NOBODYS
    has_older: bool = False

    @property
    def is_unreadable(self) -> bool:
        """Not one person, but everything that came from nobody knows whom."""
        return self.peer == UNREADABLE

    @property
    def can_write(self) -> bool:
        """Short codes and operators' names cannot be answered."""
        return try_parse_msisdn(self.peer) is not None


async def page(db: Database, actor: Actor, wanted: Wanted) -> ThreadPage:
    """The newest first. Raises ForbiddenError."""
    ensure(actor, Right.SEE_SMS)
    async with db.transaction(actor) as tx:
        ids, too_many = await _ids(tx, wanted)
        threads = await thread_store.many(tx.conn, ids[:THREADS_SHOWN])
        await _note_list(tx, wanted, threads)
    more = threads[-1].place if len(ids) > THREADS_SHOWN else None
    return ThreadPage(threads=tuple(threads), more=more, too_many=too_many)


async def _ids(tx: Tx, wanted: Wanted) -> tuple[list[ThreadId], bool]:
    conn, limit, after = tx.conn, THREADS_SHOWN + 1, wanted.after
    if wanted.text:
        return await _found(conn, wanted, limit)
    match wanted.filter:
        case Filter.UNANSWERED:
            ids = await thread_store.unanswered(conn, limit=limit, after=after)
        case Filter.UNREAD:
            ids = await thread_store.unread(conn, limit=limit, after=after)
        case Filter.MINE:
            ids = await thread_store.owned(conn, tx.actor.user_id or UserId(0), limit=limit, after=after)
        case Filter.ALL:
            ids = await thread_store.newest(conn, limit=limit, after=after)
    return ids, False


async def _found(conn: Connection, wanted: Wanted, limit: int) -> tuple[list[ThreadId], bool]:
    people = await search_store.search(conn, wanted.text, limit=PEOPLE_SEARCHED)
    peers = [str(msisdn) for person in people for msisdn in person.phones]
    bare = "".join(wanted.text.split()).removeprefix("+")
    digits = bare if bare.isascii() and bare.isdigit() else ""
    exact = try_parse_msisdn(bare) if digits else None
    said = await _saying(conn, wanted.text.strip()) if not digits else []
    ids = await thread_store.found(
        conn, peers=[*peers, *said, *([exact] if exact else [])], digits=digits, limit=limit, after=wanted.after
    )
    return ids, PEOPLE_SEARCHED in (len(people), len(said))


async def _saying(conn: Connection, words: str) -> list[str]:
    if len(words) < SHORTEST_WORDS:
        return []
    return await thread_store.peers_saying(conn, words, lately=TEXTS_SEARCHED, limit=PEOPLE_SEARCHED)


async def _note_list(tx: Tx, wanted: Wanted, threads: Sequence[Thread]) -> None:
    """What was searched for is a name or a number, so it is not written down; who was found is."""
    shown = [one for thread in threads for one in thread.patient_ids or (None,)]
    by = "search" if wanted.text else wanted.filter.value
    await seen.listed(tx, "sms_thread", shown, {"by": [by]}, again=True)


async def some_unread(db: Database, actor: Actor) -> int:
    """Texts that wait for a reader, counted to a hundred. Raises ForbiddenError."""
    ensure(actor, Right.SEE_SMS)
    async with db.connection() as conn:
        return await thread_store.some_unread(conn)


async def read(db: Database, actor: Actor, thread_id: ThreadId) -> Conversation:
    """A person opens it: what waits in it is read, for everybody. Raises NotFoundError, ForbiddenError."""
    ensure(actor, Right.SEE_SMS)
    async with db.transaction(actor) as tx:
        return await _read(tx, thread_id, await _peer(tx.conn, thread_id))


async def read_around(db: Database, actor: Actor, sms_id: SmsId) -> Conversation:
    """The conversation that a text belongs to. Raises SmsNotFoundError, ForbiddenError."""
    ensure(actor, Right.SEE_SMS)
    async with db.transaction(actor) as tx:
        sms = await store.get(tx.conn, sms_id)
        if sms is None:
            raise SmsNotFoundError("no such message")
        return await _read(tx, sms.thread_id, sms.peer)


async def read_of_patient(db: Database, actor: Actor, patient_id: PatientId, position: int) -> Conversation:
    """With one of a patient's numbers, also when nobody wrote yet. Raises PatientNotFoundError, ForbiddenError."""
    ensure(actor, Right.SEE_SMS)
    async with db.transaction(actor) as tx:
        patient = await patients.get(tx.conn, patient_id)
        if patient is None or position >= len(patient.phones):
            raise PatientNotFoundError("no such patient or number")
        peer = patient.phones[position]
        thread_id = await thread_store.id_of(tx.conn, peer)
        if thread_id is None:
            return Conversation(thread_id=None, peer=peer, people=tuple(await _people(tx.conn, peer)), texts=())
        return await _read(tx, thread_id, peer)


async def give(db: Database, actor: Actor, thread_id: ThreadId, user_id: UserId | None) -> Standing:
    """Somebody looks after the conversation, and answers what waits in it; None: whoever comes first.

    Raises ForbiddenError, NotFoundError, UserNotFoundError.
    """
    ensure(actor, Right.SEE_SMS)
    ensure(actor, Right.SEND_SMS)
    async with db.transaction(actor) as tx:
        peer = await _peer(tx.conn, thread_id)
        await tasks.ensure_does_tasks(tx, user_id)
        if await thread_store.set_owner(tx.conn, peer, user_id) is not None:
            await audit.record(tx, "give sms thread", "sms_thread", thread_id, detail={"owner_id": user_id})
            await tx.emit(SmsThreadGiven(thread_id=thread_id))
        await tasks.give_about_in(tx, TaskKind.ANSWER_SMS, Msisdn(peer), user_id)
        return await thread_store.standing(tx.conn, peer)


async def need_no_answer(db: Database, actor: Actor, thread_id: ThreadId) -> Standing:
    """A person has read what waits and says that nothing is to be answered. Raises ForbiddenError, NotFoundError."""
    ensure(actor, Right.SEE_SMS)
    ensure(actor, Right.SEND_SMS)
    async with db.transaction(actor) as tx:
        peer = await _peer(tx.conn, thread_id)
        await tasks.settle_in(tx, Talk.ANSWERED, Msisdn(peer), f"threads/{thread_id}")
        return await thread_store.standing(tx.conn, peer)


async def _peer(conn: Connection, thread_id: ThreadId) -> str:
    peer = await thread_store.peer_of(conn, thread_id)
    if peer is None:
        raise NotFoundError("no such conversation")
    return peer


async def standing(db: Database, actor: Actor, thread_id: ThreadId) -> Standing:
    """Whose it is now. Raises ForbiddenError, NotFoundError."""
    ensure(actor, Right.SEE_SMS)
    async with db.connection() as conn:
        return await thread_store.standing(conn, await _peer(conn, thread_id))


async def older(db: Database, actor: Actor, thread_id: ThreadId, before: SmsId) -> Conversation:
    """What was written before a text that is shown already. Raises NotFoundError, ForbiddenError."""
    ensure(actor, Right.SEE_SMS)
    async with db.transaction(actor) as tx:
        return await _shown(tx, thread_id, await _peer(tx.conn, thread_id), before)


async def _read(tx: Tx, thread_id: ThreadId, peer: str) -> Conversation:
    if await thread_store.mark_read(tx.conn, peer, now=tx.now):
        await tx.emit(SmsRead(thread_id=thread_id))
    return await _shown(tx, thread_id, peer, None)


async def _shown(tx: Tx, thread_id: ThreadId, peer: str, before: SmsId | None) -> Conversation:
    people = await _people(tx.conn, peer)
    texts = await thread_store.texts(tx.conn, peer, limit=TEXTS_SHOWN + 1, before=before)
    await seen.read(tx, "read sms thread", "sms_thread", thread_id, [person.id for person in people])
    return Conversation(
        thread_id=thread_id,
        peer=peer,
        people=tuple(people),
        texts=tuple(reversed(texts[:TEXTS_SHOWN])),
        standing=await thread_store.standing(tx.conn, peer),
        has_older=len(texts) > TEXTS_SHOWN,
    )


async def _people(conn: Connection, peer: str) -> list[Patient]:
    msisdn = try_parse_msisdn(peer)
    return await patients.find_by_msisdn(conn, msisdn) if msisdn else []
