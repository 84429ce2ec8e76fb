"""Calls as values: patience, barge-in, failures, and no flow that goes round for ever."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from crm_core.kernel.ids import Msisdn, PatientId
from ivr import state
from ivr.definition import read
from ivr.engine import advance, start
from ivr.facts import Facts, Person
from ivr.flow import (
    MAX_STEPS,
    Appointments,
    Ask,
    Digits,
    Done,
    Effect,
    Enqueue,
    Failed,
    FindByCallerId,
    Flow,
    Hangup,
    Input,
    PatientsFound,
    Play,
    Played,
    Session,
    TimedOut,
    UnexpectedInputError,
    Voicemail,
)
from ivr.prompt import Text
from ivr.rehearsal import Sample, facts, rehearse

pytestmark = pytest.mark.unit

IVR = Path(__file__).parents[2] / "ivr"
NOW = datetime(2026, 11, 20, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
FACTS = Facts(now=NOW, hospital=Text("仁和医院", "Renhe Hospital"), caller=Msisdn("+8613800138000"))
BOTH = {"zh_CN": "请按一。", "en": "Press one."}


def shipped(name: str) -> Flow:
    return read(json.loads((IVR / "flows" / f"{name}.json").read_text("utf-8")), version=3)


def small(nodes: Mapping[str, Any], begin: str) -> Flow:
    queue = {"operators": {"type": "queue"}}
    roles = {"start": begin, "person": "operators", "fallback": "operators"}
    return read({"schema": 1, "name": "small", **roles, "nodes": {**nodes, **queue}})


MENU = small({"main": {"type": "menu", "say": BOTH, "keys": {"1": "operators"}}}, "main")


def at_menu() -> tuple[Session, Effect]:
    flow = shipped("hotline")
    session, effect = start(flow, FACTS)
    while not isinstance(effect, Ask):
        found = PatientsFound(()) if isinstance(effect, FindByCallerId) else Played()
        session, effect = advance(flow, session, found)
    return session, effect


def test_three_silences_send_the_caller_to_the_desk() -> None:
    session, effect = start(MENU, FACTS)
    for _ in range(3):
        session, effect = advance(MENU, session, TimedOut())
    assert effect == Enqueue("operators")
    assert session.path == ("main", "operators")


def test_a_call_that_is_over_hears_nothing() -> None:
    session, _ = start(MENU, FACTS)
    session, _ = advance(MENU, session, Digits("1"))
    with pytest.raises(UnexpectedInputError):
        advance(MENU, session, Digits("1"))


def test_an_answer_to_what_nobody_asked_is_a_fault() -> None:
    flow = shipped("hotline")
    session, effect = at_menu()
    assert isinstance(effect, Ask)
    with pytest.raises(UnexpectedInputError, match="main"):
        advance(flow, session, Done())


def test_a_failure_is_apologised_for_once_and_then_a_person_takes_over() -> None:
    flow = shipped("hotline")
    session, _ = at_menu()
    session, effect = advance(flow, session, Failed("database_unavailable"))
    assert isinstance(effect, Play)
    assert not effect.barge_in
    for answer in (Played(), Failed("speech_failed"), Done()):
        _, ending = advance(flow, session, answer)
        assert ending == Enqueue("operators")


def test_a_caller_who_goes_round_and_round_is_given_to_a_person() -> None:
    flow = small({"main": {"type": "menu", "say": BOTH, "keys": {"1": "main"}}}, "main")
    session, effect = start(flow, FACTS)
    pressed = 0
    while isinstance(effect, Ask):
        session, effect = advance(flow, session, Digits("1"))
        pressed += 1
    assert effect == Enqueue("operators")
    assert pressed == MAX_STEPS


def test_digits_pressed_early_begin_the_number_that_is_asked_next() -> None:
    flow = small(
        {
            "hello": {"type": "say", "say": BOTH, "next": "room"},
            "room": {"type": "gather", "say": BOTH, "into": "room", "max_digits": 3, "next": "operators"},
        },
        "hello",
    )
    session, _ = start(flow, FACTS)
    session, effect = advance(flow, session, Played("1"))
    assert isinstance(effect, Ask)
    assert (effect.already, effect.prompt) == ("1", ())
    session, effect = advance(flow, session, Digits("101"))
    assert session.variables == {"room": "101"}


def test_a_text_that_must_be_heard_is_not_cut_short() -> None:
    flow = small({"hello": {"type": "say", "say": BOTH, "barge_in": False, "next": "operators"}}, "hello")
    _, effect = start(flow, FACTS)
    assert isinstance(effect, Play)
    assert not effect.barge_in


def test_a_patient_is_not_booked_for_before_they_are_known() -> None:
    flow = small({"book": {"type": "book", "next": "operators", "back": "operators"}}, "book")
    _, effect = start(flow, FACTS)
    assert effect == Enqueue("operators")


def test_the_call_ends_on_the_version_it_began_with() -> None:
    session, _ = start(shipped("hotline"), FACTS)
    assert (session.flow, session.version) == ("hotline", 3)


def test_a_patient_without_appointments_hears_so() -> None:
    flow = small(
        {"mine": {"type": "appointments", "chosen": "operators", "none": "operators", "back": "operators"}}, "mine"
    )
    patient = Person(id=PatientId(1), name="张三丰")
    session, _ = start(flow, Facts(now=NOW, hospital=FACTS.hospital, patient=patient))
    _, effect = advance(flow, session, Appointments(()))
    assert isinstance(effect, Play)
    assert "没有预约" in effect.prompt[0].text


def test_personal_data_does_not_show_in_repr() -> None:
    session, effect = start(shipped("reminder"), Facts(now=NOW, hospital=FACTS.hospital, caller=FACTS.caller))
    shown = repr((session, effect, Digits("10000001"), Person(id=PatientId(1), name="张三丰")))
    assert "张三丰" not in shown
    assert "138" not in shown
    assert "10000001" not in shown


KEYS = st.text("0123456789*#", min_size=1, max_size=8)
FLOWS = {name: shipped(name) for name in ("hotline", "reminder")}


@cache
def booked_sample() -> Sample:
    written = json.loads((IVR / "sample_hospital.json").read_text("utf-8"))
    return TypeAdapter(Sample).validate_python(
        written | {"appointments": [{"id": 1, "patient": 1, "slot": 1}, {"id": 2, "patient": 1, "slot": 7}]}
    )


@settings(max_examples=300, deadline=None)
@given(
    doings=st.lists(st.one_of(KEYS, st.just(""), st.just("down"), st.sampled_from("0123456789*#")), max_size=60),
    caller=st.sampled_from(["", "+8613800138000", "+8613800138001", "+8613900000000"]),
    name=st.sampled_from(["hotline", "reminder"]),
)
def test_whatever_a_caller_does_the_call_ends_and_every_state_survives_json(
    doings: list[str], caller: str, name: str
) -> None:
    flow, hospital = FLOWS[name], rehearse(booked_sample())
    known = facts(hospital, caller=caller, language="zh_CN", about=next(iter(hospital.appointments)))
    session, effect = start(flow, known)
    queue = iter(doings)
    for _ in range(2_000):
        assert state.session_from_json(state.session_to_json(session)) == session
        assert state.effect_from_json(state.effect_to_json(effect)) == effect
        match effect:
            case Enqueue() | Voicemail() | Hangup():
                return
            case Play():
                said: Input = Played()
            case Ask():
                said = _said(next(queue, ""))
            case _:
                said = hospital.answer(effect)
        session, effect = advance(flow, session, said)
    pytest.fail("the call never ends")


def _said(doing: str) -> Input:
    if doing == "down":
        return Failed("database_unavailable")
    return Digits(doing) if doing else TimedOut()
