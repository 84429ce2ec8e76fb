"""Messages: the list of conversations, one of them, writing, and what a person decides about a text."""

import json
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from crm_core.drafts.model import Draft as TypedDraft
from crm_core.drafts.model import Form, Subject
from crm_core.kernel.cursor import Cursor, parse
from crm_core.kernel.errors import HcrmError, InvalidInputError
from crm_core.kernel.ids import PatientId, SmsId, ThreadId, UserId
from crm_core.kernel.msisdn import parse_msisdn
from crm_core.patients import lookup
from crm_core.patients.model import Patient
from crm_core.patients.model import Wanted as People
from crm_core.users.rights import Right, may
from overview import inbox, tasks
from overview.inbox import Beside
from sms import decisions, purposes, service, threads, writing
from sms.errors import ContactForbiddenError
from sms.model import Place, Sms, SmsState, Standing
from sms.threads import Conversation, Filter, ThreadPage, Wanted
from sms.writing import Draft
from web import forms, places, words
from web.deps import DEPS
from web.i18n import _
from web.pages import drafts
from web.render import page
from web.security import actor_of

BAD = frozenset({SmsState.FAILED, SmsState.EXPIRED, SmsState.UNKNOWN, SmsState.SUPPRESSED})
LONGEST_SEARCH = 100
RECIPIENTS = 6
EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page and its parts draw; the parts for which nothing is given are not drawn."""

    request: web.Request
    list: ThreadPage | None = None
    wanted: Wanted = EVERYTHING
    conversation: Conversation | None = None
    beside: Beside | None = None
    open_id: int | None = None
    is_composing: bool = False
    typed: TypedDraft | None = None

    def context(self) -> dict[str, object]:
        """For the templates."""
        return {
            "list": self.list,
            "wanted": self.wanted,
            "more": _written(self.list.more) if self.list and self.list.more else "",
            "conversation": self.conversation,
            "beside": self.beside,
            "open_id": self.conversation.thread_id if self.conversation else self.open_id,
            "composing": self.is_composing,
            "typed": self.typed,
            "about": places.about_of(self.typed.subject) if self.typed else "",
            "purposes": purposes.open_to(actor_of(self.request)),
            "choices": choices,
            "bad": BAD,
        }


def _written(place: Place) -> str:
    return str(Cursor(place.at, str(place.id)))


def _read(text: str) -> Place | None:
    place = parse(text)
    return Place(place.at, place.number) if place else None


def choices(sms: Sms) -> tuple[str, ...]:
    """What a person can decide about a text now; the last part of the address that does it."""
    possible = {
        "arrived": decisions.can_have_arrived(sms),
        "resend": decisions.can_resend(sms),
        "withdraw": decisions.can_withdraw(sms),
    }
    return tuple(name for name, is_possible in possible.items() if is_possible)


async def index(request: web.Request) -> web.StreamResponse:
    """The list of conversations: unanswered, unread, mine or all, as the address says."""
    return await _whole(request, None)


async def _whole(
    request: web.Request, conversation: Conversation | None, *, is_composing: bool = False
) -> web.Response:
    """The page: the list beside a conversation, as far as this role may read them."""
    db, actor, settings = request.app[DEPS].db, actor_of(request), request.app[DEPS].settings
    wanted = Wanted(filter=_filter(request.query.get("filter", "")))
    found = await threads.page(db, actor, wanted) if may(actor, Right.SEE_SMS) else None
    at_side = None
    if conversation:
        at_side = await inbox.beside(db, actor, conversation, letterhead=settings.letterhead, hotline=settings.hotline)
    typed = await _typed(request, conversation) if is_composing or (conversation and conversation.can_write) else None
    shown = Shown(request, found, wanted, conversation, at_side, is_composing=is_composing, typed=typed)
    return page(request, "sms/index.html", shown.context())


async def _typed(request: web.Request, conversation: Conversation | None) -> TypedDraft | None:
    """What they were writing to this number, or to whomever."""
    if not may(actor_of(request), Right.SEND_SMS):
        return None
    thread_id = conversation.thread_id if conversation else None
    people = conversation.people if conversation and thread_id is None else ()
    patient_id = people[0].id if people else None
    return await drafts.mine(request, Subject(form=Form.TEXT, thread_id=thread_id, patient_id=patient_id))


async def search(request: web.Request) -> web.StreamResponse:
    """The list again when something came in, its next page, or by a name or a number: none stands in an address."""
    form = await forms.posted(request)
    wanted = Wanted(
        text=forms.text(form, "q", limit=LONGEST_SEARCH),
        filter=_filter(form.get("filter", "")),
        after=_read(form.get("after", "")),
    )
    found = await threads.page(request.app[DEPS].db, actor_of(request), wanted)
    part = "sms/_more_threads.html" if wanted.after else "sms/_threads.html"
    open_id = forms.optional_number(form, "open")
    return page(request, part, Shown(request, found, wanted, open_id=open_id).context())


def _filter(text: str) -> Filter:
    try:
        return Filter(text or Filter.ALL)
    except ValueError:
        raise InvalidInputError("no such filter", field="filter") from None


async def unread(request: web.Request) -> web.StreamResponse:
    """The number beside the menu entry."""
    count = await threads.some_unread(request.app[DEPS].db, actor_of(request))
    return page(request, "sms/_unread.html", {"count": count})


async def show(request: web.Request) -> web.StreamResponse:
    """A conversation; reading it marks it read, for everybody."""
    thread_id = ThreadId(forms.path_number(request))
    return await _whole(request, await threads.read(request.app[DEPS].db, actor_of(request), thread_id))


async def show_text(request: web.Request) -> web.StreamResponse:
    """The conversation of a text that a task or a timeline names."""
    sms_id = SmsId(forms.path_number(request))
    conversation = await threads.read_around(request.app[DEPS].db, actor_of(request), sms_id)
    answer = await _whole(request, conversation)
    answer.headers["HX-Push-Url"] = f"/sms/threads/{conversation.thread_id}"
    return answer


async def messages(request: web.Request) -> web.StreamResponse:
    """Only the bubbles: the newest when something happened, or what is older than those shown."""
    db, actor, thread_id = request.app[DEPS].db, actor_of(request), ThreadId(forms.path_number(request))
    before = forms.optional_number(request.query, "before")
    if before is None:
        conversation, part = await threads.read(db, actor, thread_id), "sms/_bubbles.html"
    else:
        conversation, part = await threads.older(db, actor, thread_id, SmsId(before)), "sms/_older.html"
    return page(request, part, Shown(request, conversation=conversation).context())


async def head(request: web.Request) -> web.StreamResponse:
    """Whose conversation it is and whether somebody waits, again when that changed."""
    thread_id = ThreadId(forms.path_number(request))
    now = await threads.standing(request.app[DEPS].db, actor_of(request), thread_id)
    return await _standing(request, thread_id, now)


async def give(request: web.Request) -> web.StreamResponse:
    """Take a conversation, give it to a colleague, or leave it to whoever comes first."""
    thread_id = ThreadId(forms.path_number(request))
    chosen = forms.optional_number(await forms.posted(request), "user_id")
    whose = UserId(chosen) if chosen else None
    return await _standing(
        request, thread_id, await threads.give(request.app[DEPS].db, actor_of(request), thread_id, whose)
    )


async def need_no_answer(request: web.Request) -> web.StreamResponse:
    """What was written needs no answer."""
    thread_id = ThreadId(forms.path_number(request))
    now = await threads.need_no_answer(request.app[DEPS].db, actor_of(request), thread_id)
    return await _standing(request, thread_id, now)


async def _standing(request: web.Request, thread_id: ThreadId, now: Standing) -> web.Response:
    people = await tasks.people(request.app[DEPS].db, actor_of(request))
    return page(request, "sms/_standing.html", {"thread_id": thread_id, "standing": now, "colleagues": people})


async def recipients(request: web.Request) -> web.StreamResponse:
    """People of this name with their numbers, to write to one."""
    query = forms.text(await forms.posted(request), "to", limit=LONGEST_SEARCH)
    people: tuple[Patient, ...] = ()
    if query and not query.lstrip("+").replace(" ", "").isdigit():
        found = await lookup.find(request.app[DEPS].db, actor_of(request), People(words=query), limit=RECIPIENTS)
        people = found.patients
    return page(request, "sms/_recipients.html", {"people": people, "query": query})


async def with_patient(request: web.Request) -> web.StreamResponse:
    """The conversation with one of a patient's numbers, also when nobody wrote yet."""
    patient_id = PatientId(forms.path_number(request))
    position = forms.position(request.query, "phone")
    conversation = await threads.read_of_patient(request.app[DEPS].db, actor_of(request), patient_id, position)
    return await _whole(request, conversation)


