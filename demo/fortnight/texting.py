"""What was texted: bookings by answering with numbers, questions to people, what never arrived."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial

from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SMS_SENDER
from crm_core.kernel.db import Tx
from crm_core.kernel.ids import AppointmentId, Msisdn, PatientId, SmsId
from crm_core.patients import timeline
from crm_core.patients.timeline_code import TimelineCode
from crm_core.scheduling.model import Appointment
from crm_core.tasks import service as tasks
from crm_core.tasks.model import TaskKind
from demo.fortnight.cast import Person, Staff
from demo.fortnight.story import Story
from demo.seed_data.history import Deed
from demo.seed_data.hospital import DEPARTMENTS
from sms import wording
from sms.conversations.model import Answer, DepartmentChoice, SlotChoice
from sms.conversations.model import Person as Writer
from sms.letterhead import Letterhead

MODEM = "sim-1"
ON_ITS_WAY, ARRIVED = timedelta(seconds=4), timedelta(seconds=9)
THINKS = timedelta(seconds=50)  # before a patient answers
ANSWER_TAKES = timedelta(minutes=17)
STRANGER = Msisdn("+8619900020001")
EARLY = time(8, 12)
LATELY = timedelta(minutes=25)
UNREACHABLE = "delivery status 69"  # no such telephone
FOLLOW_UP = "{who}您好，您的{department}复查报告已出，请携带就诊卡到门诊二楼自助机打印。"
FOLLOW_UP_EN = "{who}, your report is ready. Please bring your patient card to the second floor."


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One message. `state` of one that left; `unread` is for what came in and waits for a person."""

    peer: Msisdn = field(repr=False)
    text: str = field(repr=False)
    patient_id: PatientId | None
    is_ours: bool = False
    by: str = "modem"
    state: str = "received"
    reason: str = ""
    is_unread: bool = False
    is_answer: bool = True
    appointment_id: AppointmentId | None = None


async def write(text: Text, tx: Tx) -> SmsId:
    """As sms/ leaves it when all is over."""
    has_left = text.state in {"sent", "delivered", "failed"}
    sms_id = SmsId(
        await tx.conn.fetchval(
            """
            INSERT INTO sms (direction, peer, text, purpose, state, reason, priority, modem, patient_id, appointment_id,
                             created_by, created_at, not_before, sent_at, delivered_at, read_at, handled_at, tries)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14, $15, $16, $17) RETURNING id
            """,
            "out" if text.is_ours else "in",
            text.peer,
            text.text,
            "care" if text.is_ours else None,
            text.state,
            text.reason,
            2 if text.is_answer else 1,
            MODEM,
            text.patient_id,
            text.appointment_id,
            text.by,
            tx.now,
            tx.now + ON_ITS_WAY if has_left else None,
            tx.now + ARRIVED if text.state == "delivered" else None,
            None if text.is_ours or text.is_unread else tx.now + THINKS,
            None if text.is_ours else tx.now,
            int(has_left),
        )
    )
    if text.patient_id is not None and (not text.is_ours or has_left):
        code = TimelineCode.SMS_SENT if text.is_ours else TimelineCode.SMS_RECEIVED
        await timeline.add(tx, text.patient_id, tx.now, code, {}, f"sms/{sms_id}")
    return sms_id


@dataclass(frozen=True, slots=True)
class Thread:
    """With one person; everything is said through it."""

    story: Story
    person: Person
    letterhead: Letterhead

    def writes(self, at: datetime, text: str, *, is_unread: bool = False) -> None:
        """The patient does."""
        one = Text(peer=self.person.msisdn, text=text, patient_id=self.person.id, is_unread=is_unread)
        self.story.at(at, SMS_SENDER, partial(write, one))

    def robot(
        self, at: datetime, answer: Answer, *, state: str = "delivered", about: AppointmentId | None = None
    ) -> None:
        """In the words of sms/."""
        text = wording.written(answer, self.person.language, self.letterhead)
        self._out(at, text, "sms", state=state, about=about)

    def answers(self, at: datetime, staff: Staff, text: str) -> None:
        """A named person does."""
        signed = self.letterhead.signature(self.person.language) + text
        self._out(at, signed, staff.actor.name)

    def _out(
        self,
        at: datetime,
        text: str,
        by: str,
        *,
        state: str = "delivered",
        reason: str = "",
        about: AppointmentId | None = None,
    ) -> None:
        one = Text(
            peer=self.person.msisdn,
            text=text,
            patient_id=self.person.id,
            is_ours=True,
            by=by,
            state=state,
            reason=reason,
            appointment_id=about,
        )
        self.story.at(at, SMS_SENDER, partial(write, one))

    def never_arrives(self, at: datetime, staff: Staff, text: str) -> None:
        """The network says so."""
        signed = self.letterhead.signature(self.person.language) + text
        self._out(at, signed, staff.actor.name, state="failed", reason=UNREACHABLE)


