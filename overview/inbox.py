"""What stands beside a conversation: who it is, when they come next, what they wish, and what one may answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from crm_core.consent import store as consent
from crm_core.consent.model import Address, Choice, ContactChannel
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.ids import Msisdn
from crm_core.kernel.msisdn import try_parse_msisdn
from crm_core.patients.model import Patient
from crm_core.scheduling import store as scheduling
from crm_core.scheduling.model import Appointment
from crm_core.users.rights import Right, ensure, may
from overview import tasks
from overview.tasks import Colleague
from sms import canned_store, placeholders, reading, wording
from sms.canned import MOST
from sms.letterhead import Letterhead
from sms.model import Direction
from sms.threads import Conversation

PEOPLE = 4  # of a family; more of them are a list of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who has this number; `next` is where they are expected next."""

    patient: Patient
    next: Appointment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A canned answer, filled as far as that is known."""

    title: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """`refused`: purposes for which this number wants no texts; `never`: it is left alone by machines."""

    people: Sequence[Person]
    more: int
    refused: Sequence[str]
    never: bool
    canned: Sequence[Ready]
    colleagues: Sequence[Colleague]


async def beside(
    db: Database, actor: Actor, conversation: Conversation, *, letterhead: Letterhead, hotline: str
) -> Beside:
    """For a conversation that was just opened: that look is written down there. Raises ForbiddenError."""
    ensure(actor, Right.SEE_SMS)
    async with db.connection() as conn:
        people = [await _person(conn, one, db) for one in conversation.people[:PEOPLE]]
        number = try_parse_msisdn(conversation.peer)
        return Beside(
            people=people,
            more=len(conversation.people) - len(people),
            refused=await _refused(conn, number) if number else (),
            never=await consent.is_never_dial(conn, number) if number else False,
            canned=await _ready(conn, actor, conversation, people, letterhead, hotline),
            colleagues=await tasks.colleagues(conn),
        )


async def _person(conn: Connection, patient: Patient, db: Database) -> Person:
    ahead = await scheduling.upcoming(conn, patient.id, db.clock())
    return Person(patient=patient, next=ahead[0] if ahead else None)


async def _refused(conn: Connection, number: Msisdn) -> list[str]:
    said = await consent.current(conn, Address.phone(number))
    return [one.purpose for one in said if one.channel is ContactChannel.SMS and one.choice is Choice.OPT_OUT]


async def _ready(
    conn: Connection,
    actor: Actor,
    conversation: Conversation,
    people: Sequence[Person],
    letterhead: Letterhead,
    hotline: str,
) -> list[Ready]:
    if not may(actor, Right.SEND_SMS):
        return []
    language = _language(conversation)
    values = _values(people, language, letterhead, hotline) if conversation.can_write else {}
    return [
        Ready(title=one.title, text=placeholders.filled(one.in_language(language), values))
        for one in await canned_store.in_use(conn, limit=MOST)
    ]


def _language(conversation: Conversation) -> str:
    if conversation.people:
        return conversation.people[0].language
    said = [sms.text for sms in conversation.texts if sms.direction is Direction.IN]
    return "en" if said and reading.looks_english(said[-1]) else "zh_CN"


def _values(people: Sequence[Person], language: str, letterhead: Letterhead, hotline: str) -> dict[str, str]:
    """A family's name and appointment are nobody's: the writer chooses. No department: others may read it."""
    only = people[0] if len(people) == 1 else None
    at = only.next.slot.starts_at if only and only.next else None
    return {
        "name": only.patient.name if only else "",
        "hospital": letterhead.name_en if language == "en" else letterhead.name,
        "hotline": hotline,
        "appointment": wording.moment(at, language, letterhead.timezone) if at else "",
    }
