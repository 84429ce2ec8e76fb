"""Stories: what the patient wrote and what came back, with the state written to JSON between any two texts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId, SlotId
from sms import gsm7, reading, segments, wording
from sms.conversations import engine
from sms.conversations.engine import Begin, Continue, IllegalFactError, Leave
from sms.conversations.model import (
    Answer,
    AppointmentChoice,
    Appointments,
    Book,
    Cancel,
    Confirm,
    DepartmentChoice,
    Departments,
    Done,
    Effect,
    Fact,
    FindAppointments,
    FindDepartments,
    FindSlots,
    Goal,
    Move,
    Person,
    Refused,
    Said,
    SlotChoice,
    Slots,
    Step,
    Talk,
    from_json,
    to_json,
)
from sms.letterhead import Letterhead
from sms.texts import en, zh_cn

pytestmark = pytest.mark.unit

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)
LETTERHEAD = Letterhead("示例医院", "Example Hospital", ZONE)
ZHANG, LI = Person(PatientId(1), "张三丰"), Person(PatientId(2), "李小龙")
DEPARTMENTS = (
    DepartmentChoice(DepartmentId(1), "内科", "Internal medicine", ("发烧", "感冒")),
    DepartmentChoice(DepartmentId(2), "妇科", "Gynaecology", ()),
)
SLOTS = tuple(
    SlotChoice(SlotId(number), NOW + timedelta(hours=22 + number), "王建国", "Wang Jianguo") for number in range(1, 9)
)
MINE = AppointmentChoice(AppointmentId(5), ZHANG.id, ZHANG.name, DepartmentId(1), SLOTS[0])
HERS = AppointmentChoice(AppointmentId(6), LI.id, LI.name, DepartmentId(2), SLOTS[1])


@dataclass
class Hospital:
    """Answers effects like the real one, and remembers what was done."""

    people: tuple[Person, ...] = (ZHANG,)
    free: Sequence[SlotChoice] = SLOTS
    appointments: tuple[AppointmentChoice, ...] = ()
    departments: tuple[DepartmentChoice, ...] = DEPARTMENTS
    refusals: list[str] = field(default_factory=list)
    done: list[Effect] = field(default_factory=list)
    state: str | None = None
    said: Answer | None = None

    def text(self, text: str) -> Answer:
        """One text of the patient's, and the answer."""
        talk = from_json(json.loads(self.state)) if self.state else None
        match engine.decide(text, talk):
            case Begin(goal, rest):
                turn = engine.begin(goal, self.people, Said(rest, NOW))
            case Continue() if talk is not None:
                turn = engine.advance(talk, Said(reading.plain(text), NOW))
            case Leave() if talk is not None:
                turn = (talk, engine.stopped())
            case decision:
                raise AssertionError(decision)
        while not isinstance(turn[1], Answer):
            turn = engine.advance(turn[0], self.perform(turn[1]))
        talk, self.said = turn[0], turn[1]
        self.state = None if self.said.ends else json.dumps(to_json(talk))
        return self.said

    def perform(self, effect: Effect) -> Fact:
        match effect:
            case FindDepartments():
                return Departments(self.departments)
            case FindSlots(_, after, window):
                found = [slot for slot in self.free if after is None or slot.id > after]
                found = [slot for slot in found if window is None or window.start <= slot.starts_at < window.end]
                return Slots(tuple(found[:5]), has_more=len(found) > 5)
            case FindAppointments():
                return Appointments(self.appointments)
            case _ if self.refusals:
                return Refused(self.refusals.pop())
            case _:
                self.done.append(effect)
                return Done()

    def words(self, language: str = "zh_CN") -> str:
        """The last answer as the patient reads it."""
        assert self.said is not None
        return wording.written(self.said, language, LETTERHEAD)


def test_a_known_patient_books_with_four_texts() -> None:
    hospital = Hospital()
    assert [hospital.text(text).text for text in ("预约", "1", "1", "1")] == ["departments", "slots", "sure", "booked"]
    assert hospital.done == [Book(ZHANG.id, SLOTS[0].id)]
    assert hospital.words() == (
        "【示例医院】预约成功：11月24日(周二)09:00 王建国医生。请带好证件，提前15分钟到院。不能来请回复“取消”。"
    )


def test_naming_the_department_saves_a_text() -> None:
    hospital = Hospital()
    assert [hospital.text(text).text for text in ("预约 妇科", "１", "好的")] == ["slots", "sure", "booked"]


