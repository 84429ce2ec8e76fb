"""Messages: threads with what is unread, one thread, and writing. A thread is named by one of its messages."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection
from crm_core.kernel.errors import HcrmError, NotFoundError
from crm_core.kernel.ids import PatientId, SmsId
from crm_core.kernel.msisdn import parse_msisdn, try_parse_msisdn
from crm_core.patients import store as patients
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Patient
from crm_core.users.rights import Right, allows
from sms import purposes, service, store
from sms.errors import ContactForbiddenError
from sms.model import Direction, Purpose, Sms, SmsState
from web import forms, words
from web.deps import DEPS
from web.i18n import _
from web.render import page
from web.security import actor_of

THREADS = 60
MESSAGES = 100
ANSWERED_WITHIN = timedelta(days=1)
BAD = frozenset({SmsState.FAILED, SmsState.EXPIRED, SmsState.UNKNOWN, SmsState.SUPPRESSED})


@dataclass(frozen=True, slots=True)
class Conversation:
    """One peer with the people who have this number, oldest message first."""

    peer: str
    people: tuple[Patient, ...]
    messages: tuple[Sms, ...]

    @property
    def last_id(self) -> SmsId | None:
        """What names the thread in addresses; None while nobody wrote anything."""
        return self.messages[-1].id if self.messages else None

    @property
    def can_write(self) -> bool:
        """Short codes and operators' names cannot be answered."""
        return try_parse_msisdn(self.peer) is not None


async def index(request: web.Request) -> web.StreamResponse:
    """The list of threads."""
    return page(request, "sms/index.html", await _with_threads(request, None))


async def thread_list(request: web.Request) -> web.StreamResponse:
    """Only the list, when something came in."""
    return page(request, "sms/_threads.html", await _with_threads(request, None))


async def _with_threads(request: web.Request, conversation: Conversation | None) -> dict[str, object]:
    async with request.app[DEPS].db.connection() as conn:
        threads = await store.threads(conn, limit=THREADS)
        ids = list({thread.patient_id for thread in threads if thread.patient_id})
        names = {patient.id: patient.name for patient in await patients.many(conn, ids)}
    allowed = purposes.open_to(actor_of(request))
    return {"threads": threads, "names": names, "conversation": conversation, "bad": BAD, "purposes": allowed}


async def unread(request: web.Request) -> web.StreamResponse:
    """The number beside the menu entry."""
    async with request.app[DEPS].db.connection() as conn:
        count = await store.unread_count(conn)
    return page(request, "sms/_unread.html", {"count": count})


async def show(request: web.Request) -> web.StreamResponse:
    """A thread; reading it marks it read, for everybody."""
    peer = await _peer_of(request)
    await service.mark_read(request.app[DEPS].db, actor_of(request), peer)
    async with request.app[DEPS].db.connection() as conn:
        conversation = await _conversation(conn, peer)
    return page(request, "sms/index.html", await _with_threads(request, conversation))


async def messages(request: web.Request) -> web.StreamResponse:
    """Only the bubbles, when something came in or a state changed."""
    peer = await _peer_of(request)
    await service.mark_read(request.app[DEPS].db, actor_of(request), peer)
    async with request.app[DEPS].db.connection() as conn:
        conversation = await _conversation(conn, peer)
    return page(request, "sms/_bubbles.html", {"conversation": conversation, "bad": BAD})


async def _peer_of(request: web.Request) -> str:
    async with request.app[DEPS].db.connection() as conn:
        message = await store.get(conn, SmsId(forms.path_number(request)))
    if message is None:
        raise NotFoundError("no such message")
    return message.peer


async def _conversation(conn: Connection, peer: str) -> Conversation:
    found = await store.page(conn, peer=peer, limit=MESSAGES)
    msisdn = try_parse_msisdn(peer)
    people = await patients.find_by_msisdn(conn, msisdn) if msisdn else []
    return Conversation(peer, tuple(people), tuple(reversed(found)))


async def compose(request: web.Request) -> web.StreamResponse:
    """An empty message to any number. Who may not read texts sees nothing but the form."""
    return page(request, "sms/index.html", await _around(request, None) | {"composing": True})


async def _around(request: web.Request, conversation: Conversation | None) -> dict[str, object]:
    """A page of messages, as far as this role may read them."""
    if not may_read(actor_of(request)):
        return {"conversation": None, "composing": True, "purposes": purposes.open_to(actor_of(request))}
    return await _with_threads(request, conversation)


def may_read(actor: Actor) -> bool:
    """Writing is another right: whoever advertises reads no patient's words."""
    return actor.role is not None and allows(actor.role, Right.SEE_SMS)


async def with_patient(request: web.Request) -> web.StreamResponse:
    """The thread with one of a patient's numbers, also when nobody wrote yet."""
    patient_id = PatientId(forms.path_number(request))
    position = forms.position(request.query, "phone")
    async with request.app[DEPS].db.connection() as conn:
        patient = await patients.get(conn, patient_id)
        if patient is None or position >= len(patient.phones):
            raise PatientNotFoundError("no such patient or number")
        conversation = await _conversation(conn, patient.phones[position])
    await service.mark_read(request.app[DEPS].db, actor_of(request), conversation.peer)
    return page(request, "sms/index.html", await _with_threads(request, conversation))


async def write(request: web.Request) -> web.StreamResponse:
    """Queue a text. Consent refusals come back with their rule and what was typed."""
    form = await forms.posted(request)
    deps, actor = request.app[DEPS], actor_of(request)
    draft = forms.text(form, "text")
    try:
        to = parse_msisdn(forms.text(form, "to", limit=40))
        async with deps.db.connection() as conn:
            conversation = await _conversation(conn, to)
        purpose = form.get("purpose", "")
        asked = answered_message(conversation, purpose, deps.db.clock())
        sms_id = await service.queue(
            deps.db,
            actor,
            to=to,
            text=draft,
            purpose=purpose,
            patient_id=conversation.people[0].id if len(conversation.people) == 1 else None,
            is_reply=asked is not None,
            reply_to=asked.id if asked else None,
        )
    except HcrmError as error:
        return _refused(request, error)
    async with deps.db.connection() as conn:
        conversation = await _conversation(conn, to)
        said = await store.get(conn, sms_id)
    answer = page(request, "sms/index.html", await _around(request, conversation))
    waits = said is not None and said.not_before > deps.db.clock()
    text = _("It will be sent when it is allowed again.") if waits else _("On its way.")
    answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": text}})
    if may_read(actor):
        answer.headers["HX-Push-Url"] = f"/sms/{sms_id}"
    return answer


def answered_message(conversation: Conversation, purpose: str, now: datetime) -> Sms | None:
    """The patient's message that this answers: the newest, of the last day. Advertising is never an answer."""
    last = conversation.messages[-1] if conversation.messages else None
    if last is None or last.direction is not Direction.IN or purpose == Purpose.MARKETING:
        return None
    return last if now - last.created_at <= ANSWERED_WITHIN else None


def _refused(request: web.Request, error: HcrmError) -> web.Response:
    rule = error.rule if isinstance(error, ContactForbiddenError) else ""
    problem = words.rule_words(rule) if rule else words.error_words(error.code)
    answer = page(request, "sms/_problem.html", {"problem": problem}, status=422)
    answer.headers.update({"HX-Retarget": "#sms-problem", "HX-Reswap": "innerHTML", "HX-Reselect": ".alert"})
    return answer
