"""The tables of calls and agents: forward only, and nothing in them can go wrong twice."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.calls import rules
from crm_core.calls.model import Agent, AgentSignal, AgentState, CallSignal, CallState
from crm_core.kernel.ids import CallId, UserId

pytestmark = pytest.mark.unit

THIS = CallId(UUID(int=1))
OTHER = CallId(UUID(int=2))


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