def test_what_ails_them_finds_the_department() -> None:
    hospital = Hospital()
    assert hospital.text("预约，我感冒了").text == "slots"


def test_a_wished_time_is_offered_first() -> None:
    hospital = Hospital()
    hospital.text("预约 内科 明天下午")
    assert hospital.said is not None
    assert [option.id for option in hospital.said.options] == [4, 5, 6, 7, 8]  # noon and later


def test_when_the_wished_time_is_gone_others_are_offered() -> None:
    hospital = Hospital()
    answer = hospital.text("预约 内科 周日")
    assert (answer.text, answer.note, len(answer.options)) == ("slots", "no_slots_then", 5)


def test_a_family_says_who_it_is_for_and_needs_no_fifth_text() -> None:
    hospital = Hospital(people=(ZHANG, LI))
    assert [hospital.text(text).text for text in ("预约", "2", "1", "1")] == ["who", "departments", "slots", "booked"]
    assert hospital.done == [Book(LI.id, SLOTS[0].id)]
    assert "李小龙，预约成功" in hospital.words()


def test_a_family_may_answer_with_a_name() -> None:
    hospital = Hospital(people=(ZHANG, LI))
    hospital.text("预约")
    assert hospital.text("李小龙").text == "departments"


def test_somebody_faster_is_told_of_and_others_are_offered() -> None:
    hospital = Hospital(refusals=["slot_full"])
    for text in ("预约", "1", "1"):
        hospital.text(text)
    answer = hospital.text("1")
    assert (answer.text, answer.note) == ("slots", "slot_full")
    assert hospital.words().startswith("【示例医院】抱歉，这个时间刚被约满。可预约时间")
    assert [hospital.text(text).text for text in ("2", "1")] == ["sure", "booked"]


@pytest.mark.parametrize(
    ("code", "words"),
    [("appointments_overlap", "您在这个时间已有其他预约。"), ("too_many_that_day", "您当天的预约数已达上限。")],
)
@pytest.mark.parametrize(
    ("begun", "ended"), [(("预约", "1", "1"), "booked"), (("改期", "1"), "moved")], ids=["book", "move"]
)
def test_who_has_other_appointments_then_is_told_and_goes_on(
    code: str, words: str, begun: tuple[str, ...], ended: str
) -> None:
    hospital = Hospital(refusals=[code], appointments=(MINE,))
    for text in begun:
        hospital.text(text)
    assert hospital.text("1").text == "slots"
    assert hospital.words().startswith(f"【示例医院】{words}可预约时间")
    assert [hospital.text(text).text for text in ("2", "1")][-1] == ended


def test_the_last_place_gone_everywhere_ends_with_a_person() -> None:
    hospital = Hospital(refusals=["slot_full"], departments=DEPARTMENTS[:1])
    for text in ("预约", "1", "1"):
        hospital.text(text)
    hospital.free = ()
    answer = hospital.text("1")
    assert (answer.text, answer.ends, answer.needs_person) == ("no_slots", True, True)


def test_more_times_come_on_request_and_run_out_politely() -> None:
    hospital = Hospital()
    hospital.text("预约 内科")
    hospital.text("更多")
    assert hospital.said is not None
    assert [option.id for option in hospital.said.options] == [6, 7, 8]
    assert hospital.text("3").slot == SLOTS[7]


def test_no_shows_the_times_again() -> None:
    hospital = Hospital()
    assert [hospital.text(text).text for text in ("预约 内科", "1", "2")] == ["slots", "sure", "slots"]


def test_nonsense_is_asked_again_twice_and_then_a_person_helps() -> None:
    hospital = Hospital()
    hospital.text("预约")
    assert [hospital.text("嗯哼").note for _ in range(2)] == ["no_such_choice"] * 2
    answer = hospital.text("嗯哼")
    assert (answer.text, answer.needs_person, answer.ends) == ("not_understood", True, True)


def test_leaving_a_conversation_changes_nothing() -> None:
    hospital = Hospital()
    hospital.text("预约")
    assert hospital.text("取消").text == "stopped"
    assert (hospital.done, hospital.state) == ([], None)


def test_another_keyword_starts_another_conversation() -> None:
    hospital = Hospital(appointments=(MINE,))
    hospital.text("预约")
    assert hospital.text("查询").text == "appointments"


