"""Calls of the past in the call log, with their legs, on the timeline, and what was said in them for the recorder."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from crm_core.calls import rules, store
from crm_core.kernel.db import Tx
from crm_core.kernel.ids import AttemptId, CallId, Uniqueid
from crm_core.patients import timeline
from demo.fortnight.cast import Person, Staff
from demo.fortnight.course import LEFT, Course, Said
from recordings.model import Kind
from telephony.names import HOTLINE_DID, QUEUE_OPERATORS

RING_S = 1.0  # until the menu answers
AFTER_THE_TONE_S = 5.0
PITCHES_OF_PATIENTS = {"male": 0.97, "female": 1.22}
TO_SPEAK = "to-speak.json"  # in the home, until everything in it can be heard
PREFIX = "demo-"  # of names that no Asterisk ever gave


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """`course` None: nobody answered. `agents`: who spoke, in turn. `message`: what was left after the tone."""

    at: datetime
    direction: str
    who: Person
    course: Course | None = None
    message: Course | None = None
    ring_s: float = RING_S
    end_reason: str = "normal"
    agents: tuple[Staff, ...] = ()
    disposition: str = ""
    notes: str = field(default="", repr=False)
    attempt_id: AttemptId | None = None

    @property
    def uniqueid(self) -> Uniqueid:
        """The same each time the same call is drawn."""
        return Uniqueid(f"{PREFIX}{self.at:%Y%m%d}-{self.at:%H%M%S}-{self.who.msisdn[-4:]}")

    @property
    def id(self) -> CallId:
        """Follows from the channel."""
        return CallId(uuid5(NAMESPACE_URL, f"hcrm/{self.uniqueid}/{self.who.msisdn}"))

    @property
    def ref(self) -> str:
        """How tasks name it."""
        return f"calls/{self.id}"

    @property
    def answered_at(self) -> datetime | None:
        """None when nobody did."""
        return self.at + timedelta(seconds=self.ring_s) if self.course else None

    def moment(self, seconds: float | None) -> datetime | None:
        """So many seconds after the answer."""
        if self.answered_at is None or seconds is None:
            return None
        return self.answered_at + timedelta(seconds=seconds)

    @property
    def ended_at(self) -> datetime:
        """When the patient's channel was gone."""
        if self.course is None:
            return self.at + timedelta(seconds=self.ring_s)
        left_s = self.message.over_s + AFTER_THE_TONE_S if self.message else 0.0
        return self.at + timedelta(seconds=self.ring_s + self.course.over_s + left_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSpeak:
    """A recording that is to be made: what is said where, and how long it lasts."""

    call_id: str
    uniqueid: str
    kind: str
    ended_at: str
    lasts_s: float
    channels: int
    said: tuple[Said, ...]


async def write(tx: Tx, calls: Sequence[PastCall]) -> None:
    """In the order given."""
    for call in calls:
        await _insert(tx, call)
        for staff, begins, ends in _legs(call):
            await _insert_leg(tx, call, staff, begins, ends)
        await _on_timeline(tx, call)


async def _insert(tx: Tx, call: PastCall) -> None:
    course = call.course or Course(language=call.who.language)
    await tx.conn.execute(
        """
        INSERT INTO call (id, linkedid, uniqueid, direction, caller, did, patient_id, language, state, path,
                          flow_version, queue, started_at, answered_at, queued_at, connected_at, ended_at, end_reason,
                          agent_id, disposition, notes, attempt_id)
        VALUES ($1, $2, $2, $3, $4, $5, $6, $7, 'ended', $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
        """,
        call.id,
        call.uniqueid,
        call.direction,
        call.who.msisdn,
        HOTLINE_DID if call.direction == "in" else "",
        call.who.id,
        course.language,
        list(course.path),
        _flow(call, course),
        QUEUE_OPERATORS if course.queued_s is not None else "",
        call.at,
        call.answered_at,
        call.moment(course.queued_s),
        call.moment(course.connected_s),
        call.ended_at,
        call.end_reason,
        call.agents[-1].user_id if call.agents else None,
        call.disposition,
        call.notes,
        call.attempt_id,
    )


def _flow(call: PastCall, course: Course) -> str:
    if not course.path:
        return ""
    return "reminder/1" if call.attempt_id else "hotline/1"


def _legs(call: PastCall) -> Iterable[tuple[Staff, datetime, datetime]]:
    """Who spoke from when to when; with a colleague there are two of them."""
    if call.course is None or call.course.connected_s is None:
        return []
    inner = [call.moment(call.course.handed_s)] if len(call.agents) > 1 else []
    edges = [edge for edge in (call.moment(call.course.connected_s), *inner, call.ended_at) if edge]
    return zip(call.agents, edges[:-1], edges[1:], strict=True)


async def _insert_leg(tx: Tx, call: PastCall, staff: Staff, begins: datetime, ends: datetime) -> None:
    is_last = staff is call.agents[-1]
    disposition = call.disposition if is_last else "transferred"
    await tx.conn.execute(
        "INSERT INTO call_leg (call_id, user_id, connected_at, left_at, disposition, notes) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        call.id,
        staff.user_id,
        begins,
        ends,
        disposition,
        call.notes if is_last else "",
    )


async def _on_timeline(tx: Tx, call: PastCall) -> None:
    logged = await store.get(tx.conn, call.id)
    if logged is not None and logged.patient_id is not None:
        code = rules.timeline_code(logged, missed=rules.was_missed(logged))
        args = {"agent": logged.agent_name}
        await timeline.add(tx, logged.patient_id, logged.started_at, code, args, logged.ref)


def to_speak(calls: Iterable[PastCall]) -> list[ToSpeak]:
    """The newest first: they are looked at first."""
    newest = sorted(calls, key=lambda call: call.at, reverse=True)
    return [one for call in newest for one in _recordings(call)]


def _recordings(call: PastCall) -> Iterable[ToSpeak]:
    for kind, course, channels in ((Kind.CALL, call.course, 2), (Kind.VOICEMAIL, call.message, 1)):
        if course is not None:
            yield ToSpeak(
                call_id=str(call.id),
                uniqueid=call.uniqueid,
                kind=kind.value,
                ended_at=call.ended_at.isoformat(),
                lasts_s=course.over_s,
                channels=channels,
                said=tuple(_in_their_voice(said, call.who) for said in course.said),
            )


def _in_their_voice(said: Said, who: Person) -> Said:
    return replace(said, pitch=PITCHES_OF_PATIENTS[who.sex]) if said.channel == LEFT else said


def keep(path: Path, wanted: Sequence[ToSpeak]) -> None:
    """For the recorder, which begins when the pages are up. Whole or not at all, for its owner only."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(json.dumps([asdict(one) for one in wanted], ensure_ascii=False), "utf-8")
    partial.rename(path)


def kept(path: Path) -> list[ToSpeak]:
    """What is left to be spoken; nothing when there is no such file."""
    if not path.exists():
        return []
    rows = json.loads(path.read_text("utf-8"))
    return [ToSpeak(**row | {"said": tuple(Said(**said) for said in row["said"])}) for row in rows]


def sides(wanted: ToSpeak) -> list[list[Said]]:
    """What is said on each channel."""
    return [[said for said in wanted.said if said.channel == channel] for channel in range(LEFT, wanted.channels)]