async def compose(request: web.Request) -> web.StreamResponse:
    """An empty message to any number. Who may not read texts sees nothing but the form."""
    return await _whole(request, None, is_composing=True)


async def write(request: web.Request) -> web.StreamResponse:
    """Queue a text. Refusals come back with their rule and what was typed."""
    db, actor, letterhead = request.app[DEPS].db, actor_of(request), request.app[DEPS].settings.letterhead
    try:
        draft = _draft(await forms.posted(request), drafts.subject_of(request, Form.TEXT))
        written = await writing.write(db, actor, draft, letterhead=letterhead)
    except HcrmError as error:
        return _refused(request, error)
    is_read = may(actor, Right.SEE_SMS)
    conversation = await threads.read(db, actor, written.thread_id) if is_read else None
    answer = await _whole(request, conversation, is_composing=not is_read)
    text = _("It will be sent when it is allowed again.") if written.waits else _("On its way.")
    answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": text}})
    back = f"?filter={request.query['filter']}" if request.query.get("filter") else ""
    answer.headers["HX-Push-Url"] = f"/sms/threads/{written.thread_id}{back}" if is_read else "/sms/new"
    return answer


def _draft(form: dict[str, str], kept_as: Subject) -> Draft:
    to = parse_msisdn(forms.text(form, "to", limit=40))
    return Draft(to, forms.text(form, "text"), service.purpose_of(form.get("purpose", "")), kept_as)