def test_cancelling_takes_two_texts() -> None:
    hospital = Hospital(appointments=(MINE,))
    assert [hospital.text(text).text for text in ("取消", "1")] == ["sure_cancel", "cancelled"]
    assert hospital.done == [Cancel(MINE.id)]


def test_keeping_an_appointment_is_one_answer() -> None:
    hospital = Hospital(appointments=(MINE,))
    assert [hospital.text(text).text for text in ("取消", "2")] == ["sure_cancel", "kept"]
    assert hospital.done == []


def test_with_several_appointments_the_patient_says_which() -> None:
    hospital = Hospital(people=(ZHANG, LI), appointments=(MINE, HERS))
    assert hospital.text("取消").text == "which_appointment"
    assert "2. 李小龙 " in hospital.words()
    assert [hospital.text(text).text for text in ("2", "确认")] == ["sure_cancel", "cancelled"]
    assert hospital.done == [Cancel(HERS.id)]


def test_confirming_is_one_text() -> None:
    hospital = Hospital(appointments=(MINE,))
    assert hospital.text("确认").text == "confirmed"
    assert hospital.done == [Confirm(MINE.id)]


def test_moving_offers_times_of_the_same_department() -> None:
    hospital = Hospital(appointments=(MINE,))
    assert [hospital.text(text).text for text in ("改期", "2", "1")] == ["slots", "sure_move", "moved"]
    assert hospital.done == [Move(MINE.id, SLOTS[1].id)]


def test_moving_to_a_named_day() -> None:
    hospital = Hospital(appointments=(MINE,))
    answer = hospital.text("改期到明天下午")
    assert [option.id for option in answer.options] == [4, 5, 6, 7, 8]


@pytest.mark.parametrize("text", ["取消", "查询", "确认", "改期"])
def test_without_an_appointment_that_is_said(text: str) -> None:
    assert Hospital().text(text).text == "no_appointments"


def test_nothing_free_anywhere_is_said_and_a_person_calls() -> None:
    answer = Hospital(departments=()).text("预约")
    assert (answer.text, answer.needs_person) == ("no_departments", True)


def test_a_full_department_offers_the_others() -> None:
    hospital = Hospital(free=())
    answer = hospital.text("预约 内科")
    assert (answer.text, answer.note, answer.options) == ("departments", "department_full", DEPARTMENTS[1:])


def test_what_does_not_belong_here_is_illegal() -> None:
    with pytest.raises(IllegalFactError):
        engine.advance(Talk(goal=Goal.QUERY, people=(ZHANG,), step=Step.SLOT), Said("1", NOW))


def test_the_state_of_another_release_is_forgotten() -> None:
    assert from_json({"goal": "flying", "people": []}) is None
    assert from_json({}) is None


def test_every_state_survives_the_database() -> None:
    talk = Talk(goal=Goal.MOVE, people=(ZHANG, LI), step=Step.SURE, slot=SLOTS[0], appointment=MINE, slots=SLOTS)
    assert from_json(json.loads(json.dumps(to_json(talk)))) == talk


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    assert zh_cn.TEXTS.keys() == en.TEXTS.keys()
    assert {key: fields(text) for key, text in zh_cn.TEXTS.items()} == {k: fields(t) for k, t in en.TEXTS.items()}


def test_english_needs_no_second_alphabet() -> None:
    assert [text for text in en.TEXTS.values() if not all(gsm7.septets_of(char) for char in text)] == []


def test_a_list_of_times_is_short_enough() -> None:
    answer = Answer(text="slots", options=SLOTS[:5], has_more=True)
    assert segments.size(wording.written(answer, "zh_CN", LETTERHEAD)).segments <= 3
    assert wording.written(answer, "en", LETTERHEAD).splitlines()[1] == "1. Tue 24 Nov 09:00 Wang Jianguo"


@pytest.mark.parametrize("key", [key for key in zh_cn.TEXTS if key not in ("departments",)])
def test_no_text_names_a_department(key: str) -> None:
    answer = (
        Answer(text=key, slot=SLOTS[0], person=ZHANG) if not key.startswith(("note.", "more", "reminder")) else None
    )
    text = wording.written(replace(answer, options=SLOTS[:2]), "zh_CN", LETTERHEAD) if answer else zh_cn.TEXTS[key]
    assert not any(department.name in text for department in DEPARTMENTS)
