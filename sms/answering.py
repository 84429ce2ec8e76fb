"""What an inbound message causes, exactly once: its effects and the queued reply are one transaction."""

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from crm_core.consent import service as consent
from crm_core.consent.model import Rule
from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SMS_SENDER
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import Msisdn, PatientId, SmsId, UserId
from crm_core.patients import store as patients
from crm_core.patients.model import Patient
from crm_core.tasks import service as tasks
from sms import inbound, inbound_store, reading, service, store, thread_store, urgency, wording
from sms.address import msisdn_of_peer
from sms.conversations import engine
from sms.conversations.engine import Begin, Command, Continue, IllegalFactError, Leave, Unclear
from sms.conversations.model import Answer, Goal, Person, Said, Talk, Turn, from_json, to_json
from sms.effects import Desk
from sms.errors import ContactForbiddenError
from sms.keyword import Action
from sms.letterhead import Letterhead
from sms.model import NewSms, Priority, Purpose, Sms

log = logging.getLogger("sms.answering")

EXPIRES_AFTER = timedelta(minutes=30)
STRANGER, STRANGER_FOR = "stranger", timedelta(hours=12)
MAX_REPLIES_PER_HOUR = 20  # a person does not write more; a machine does
SILENT_FOR = timedelta(hours=12)
URGENT_WITHIN = timedelta(minutes=5)
MAX_STEPS = 12  # one text never needs this many
CONSENT_ACTIONS = frozenset({Action.OPT_OUT, Action.OPT_OUT_ALL, Action.OPT_IN})


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message under way."""

    tx: Tx
    sms: Sms
    msisdn: Msisdn
    people: list[Patient]
    letterhead: Letterhead

    @property
    def said(self) -> Said:
        """The whole text, plain."""
        return Said(reading.plain(self.sms.text), self.tx.now.astimezone(self.letterhead.timezone))

    @property
    def is_urgent(self) -> bool:
        """Somebody may need an ambulance."""
        return urgency.is_urgent(self.said.text)

    def language(self, patient_id: PatientId | None) -> str:
        """Of the person it is about; a stranger is answered in the language they wrote."""
        for patient in self.people:
            if patient_id in (None, patient.id):
                return patient.language
        return "en" if reading.looks_english(self.sms.text) else "zh_CN"


async def answer(db: Database, sms_id: SmsId, letterhead: Letterhead, *, silent_for: timedelta = SILENT_FOR) -> None:
    """Handle this message and older ones of the same person, in order, each once.

    `silent_for`: how long after a person wrote to them the machine leaves the conversation to people.
    """
    async with db.connection() as conn:
        sms = await store.get(conn, sms_id)
        waiting = await inbound_store.unhandled(conn, sms.peer, sms_id) if sms else []
    for waiting_id in waiting:
        try:
            async with db.transaction(SMS_SENDER) as tx:
                await _answer_one(tx, waiting_id, letterhead, silent_for)
        except HcrmError as error:
            if error.retryable:
                raise
            await _leave_to_a_person(db, waiting_id)
        except Exception:
            log.exception("a message could not be handled", extra={"sms_id": waiting_id})
            await _leave_to_a_person(db, waiting_id)


async def _leave_to_a_person(db: Database, sms_id: SmsId) -> None:
    """A message we stumble over must not stop the next one, nor be forgotten."""
    async with db.transaction(SMS_SENDER) as tx:
        sms = await store.get(tx.conn, sms_id)
        if sms and await inbound_store.mark_handled(tx.conn, sms_id, now=tx.now):
            await tasks.open_in(tx, "answer_sms", msisdn_of_peer(sms.peer), f"sms/{sms_id}", sms.patient_id)


async def _answer_one(tx: Tx, sms_id: SmsId, letterhead: Letterhead, silent_for: timedelta) -> None:
    sms = await store.get(tx.conn, sms_id)
    if sms is None:
        return
    await inbound_store.lock_peer(tx.conn, sms.peer)
    if not await inbound_store.mark_handled(tx.conn, sms_id, now=tx.now):
        return
    msisdn = msisdn_of_peer(sms.peer)
    if msisdn is None:
        return  # short codes and names are read by people, never answered
    people = await patients.find_by_msisdn(tx.conn, msisdn)
    incoming = Incoming(tx, sms, msisdn, people, letterhead)
    if await _is_machine(incoming):
        await _ask_a_person(incoming, sms.patient_id)
        return
    writer = await inbound_store.last_wrote(tx.conn, sms.peer, tx.now - silent_for)
    if writer is not None and not _changes_consent(incoming):
        await _leave_to(writer, incoming)
        return
    await _respond(incoming)


def _changes_consent(incoming: Incoming) -> bool:
    """Refusing our texts works whoever is speaking."""
    decision = engine.decide(incoming.sms.text, None)
    return isinstance(decision, Command) and decision.action in CONSENT_ACTIONS


async def _leave_to(writer: UserId, incoming: Incoming) -> None:
    """A person is in this conversation: the machine says nothing, unless somebody may need an ambulance."""
    if incoming.is_urgent:
        await _reply(incoming, Answer(text="received", needs_person=True), None, whose=writer)
    elif not reading.is_courtesy(incoming.said.text):
        await _ask_a_person(incoming, incoming.sms.patient_id, whose=writer)


async def _ask_a_person(incoming: Incoming, patient_id: PatientId | None, *, whose: UserId | None = None) -> None:
    """Whoever looks after the conversation, else who wrote last, else anybody; an emergency comes first."""
    tx, sms = incoming.tx, incoming.sms
    owner = await thread_store.owner_of(tx.conn, sms.peer) or whose
    due_at = tx.now + URGENT_WITHIN if incoming.is_urgent else None
    await tasks.open_in(tx, "answer_sms", incoming.msisdn, f"sms/{sms.id}", patient_id, due_at, assigned_to=owner)


async def _is_machine(incoming: Incoming) -> bool:
    tx, hour_ago = incoming.tx, incoming.tx.now - timedelta(hours=1)
    match engine.decide(incoming.sms.text, None):
        case Command(Action.OPT_OUT | Action.OPT_OUT_ALL):
            return False  # refusing always works
    if await inbound_store.replies_since(tx.conn, incoming.sms.peer, hour_ago) >= MAX_REPLIES_PER_HOUR:
        return True
    return await inbound_store.was_sent_by_us(tx.conn, incoming.sms.peer, incoming.sms.text, hour_ago)


async def _respond(incoming: Incoming) -> None:
    opened = await inbound_store.conversation(incoming.tx.conn, incoming.sms.peer, now=incoming.tx.now)
    talk = from_json(opened.state) if opened and opened.keyword in set(Goal) else None
    decision = engine.decide(incoming.sms.text, talk)
    if isinstance(decision, Command) and decision.action in CONSENT_ACTIONS:
        await _change_consent(incoming, decision.action)
    elif isinstance(decision, Command) and decision.action is Action.HELP:
        await _reply(incoming, Answer(text="help"), None)
    elif not incoming.people:
        await _meet_stranger(incoming, is_known_stranger=opened is not None and opened.keyword == STRANGER)
    else:
        await _converse(incoming, talk, decision)


async def _converse(incoming: Incoming, talk: Talk | None, decision: engine.Decision) -> None:
    persons = tuple(Person(patient.id, patient.name) for patient in incoming.people)
    match decision:
        case Begin(goal, rest):
            turn: Turn | None = engine.begin(goal, persons, Said(rest, incoming.said.at))
        case Continue() if talk is not None:
            turn = _advanced(talk, incoming.said)
        case Leave():
            turn = (talk, engine.stopped()) if talk else None
        case Command(Action.CONSULT):
            await consultations.open_in(incoming.tx, incoming.msisdn, "sms", incoming.sms.text, incoming.sms.patient_id)
            await _finish(incoming, None, Answer(text="question_taken", ends=True, needs_person=True))
            return
        case Command() | Continue() | Unclear():
            turn = None
    if turn is None:
        await _finish(incoming, None, Answer(text="not_understood", ends=True, needs_person=True))
        return
    await _finish(incoming, *await _until_answer(incoming, turn))


def _advanced(talk: Talk, said: Said) -> Turn | None:
    try:
        return engine.advance(talk, said)
    except IllegalFactError:  # the state of another release: begin again
        return None


async def _until_answer(incoming: Incoming, turn: Turn) -> tuple[Talk, Answer]:
    for _ in range(MAX_STEPS):
        talk, effect = turn
        if isinstance(effect, Answer):
            return talk, effect
        moving = talk.appointment.id if talk.goal is Goal.MOVE and talk.appointment else None
        desk = Desk(incoming.tx, incoming.people, talk.patient_id, moving)
        turn = engine.advance(talk, await desk.perform(effect))
    return turn[0], Answer(text="trouble", ends=True, needs_person=True)


async def _finish(incoming: Incoming, talk: Talk | None, said: Answer) -> None:
    """Write the state down, ask a person if need be, reply."""
    tx, peer = incoming.tx, incoming.sms.peer
    if said.ends or talk is None:
        await inbound_store.end_conversation(tx.conn, peer)
    else:
        expires_at = tx.now + EXPIRES_AFTER
        await inbound_store.save_conversation(tx.conn, peer, talk.goal.value, to_json(talk), expires_at=expires_at)
    await _reply(incoming, said, talk.patient_id if talk else None)


async def _reply(
    incoming: Incoming, said: Answer, patient_id: PatientId | None, *, whose: UserId | None = None
) -> None:
    """What a machine has answered needs no reader; what a person must answer stays unread."""
    if incoming.is_urgent:
        said = replace(said, is_urgent=True, needs_person=True)
    tx, sms = incoming.tx, incoming.sms
    if patient_id is not None and sms.patient_id is None:
        await inbound.belongs_to(tx, sms, patient_id)
    patient_id = patient_id or sms.patient_id
    if said.needs_person:
        await _ask_a_person(incoming, patient_id, whose=whose)
    else:
        await inbound_store.mark_read(tx.conn, sms.id, now=tx.now)
    new = NewSms(
        to=incoming.msisdn,
        text=wording.written(said, incoming.language(patient_id), incoming.letterhead),
        purpose=Purpose.CARE,
        priority=Priority.CONVERSATION,
        patient_id=patient_id,
        dedupe_key=f"reply:{sms.id}",
        reply_to=sms.id,
        is_reply=True,
    )
    try:
        await service.queue_in(tx, new, zone=incoming.letterhead.timezone)
    except ContactForbiddenError as error:
        log.info("no reply", extra={"sms_id": sms.id, "rule": error.rule})


async def _meet_stranger(incoming: Incoming, *, is_known_stranger: bool) -> None:
    """The first text of somebody we do not know: a consultation, a task, one polite reply; then people take over."""
    tx, sms = incoming.tx, incoming.sms
    await consultations.open_in(tx, incoming.msisdn, "sms", sms.text)
    if is_known_stranger:
        if incoming.is_urgent:
            await _reply(incoming, Answer(text="received"), None)
        else:
            await _ask_a_person(incoming, None)
        return
    await inbound_store.save_conversation(tx.conn, sms.peer, STRANGER, {}, expires_at=tx.now + STRANGER_FOR)
    await _reply(incoming, Answer(text="unknown_sender", needs_person=True), None)


async def _change_consent(incoming: Incoming, action: Action) -> None:
    """STOP is confirmed once: said again, nothing changes and nothing is sent."""
    tx, msisdn, evidence = incoming.tx, incoming.msisdn, f"sms/{incoming.sms.id}"
    if action is Action.OPT_IN:
        await consent.opt_in_in(tx, msisdn, channel="sms", source="sms", evidence=evidence)
        await _reply(incoming, Answer(text="opted_in"), None)
        return
    everything = action is Action.OPT_OUT_ALL
    is_news = not await _has_refused(incoming, Purpose.CARE if everything else Purpose.NOTICE)
    await consent.opt_out_in(tx, msisdn, channel="sms", everything=everything, source="sms", evidence=evidence)
    if is_news:
        await _reply(incoming, Answer(text="opted_out_all" if everything else "opted_out"), None)
    else:
        await inbound_store.mark_read(tx.conn, incoming.sms.id, now=tx.now)


async def _has_refused(incoming: Incoming, purpose: Purpose) -> bool:
    permission = await consent.may_contact(
        incoming.tx.conn,
        purpose=purpose.value,
        channel="sms",
        msisdn=incoming.msisdn,
        now=incoming.tx.now,
        zone=incoming.letterhead.timezone,
    )
    return permission.rule == Rule.OPTED_OUT