def about_appointments(story: Story, deeds: Iterable[Deed], letterhead: Letterhead) -> None:
    """Who booked and changed by text: 预约, three numbers, and now and then a question, which a person answers."""
    people = {person.id: person for person in story.people if person.is_recognised}
    theirs = [deed for deed in deeds if deed.channel == "sms" and deed.appointment.patient_id in people]
    bookings = 0
    for deed in theirs:
        thread = Thread(story, people[deed.appointment.patient_id], letterhead)
        if deed.at.astimezone(story.diary.zone).date() not in story.diary.days:
            continue
        if deed.what != "booked":
            _change(thread, deed)
            continue
        _book(thread, deed)
        bookings += 1
        if bookings % 2:
            _ask_afterwards(thread, deed.at + timedelta(minutes=6), bookings // 2)


def _book(thread: Thread, deed: Deed) -> None:
    at, english = deed.at - 3 * THINKS, thread.person.language == "en"
    slot = _slot(deed.appointment)
    who = Writer(deed.appointment.patient_id, thread.person.name)
    turns: Sequence[tuple[str, Answer]] = (
        ("book" if english else "预约", Answer(text="departments", options=_departments(deed.appointment))),
        ("1", Answer(text="slots", options=(slot,), has_more=True)),
        ("1", Answer(text="sure", person=who, slot=slot)),
        ("1", Answer(text="booked", person=who, slot=slot)),
    )
    for text, answer in turns:
        thread.writes(at, text)
        thread.robot(at + ON_ITS_WAY, answer, about=deed.appointment.id if answer.text == "booked" else None)
        at += THINKS


def _change(thread: Thread, deed: Deed) -> None:
    """确认 needs no question; 取消 is asked about once."""
    english, slot = thread.person.language == "en", _slot(deed.appointment)
    who = Writer(deed.appointment.patient_id, thread.person.name)
    if deed.what == "confirmed":
        thread.writes(deed.at, "confirm" if english else "确认")
        thread.robot(deed.at + ON_ITS_WAY, Answer(text="confirmed", person=who, slot=slot, ends=True))
        return
    thread.writes(deed.at - THINKS, "cancel" if english else "取消")
    thread.robot(deed.at - THINKS + ON_ITS_WAY, Answer(text="sure_cancel", person=who, slot=slot))
    thread.writes(deed.at, "1")
    thread.robot(deed.at + ON_ITS_WAY, Answer(text="cancelled", person=who, slot=slot, ends=True))


def _departments(appointment: Appointment) -> tuple[DepartmentChoice, ...]:
    """The one they want comes first, as after its name."""
    slot = appointment.slot
    others = [one for one in DEPARTMENTS if one.name != slot.department_name][:2]
    wanted = DepartmentChoice(slot.department_id, slot.department_name, slot.department_name_en, ())
    return (wanted, *(DepartmentChoice(slot.department_id, one.name, one.name_en, ()) for one in others))


def _slot(appointment: Appointment) -> SlotChoice:
    slot = appointment.slot
    return SlotChoice(slot.id, slot.starts_at, slot.practitioner_name, slot.practitioner_name_en)


ASKED = (
    ("请问来之前需要空腹吗？", "您好，只看门诊不需要空腹。如果医生要求抽血，再按医生说的准备就可以。"),
    ("停车场在哪里，好停吗", "您好，停车场从西门进，就诊当天前两个小时免费。八点半以后车位比较紧张，建议早一点来。"),
    ("可以带老人一起进诊室吗？", "您好，可以，每位患者可以有一位家属陪同。"),
    ("挂号费多少，能用医保卡吗", "您好，主任医师挂号费25元，可以用医保卡，请带好实体卡或电子凭证。"),
    ("去年的片子要带吗？", "您好，请把以前的片子和病历都带上，方便医生对比。"),
)
ASKED_EN = (("Do I need to fast before the visit?", "No, only if the doctor orders a blood test. See you soon."),)


def _ask_afterwards(thread: Thread, at: datetime, number: int) -> None:
    """A robot does not understand it, so it waits for somebody, who answers by name."""
    asked = ASKED_EN if thread.person.language == "en" else ASKED
    question, answer = asked[number % len(asked)]
    story, agent = thread.story, thread.story.cast.agents[number % len(thread.story.cast.agents)]
    thread.writes(at, question)
    thread.robot(at + ON_ITS_WAY, Answer(text="not_understood", ends=True, needs_person=True))
    thread.answers(at + ANSWER_TAKES, agent, answer)
    story.at(at + ON_ITS_WAY, SMS_SENDER, partial(_open_task, thread.person.msisdn, thread.person.id))
    story.at(at + ANSWER_TAKES, agent.actor, partial(_close_task, thread.person.msisdn))
    thread.writes(at + ANSWER_TAKES + 4 * THINKS, "Thank you!" if thread.person.language == "en" else "好的，谢谢")


async def _open_task(msisdn: Msisdn, patient_id: PatientId | None, tx: Tx) -> None:
    await tasks.open_in(tx, TaskKind.ANSWER_SMS, msisdn, await _newest(msisdn, tx), patient_id)


async def _close_task(msisdn: Msisdn, tx: Tx) -> None:
    await tasks.done_about(tx, TaskKind.ANSWER_SMS, msisdn, await _newest(msisdn, tx))


async def _newest(msisdn: Msisdn, tx: Tx) -> str:
    newest = await tx.conn.fetchval("SELECT max(id) FROM sms WHERE peer = $1 AND direction = 'in'", msisdn)
    return f"sms/{newest}"


def this_morning(story: Story, letterhead: Letterhead) -> None:
    """A patient and a stranger wrote, and nobody has answered yet."""
    morning = datetime.combine(story.diary.today, EARLY, story.diary.zone)
    at = morning if morning + LATELY < story.diary.now else story.diary.now - LATELY
    patient = next(one for one in story.people[20:] if one.is_recognised and one.language == "zh_CN")
    thread = Thread(story, patient, letterhead)
    thread.writes(at, "医生您好，吃了新换的降压药有点头晕，还要继续吃吗？", is_unread=True)
    thread.robot(at + ON_ITS_WAY, Answer(text="not_understood", ends=True, needs_person=True))
    story.at(at + ON_ITS_WAY, SMS_SENDER, partial(_open_task, patient.msisdn, patient.id))
    stranger = Person(id=None, name="", sex="female", language="zh_CN", msisdn=STRANGER)
    question = "请问白内障手术大概多少钱？需要住院吗"
    other = Thread(story, stranger, letterhead)
    other.writes(at + 2 * ON_ITS_WAY, question, is_unread=True)
    other.robot(at + 3 * ON_ITS_WAY, Answer(text="unknown_sender", needs_person=True))
    story.at(at + 3 * ON_ITS_WAY, SMS_SENDER, partial(_ask, STRANGER, question))


async def _ask(msisdn: Msisdn, question: str, tx: Tx) -> None:
    await consultations.open_in(tx, msisdn, "sms", question)
    await _open_task(msisdn, None, tx)


def never_arrived(story: Story, letterhead: Letterhead) -> None:
    """The nurse wrote to a number that is nobody's any more, and to one that it reached."""
    yesterday = story.diary.today - timedelta(days=1)
    for place, (index, arrives) in enumerate(((31, False), (47, True), (58, True))):
        person = story.people[index % len(story.people)]
        at = datetime.combine(yesterday - timedelta(days=place), time(16, 5 + place), story.diary.zone)
        in_english = person.language == "en"
        text = (FOLLOW_UP_EN if in_english else FOLLOW_UP).format(who=person.polite, department="内科")
        thread = Thread(story, person, letterhead)
        (thread.answers if arrives else thread.never_arrives)(at, story.cast.nurse, text)


def helped(story: Story, letterhead: Letterhead) -> None:
    """What a machine can answer it answers."""
    day = story.diary.today - timedelta(days=2)
    alone = [one for one in story.people[60:80] if one.is_recognised and one.language == "zh_CN"]
    for number, person in enumerate(alone[:2]):
        at = datetime.combine(day, time(19, 10 + 7 * number), story.diary.zone)
        thread = Thread(story, person, letterhead)
        thread.writes(at, "帮助")
        thread.robot(at + ON_ITS_WAY, Answer(text="help", ends=True))
