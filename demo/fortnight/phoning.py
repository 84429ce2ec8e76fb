"""Who phoned, whom the hospital phoned, and what came of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random

from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.calendar import is_working_day
from crm_core.kernel.db import Tx
from crm_core.kernel.ids import Msisdn
from crm_core.scheduling.model import Appointment
from crm_core.tasks import service as tasks
from crm_core.tasks.model import TaskKind
from demo.fortnight import course, words
from demo.fortnight.calls import PastCall
from demo.fortnight.cast import Person, Staff
from demo.fortnight.course import Course
from demo.fortnight.story import Story
from demo.fortnight.words import Conversation
from demo.seed_data.history import Deed

CALLED_SHARE = 0.45  # of what was done by an agent; the others stood at the counter
QUESTIONS_A_DAY, QUESTIONS_ON_A_DAY_OFF = (2, 3, 4), (1, 2)
CONSULTED_SHARE = 0.6
WAITS_S = (4, 7, 9, 12, 18, 25, 41)
PATIENCE_S = (28, 47, 65, 110)
NIGHT = time(21, 40)
BUSY_S, RINGING_S = 4.0, 45.0
CALL_BACK_WITHIN = timedelta(minutes=25)
STRANGERS = "+86199000299"  # numbers nobody in the register has
OLD = timedelta(days=2)


def about_appointments(story: Story, deeds: Iterable[Deed]) -> None:
    """Calls in which appointments were made, moved and given back."""
    people = {person.id: person for person in story.people}
    for deed in deeds:
        person = people.get(deed.appointment.patient_id)
        day = deed.at.astimezone(story.diary.zone).date()
        if person is None or day not in story.diary.days:
            continue
        if deed.channel == "agent" and story.rng.random() < CALLED_SHARE:
            _talk_about(story, deed, person)
        elif deed.channel == "ivr":
            heard = _by_keys(deed.what, person.language, facts_of(deed.appointment, person, story))
            story.call(PastCall(at=deed.at, direction="in", who=person, course=heard))


def _by_keys(what: str, language: str, facts: Mapping[str, str]) -> Course:
    if what == "booked":
        return course.booked_by_keys(language, facts)
    return course.changed_by_keys(language, facts, {"confirmed": "confirm", "cancelled": "cancel"}[what])


def _talk_about(story: Story, deed: Deed, person: Person) -> None:
    conversation = words.one_about(deed.what, person.language, story.rng)
    facts = facts_of(deed.appointment, person, story)
    by = next((one for one in story.cast.agents if one.actor.name == _who(deed)), story.cast.agents[0])
    _talk(story, deed.at, person, conversation, facts, (by,))


def _who(deed: Deed) -> str:
    if deed.what == "cancelled":
        return deed.appointment.cancelled_by or ""
    return deed.appointment.booked_by


def facts_of(appointment: Appointment, person: Person, story: Story) -> dict[str, str]:
    """What fills a conversation's gaps."""
    slot, in_english = appointment.slot, person.language == "en"
    return {
        "who": person.polite,
        "surname": person.surname,
        "department": slot.department_name_en if in_english else slot.department_name,
        "practitioner": slot.practitioner_name_en if in_english else slot.practitioner_name,
        "when": words.when(slot.starts_at, person.language, story.diary.zone),
    }


def _talk(
    story: Story,
    at: datetime,
    person: Person,
    conversation: Conversation,
    facts: Mapping[str, str],
    agents: tuple[Staff, ...],
) -> PastCall:
    wait_s = story.rng.choice(WAITS_S)
    call = PastCall(
        at=at,
        direction="in",
        who=person,
        course=course.talked(conversation, facts, wait_s=wait_s, is_known=person.is_recognised),
        agents=agents,
        disposition=conversation.disposition,
        notes=conversation.notes,
    )
    story.call(call)
    return call


def day_by_day(story: Story) -> None:
    """Everything that is not about an appointment."""
    for day in story.diary.days:
        rng = story.diary.rng(day)
        works = is_working_day(day)
        for number in range(rng.choice(QUESTIONS_A_DAY if works else QUESTIONS_ON_A_DAY_OFF)):
            _question(story, rng, day, number)
        _missed(story, rng, day)
        if works:
            _transferred(story, rng, day)
            _outgoing(story, rng, day)
            _menu_only(story, rng, day)


def _caller(story: Story, rng: Random, language: str | None = None) -> Person:
    """Now and then somebody nobody knows. The first patient is left to visitors of the demo."""
    if language is None and rng.random() < 0.12:
        number = Msisdn(f"{STRANGERS}{rng.randrange(100):02d}")
        return Person(id=None, name="", sex=rng.choice(("male", "female")), language="zh_CN", msisdn=number)
    fitting = [one for one in story.people[1:] if language in (None, one.language)]
    return rng.choice(fitting)


def _question(story: Story, rng: Random, day: date, number: int) -> None:
    at = story.diary.take(day)
    if at is None:
        return
    person, agent = _caller(story, rng), story.cast.agent(rng)
    conversation = words.next_about("question", person.language, day.toordinal() * QUESTIONS_A_DAY[-1] + number)
    call = _talk(story, at, person, conversation, _nobody(person), (agent,))
    if conversation.asked and rng.random() < CONSULTED_SHARE:
        story.at(call.ended_at, agent.actor, partial(_consult, story, conversation, call))
    if conversation.disposition == "call_back":
        story.at(call.ended_at, agent.actor, partial(_call_back_later, story, call))


