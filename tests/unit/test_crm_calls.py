"""The tables of calls and agents: forward only, and nothing in them can go wrong twice."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.calls import rules
from crm_core.calls.model import (
    Agent,
    AgentSignal,
    AgentState,
    Call,
    CallSignal,
    CallState,
    Direction,
    Leg,
    Standing,
)
from crm_core.drafts.model import Draft, Form, Subject
from crm_core.kernel.ids import CallId, Linkedid, Uniqueid, UserId

pytestmark = pytest.mark.unit

THIS = CallId(UUID(int=1))
OTHER = CallId(UUID(int=2))
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def agent(state: AgentState, call: CallId | None = None, after: AgentState = AgentState.AVAILABLE) -> Agent:
    return Agent(
        user_id=UserId(1),
        login="agent1",
        name="陈静",
        desk="desk-01",
        has_line=True,
        state=state,
        reason="",
        call_id=call,
        since=datetime(2026, 3, 2, tzinfo=UTC),
        after_call=after,
    )


@given(st.lists(st.sampled_from(CallSignal)))
def test_whatever_comes_in_whatever_order_what_has_ended_stays_ended(signals: list[CallSignal]) -> None:
    state, has_ended = CallState.RINGING, False
    for signal in signals:
        state = rules.next_call_state(state, signal) or state
        has_ended = has_ended or signal is CallSignal.ENDED
        assert (state is CallState.ENDED) == has_ended


@given(st.sampled_from(CallState), st.sampled_from(CallSignal))
def test_the_same_report_twice_is_as_good_as_once(state: CallState, signal: CallSignal) -> None:
    once = rules.next_call_state(state, signal) or state
    assert (rules.next_call_state(once, signal) or once) == once


def test_a_caller_goes_from_the_menu_to_the_queue_to_an_agent_and_back_to_the_queue() -> None:
    state = CallState.RINGING
    story = [
        (CallSignal.ANSWERED, CallState.IVR),
        (CallSignal.QUEUED, CallState.QUEUED),
        (CallSignal.CONNECTED, CallState.TALKING),
        (CallSignal.AGENT_LEFT, CallState.IVR),
        (CallSignal.QUEUED, CallState.QUEUED),
        (CallSignal.CONNECTED, CallState.TALKING),
        (CallSignal.ENDED, CallState.ENDED),
    ]
    for signal, expected in story:
        state = rules.next_call_state(state, signal) or state
        assert state is expected


def test_who_is_heard_late_to_have_been_queued_goes_on_talking() -> None:
    assert rules.next_call_state(CallState.TALKING, CallSignal.QUEUED) is None


@pytest.mark.parametrize("after", sorted(rules.CHOSEN))
def test_after_a_call_an_agent_is_what_they_chose_to_be(after: AgentState) -> None:
    wrapping_up = agent(AgentState.WRAP_UP, THIS, after)
    assert rules.next_agent_state(wrapping_up, AgentSignal.DISPOSITION_SET) is after


def test_a_call_that_reaches_an_agent_on_a_break_leaves_them_on_the_break_afterwards() -> None:
    assert rules.after_call(agent(AgentState.BREAK)) is AgentState.BREAK
    assert rules.after_call(agent(AgentState.ON_CALL, THIS, AgentState.OFFLINE)) is AgentState.OFFLINE


@pytest.mark.parametrize(
    ("state", "call", "signal", "is_news"),
    [
        (AgentState.AVAILABLE, None, AgentSignal.RANG, True),
        (AgentState.RINGING, THIS, AgentSignal.RANG, False),
        (AgentState.ON_CALL, OTHER, AgentSignal.RANG, False),
        (AgentState.WRAP_UP, THIS, AgentSignal.RANG, True),
        (AgentState.WRAP_UP, OTHER, AgentSignal.RANG, False),
        (AgentState.RINGING, THIS, AgentSignal.CONNECTED, True),
        (AgentState.ON_CALL, THIS, AgentSignal.CONNECTED, False),
        (AgentState.ON_CALL, OTHER, AgentSignal.CONNECTED, True),
        (AgentState.WRAP_UP, THIS, AgentSignal.CONNECTED, False),
        (AgentState.WRAP_UP, OTHER, AgentSignal.CONNECTED, True),
        (AgentState.ON_CALL, THIS, AgentSignal.CALL_OVER, True),
        (AgentState.ON_CALL, OTHER, AgentSignal.CALL_OVER, False),
        (AgentState.AVAILABLE, None, AgentSignal.DISPOSITION_SET, False),
    ],
)
def test_a_signal_concerns_an_agent_only_when_it_is_news_about_their_call(
    state: AgentState, call: CallId | None, signal: AgentSignal, is_news: bool
) -> None:
    assert rules.concerns(agent(state, call), signal, THIS) is is_news


ME, COLLEAGUE = UserId(1), UserId(2)


def call_of(agent_id: UserId | None) -> Call:
    return Call(
        id=THIS,
        linkedid=Linkedid("1.1"),
        uniqueid=Uniqueid("1.1"),
        direction=Direction.IN,
        caller=None,
        did="4000",
        patient_id=None,
        language="zh_CN",
        state=CallState.TALKING,
        path=(),
        flow_version="",
        queue="operators",
        started_at=NOW,
        answered_at=NOW,
        queued_at=NOW,
        connected_at=NOW,
        ended_at=None,
        end_reason="",
        agent_id=agent_id,
        agent_name="",
        agent_login="",
        disposition="the call's",
        notes="of the last agent",
        attempt_id=None,
    )


def leg_of(user_id: UserId, disposition: str = "") -> Leg:
    return Leg(
        call_id=THIS,
        user_id=user_id,
        agent_name="",
        agent_login="",
        connected_at=NOW,
        left_at=None,
        disposition=disposition,
        notes="",
    )


@pytest.mark.parametrize(
    ("agent_id", "spoke", "here", "is_own", "writes"),
    [
        (None, (), None, False, True),  # nobody had it: not mine, so the question who writes never comes up
        (None, (), AgentState.RINGING, True, True),
        (COLLEAGUE, (COLLEAGUE,), None, False, False),
        (COLLEAGUE, (COLLEAGUE,), AgentState.RINGING, True, True),  # it is transferred to me
        (COLLEAGUE, (ME, COLLEAGUE), None, True, True),  # I have transferred it
        (ME, (ME,), AgentState.WRAP_UP, True, True),
        (ME, (), None, True, True),
    ],
)
def test_a_call_is_theirs_who_have_it_spoke_in_it_or_hear_it_ring(
    agent_id: UserId | None, spoke: tuple[UserId, ...], here: AgentState | None, is_own: bool, writes: bool
) -> None:
    draft = Draft(subject=Subject(form=Form.CALL, call_id=THIS))
    legs = tuple(leg_of(user_id) for user_id in spoke)
    standing = Standing(call=call_of(agent_id), legs=legs, here=here, draft=draft)
    assert (rules.is_own(standing, ME), rules.writes_down(standing, ME)) == (is_own, writes)


def test_each_agent_reads_what_they_wrote_themselves() -> None:
    legs = [leg_of(ME, "first"), leg_of(COLLEAGUE, "theirs"), leg_of(ME, "second")]
    mine, others = rules.split(legs, ME)
    assert mine is not None
    assert (mine.disposition, [leg.disposition for leg in others]) == ("second", ["theirs"])
    assert rules.written_by(call_of(COLLEAGUE), mine, ME) == ("second", "")
    assert rules.written_by(call_of(COLLEAGUE), None, ME) == ("", "")
    assert rules.written_by(call_of(None), None, ME) == ("the call's", "of the last agent")