def _refused(request: web.Request, error: HcrmError) -> web.Response:
    rule = error.rule if isinstance(error, ContactForbiddenError) else ""
    problem = words.rule_words(rule) if rule else words.error_words(error.code)
    answer = page(request, "sms/_problem.html", {"problem": problem}, status=422)
    answer.headers.update({"HX-Retarget": "#sms-problem", "HX-Reswap": "innerHTML", "HX-Reselect": ".alert"})
    return answer


async def resend(request: web.Request) -> web.StreamResponse:
    """A person decides to send again what did not arrive, or may not have."""
    return await _decided(request, partial(decisions.resend, zone=request.app[DEPS].settings.timezone))


async def arrived(request: web.Request) -> web.StreamResponse:
    """A person knows that it arrived."""
    return await _decided(request, decisions.arrived)


async def withdraw(request: web.Request) -> web.StreamResponse:
    """A person takes back what has not left."""
    return await _decided(request, decisions.withdraw)


async def _decided(request: web.Request, decide: decisions.Decide) -> web.StreamResponse:
    db, actor, sms_id = request.app[DEPS].db, actor_of(request), SmsId(forms.path_number(request))
    try:
        await decide(db, actor, sms_id)
    except HcrmError as error:
        return _refused(request, error)
    conversation = await threads.read_around(db, actor, sms_id)
    return page(request, "sms/_bubbles.html", Shown(request, conversation=conversation).context())