def _nobody(person: Person) -> dict[str, str]:
    return {"who": person.polite if person.name else "", "surname": person.surname if person.name else ""}


async def _consult(story: Story, conversation: Conversation, call: PastCall, tx: Tx) -> None:
    """Most hear the answer at once; what had to be found out waits, and later is closed without a word."""
    number = call.who.msisdn
    opened = await consultations.open_in(tx, number, "phone", conversation.asked, call.who.id, call.id)
    if conversation.answer or tx.now < story.diary.now - OLD:
        await consultations.close_in(tx, opened, result=conversation.answer)


async def _call_back_later(story: Story, call: PastCall, tx: Tx) -> None:
    """Due the next day; of older ones somebody has taken care."""
    due_at = tx.now + timedelta(days=1)
    await tasks.open_in(tx, TaskKind.CALL_BACK, call.who.msisdn, call.ref, call.who.id, due_at)
    if due_at < story.diary.now:
        await _done(call, story.cast.nurse, due_at, tx)


async def _done(call: PastCall, by: Staff, at: datetime, tx: Tx) -> None:
    then = replace(tx, now=at, actor=by.actor)
    await tasks.done_about(then, TaskKind.CALL_BACK, call.who.msisdn, call.ref)


def _missed(story: Story, rng: Random, day: date) -> None:
    """Nobody was free; a colleague phones them back, but not yet whom they missed today."""
    at, person = story.diary.take(day), _caller(story, rng)
    if at is None:
        return
    patience_s = rng.choice(PATIENCE_S)
    heard = course.given_up(person.language, patience_s=patience_s, is_known=person.is_recognised)
    call = PastCall(at=at, direction="in", who=person.as_heard, course=heard)
    if not story.call(call):
        return
    story.at(call.ended_at, SYSTEM, partial(_open_call_back, call))
    again_at = _later(story, call)
    if again_at is not None:
        agent = story.cast.agent(rng)
        back = _phone(story, rng, again_at, person, agent)
        story.at(back.ended_at, agent.actor, partial(_done, call, agent, back.ended_at))


def _later(story: Story, call: PastCall) -> datetime | None:
    """A free moment of the same day or the next ones; those of today still wait."""
    missed_on = call.at.astimezone(story.diary.zone).date()
    if missed_on == story.diary.today:
        return None
    days = [day for day in story.diary.days if day >= missed_on]
    moments = (story.diary.take(day, after=call.ended_at + CALL_BACK_WITHIN) for day in days)
    return next((moment for moment in moments if moment is not None), None)


async def _open_call_back(call: PastCall, tx: Tx) -> None:
    await tasks.open_in(tx, TaskKind.CALL_BACK, call.who.msisdn, call.ref, call.who.id)


def _phone(
    story: Story, rng: Random, at: datetime, person: Person, agent: Staff, about: str = "called_back"
) -> PastCall:
    conversation = words.one_about(about, person.language, rng)
    call = PastCall(
        at=at,
        direction="out",
        who=person,
        course=course.phoned(conversation, _nobody(person)),
        ring_s=float(rng.randrange(5, 16)),
        agents=(agent,),
        disposition=conversation.disposition,
        notes=conversation.notes,
    )
    story.call(call)
    return call


def _transferred(story: Story, rng: Random, day: date) -> None:
    at = story.diary.take(day) if day.toordinal() % 3 == 0 else None
    if at is not None:
        person = _caller(story, rng, "zh_CN")
        conversation = words.one_about("transferred", "zh_CN", rng)
        agents = (story.cast.agent(rng), story.cast.nurse)
        _talk(story, at, person, conversation, _nobody(person), agents)


def _outgoing(story: Story, rng: Random, day: date) -> None:
    """One a day that reaches nobody, and now and then somebody else's number."""
    at, person = story.diary.take(day), _caller(story, rng, "zh_CN")
    if at is None:
        return
    if day.toordinal() % 5 == 0:
        _phone(story, rng, at, person, story.cast.agent(rng), "strangers_number")
        return
    reason, ring_s = rng.choice((("busy", BUSY_S), ("no answer", RINGING_S)))
    story.call(
        PastCall(at=at, direction="out", who=person, ring_s=ring_s, end_reason=reason, disposition="nobody_there")
    )


def _menu_only(story: Story, rng: Random, day: date) -> None:
    at, person = story.diary.take(day), _caller(story, rng)
    if at is not None:
        heard = course.asked_the_menu(person.language, is_known=person.is_recognised)
        story.call(PastCall(at=at, direction="in", who=person.as_heard, course=heard))


def at_night(story: Story) -> None:
    """Last night somebody left word; nobody has heard it yet."""
    at = datetime.combine(story.diary.today - timedelta(days=1), NIGHT, story.diary.zone)
    number = Msisdn(f"{STRANGERS}00")
    who = Person(id=None, name="", sex="female", language="zh_CN", msisdn=number)
    call = PastCall(at=at, direction="in", who=who, course=course.at_night(), message=course.left_word())
    if story.call(call):
        story.at(call.ended_at, SYSTEM, partial(_hear, call))


async def _hear(call: PastCall, tx: Tx) -> None:
    due_at = tx.now + timedelta(hours=12)
    await tasks.open_in(tx, TaskKind.HEAR_VOICEMAIL, call.who.msisdn, call.ref, None, due_at)
