"""Every sentence is there in both languages."""

import importlib
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po

from crm_core.calls import rules as call_rules
from crm_core.calls.model import AgentState
from crm_core.consent.model import Rule
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import PatientId
from crm_core.patients.model import TimelineEntry, TimelineKind
from crm_core.patients.timeline_code import TimelineCode
from crm_core.tasks.model import TaskKind
from dialer.outcomes import LOST
from overview.timeline import Told
from telephony import tracker
from web import catalogue, i18n, words
from web.timeline_words import SENTENCE, WITH_TEXT

pytestmark = pytest.mark.unit

ZONE = ZoneInfo("Asia/Shanghai")
NAMES = re.compile(r"{(\w+)}")
STAFF_MEET = (
    "crm_core.consent.errors",
    "crm_core.directory.errors",
    "crm_core.kernel.event_log",
    "crm_core.kernel.errors",
    "crm_core.kernel.msisdn",
    "crm_core.calls.errors",
    "crm_core.consultations.errors",
    "crm_core.patients.errors",
    "crm_core.scheduling.errors",
    "crm_core.tasks.errors",
    "crm_core.users.errors",
    "web.errors",
)


@pytest.fixture
def in_chinese() -> None:
    i18n.current_locale.set("zh_CN")


def test_every_sentence_has_its_chinese() -> None:
    chinese = {message.id: message.string for message in catalogue.updated("zh_CN") if message.id}
    assert [message for message, said in chinese.items() if not said] == []


def test_the_catalogue_holds_no_sentence_that_nobody_says() -> None:
    said = {message for message, _file in catalogue.messages()}
    with catalogue.path_of("zh_CN").open("rb") as file:
        known = {message.id for message in read_po(file) if message.id}
    assert known - said == set()


def test_a_translation_names_the_same_things() -> None:
    strays = [
        message.id
        for message in catalogue.updated("zh_CN")
        if message.id and set(NAMES.findall(str(message.id))) != set(NAMES.findall(str(message.string)))
    ]
    assert strays == []


def test_every_code_of_a_timeline_has_words_and_a_kind() -> None:
    assert set(TimelineCode) == set(SENTENCE)
    assert set(WITH_TEXT) <= set(SENTENCE)
    assert {code.kind.value for code in TimelineCode} <= set(words.TIMELINE_KIND)
    assert {f"task.{kind}" for kind in TaskKind} <= set(TimelineCode)


def test_every_error_staff_can_meet_has_words() -> None:
    kinds = [
        thing
        for module in STAFF_MEET
        for thing in vars(importlib.import_module(module)).values()
        if isinstance(thing, type) and issubclass(thing, HcrmError)
    ]
    assert {kind.code for kind in kinds} - set(words.ERROR) - {"error"} == set()


def test_every_rule_of_consent_has_words() -> None:
    assert {rule.value for rule in Rule if rule not in (Rule.ALLOWED, Rule.REPLY)} - set(words.RULE) == set()


def told(code: str, args: Mapping[str, object], text: str = "") -> Told:
    return Told(
        TimelineEntry(
            id=1,
            patient_id=PatientId(1),
            kind=TimelineKind.SMS,
            at=datetime(2026, 3, 2, tzinfo=UTC),
            code=code,
            args=args,
            ref="",
        ),
        text,
    )


@pytest.mark.usefixtures("in_chinese")
def test_an_entry_has_words_without_its_text_and_one_of_another_release_is_shown_as_it_is() -> None:
    assert words.entry_words(told("sms.sent", {}, "您好"), ZONE) == "发出短信：您好"
    assert words.entry_words(told("sms.sent", {}), ZONE) == "发出短信"
    assert words.entry_words(told("fax.sent", {}, "您好"), ZONE) == "fax.sent"
    assert words.entry_words(told("Fax sent: {to}", {"to": "武当"}), ZONE) == "Fax sent: 武当"


@pytest.mark.usefixtures("in_chinese")
def test_a_timeline_entry_is_said_in_the_readers_language_and_the_hospitals_time() -> None:
    args = {
        "department": "内科",
        "department_en": "Internal medicine",
        "practitioner": "王医生",
        "practitioner_en": "Dr Wang",
        "starts_at": "2026-03-02T02:00:00+00:00",
    }
    booked = told("appointment.booked", args)
    assert words.entry_words(booked, ZONE) == "预约成功：内科，王医生，3月2日 10:00"
    i18n.current_locale.set("en")
    assert words.entry_words(booked, ZONE) == "Appointment booked: Internal medicine, Dr Wang, 2 Mar 10:00"


def test_dates_are_said_as_people_say_them() -> None:
    moment = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    i18n.current_locale.set("zh_CN")
    assert (i18n.say_date(moment, ZONE), i18n.say_time(moment, ZONE)) == ("3月2日 周一", "07:30")
    i18n.current_locale.set("en")
    assert i18n.say_full_date(date(2026, 3, 2), ZONE) == "Mon 2 Mar 2026"
    assert [i18n.say_duration(seconds) for seconds in (7, 187, 3723)] == ["0:07", "3:07", "1:02:03"]


@pytest.mark.parametrize(
    ("wishes", "chosen"),
    [
        (("en", "zh-CN"), "en"),
        ((None, "fr-FR, zh-TW;q=0.8, en;q=0.5"), "zh_CN"),
        ((None, "fr"), "zh_CN"),
        (("", None), "zh_CN"),
    ],
)
def test_the_first_language_we_speak_is_spoken(wishes: tuple[str | None, ...], chosen: str) -> None:
    assert i18n.choose_locale(*wishes, default="zh_CN") == chosen


def test_age_counts_whole_years() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert words.age(date(2000, 3, 2), now) == 26
    assert words.age(date(2000, 3, 3), now) == 25


def test_why_a_call_of_ours_was_in_vain_is_said_in_words_and_its_result_can_be_chosen() -> None:
    reasons = set(tracker.REASONS.values()) - {"normal"}
    assert reasons | {LOST} == set(words.END_REASON)
    assert set(call_rules.SUGGESTED) <= reasons
    assert set(call_rules.SUGGESTED.values()) <= set(words.DISPOSITION)


def test_every_state_of_an_agent_has_a_word_and_every_reason_too() -> None:
    assert set(words.AGENT_STATE) == set(AgentState)
    assert call_rules.MISSED in words.STATE_REASON
    assert call_rules.MISSED not in words.BREAK_REASON  # nobody chooses it
