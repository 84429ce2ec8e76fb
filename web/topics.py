"""What an open page may subscribe to, and what each notice is about. Pure.

A topic is a kind, or a kind and whose: `sms`, `patient:1`, `day:2026-11-25`. Ids only: a telephone number never stands
in an address. `patient:*` is every patient, for a browser with more open tabs than topics it may name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from crm_core.kernel.actor import Role
from crm_core.kernel.errors import ForbiddenError, InvalidInputError
from crm_core.kernel.ids import UserId
from crm_core.users.rights import Right, allows

MOST_TOPICS = 100
ANY = "*"
ME = "me"  # what happens to whoever listens: becomes `agent:` and their id
AGENT = "agent"
ID = re.compile(r"[0-9]{1,18}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Kind:
    """Who may subscribe (one right is enough), and what stands after the colon, None: nothing does."""

    rights: frozenset[Right]
    whose: re.Pattern[str] | None = None


KINDS: Mapping[str, Kind] = {
    "patient": Kind(frozenset({Right.SEE_PATIENTS}), ID),
    "day": Kind(frozenset({Right.SEE_PATIENTS}), DATE),
    "thread": Kind(frozenset({Right.SEE_SMS}), ID),
    "call": Kind(frozenset({Right.SEE_CALLS, Right.TAKE_CALLS}), UUID),
    "sms": Kind(frozenset({Right.SEE_SMS})),
    "tasks": Kind(frozenset({Right.DO_TASKS})),
    "consultations": Kind(frozenset({Right.SEE_CONSULTATIONS})),
    "queue": Kind(frozenset({Right.SEE_CALLS})),
    "board": Kind(frozenset({Right.SEE_WALLBOARD})),
    ME: Kind(frozenset({Right.TAKE_CALLS})),
}

WHOSE: tuple[tuple[str, str], ...] = (
    ("patient_id", "patient"),
    ("thread_id", "thread"),
    ("call_id", "call"),
    ("user_id", AGENT),
    ("agent_id", AGENT),
)
LISTS: Mapping[str, frozenset[str]] = {
    "SmsReceived": frozenset({"sms", "board"}),
    "SmsQueued": frozenset({"sms"}),
    "SmsStateChanged": frozenset({"sms"}),
    "SmsRead": frozenset({"sms"}),
    "SmsThreadGiven": frozenset({"sms"}),
    "TaskOpened": frozenset({"tasks"}),
    "TaskDone": frozenset({"tasks"}),
    "TaskChanged": frozenset({"tasks"}),
    "ConsultationOpened": frozenset({"consultations"}),
    "ConsultationClosed": frozenset({"consultations"}),
    "AppointmentBooked": frozenset({"board"}),
    "CallStarted": frozenset({"board"}),
    "CallQueued": frozenset({"board"}),
    "CallConnected": frozenset({"board"}),
    "CallEnded": frozenset({"board"}),
    "CallMissed": frozenset({"board"}),
    "AgentStateChanged": frozenset({"board"}),
    "DeskLineChanged": frozenset({"board"}),
    "SupervisionChanged": frozenset({"board"}),
}


def parse_topics(text: str, role: Role, user_id: UserId) -> frozenset[str]:
    """`patient:1,sms` of an address. Raises InvalidInputError (unknown, malformed, too many), ForbiddenError."""
    wanted = {topic for topic in text.split(",") if topic}
    if len(wanted) > MOST_TOPICS:
        raise InvalidInputError("too many topics", field="topics")
    for topic in wanted:
        if not any(allows(role, right) for right in _kind(topic).rights):
            raise ForbiddenError("a topic is not for this role")
    mine = {f"{AGENT}:{user_id}"} if ME in wanted else set()
    return frozenset(wanted - {ME} | mine)


def _kind(topic: str) -> Kind:
    name, colon, whose = topic.partition(":")
    kind = KINDS.get(name)
    if kind is None or bool(colon) is not bool(kind.whose):
        raise InvalidInputError("no such topic", field="topics")
    if kind.whose and whose != ANY and not kind.whose.fullmatch(whose):
        raise InvalidInputError("a topic names nothing that could exist", field="topics")
    return kind


def topics_of(notice: Mapping[str, object], zone: ZoneInfo) -> frozenset[str]:
    """All that a notice is about; nobody hears of one that is about nothing."""
    topics = {f"{kind}:{notice[name]}" for name, kind in WHOSE if notice.get(name) is not None}
    people = notice.get("patient_ids")
    topics |= {f"patient:{one}" for one in people} if isinstance(people, list) else set()
    topics |= LISTS.get(str(notice.get("type")), frozenset())
    if notice.get("queue"):
        topics.add("queue")
    starts_at = notice.get("starts_at")
    if isinstance(starts_at, str):
        topics.add(f"day:{datetime.fromisoformat(starts_at).astimezone(zone).date()}")
    return frozenset(topics)


def concerns(listens: frozenset[str], about: frozenset[str]) -> bool:
    """Whether somebody who listens to these hears of that."""
    return bool(listens & (about | {f"{topic.partition(':')[0]}:{ANY}" for topic in about}))
