"""What a signal does to a call and to an agent: two tables. A signal that is in neither changes nothing.

Signals come from the telephone exchange: twice, late, or in another order than things happened. So the tables never
raise; they only move forward, and what has ended stays ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from crm_core.calls.model import Agent, AgentSignal, AgentState, Call, CallSignal, CallState, Direction, Leg, Standing
from crm_core.kernel import calendar
from crm_core.kernel.ids import CallId, UserId
from crm_core.patients.timeline_code import TimelineCode

_CALL: dict[tuple[CallState, CallSignal], CallState] = {
    (CallState.RINGING, CallSignal.ANSWERED): CallState.IVR,
    (CallState.RINGING, CallSignal.QUEUED): CallState.QUEUED,
    (CallState.RINGING, CallSignal.CONNECTED): CallState.TALKING,
    (CallState.RINGING, CallSignal.ENDED): CallState.ENDED,
    (CallState.IVR, CallSignal.QUEUED): CallState.QUEUED,
    (CallState.IVR, CallSignal.CONNECTED): CallState.TALKING,
    (CallState.IVR, CallSignal.ENDED): CallState.ENDED,
    (CallState.QUEUED, CallSignal.CONNECTED): CallState.TALKING,
    (CallState.QUEUED, CallSignal.ENDED): CallState.ENDED,
    (CallState.TALKING, CallSignal.CONNECTED): CallState.TALKING,  # another agent: a transfer
    (
        CallState.TALKING,
        CallSignal.AGENT_LEFT,
    ): CallState.IVR,  # back in the machine's hands: a transfer, or the end is near
    (CallState.TALKING, CallSignal.ENDED): CallState.ENDED,
}

_AGENT: dict[tuple[AgentState, AgentSignal], AgentState] = {
    (AgentState.AVAILABLE, AgentSignal.RANG): AgentState.RINGING,
    (AgentState.WRAP_UP, AgentSignal.RANG): AgentState.RINGING,  # only by the call they are in wrap-up of: it came back
    (AgentState.RINGING, AgentSignal.RING_STOPPED): AgentState.AVAILABLE,
    (AgentState.RINGING, AgentSignal.CALL_OVER): AgentState.AVAILABLE,
    (AgentState.RINGING, AgentSignal.CONNECTED): AgentState.ON_CALL,
    (AgentState.AVAILABLE, AgentSignal.CONNECTED): AgentState.ON_CALL,
    (AgentState.OFFLINE, AgentSignal.CONNECTED): AgentState.ON_CALL,
    (AgentState.BREAK, AgentSignal.CONNECTED): AgentState.ON_CALL,
    (AgentState.WRAP_UP, AgentSignal.CONNECTED): AgentState.ON_CALL,
    (AgentState.ON_CALL, AgentSignal.CONNECTED): AgentState.ON_CALL,  # another call
    (AgentState.ON_CALL, AgentSignal.CALL_OVER): AgentState.WRAP_UP,
    (AgentState.ON_CALL, AgentSignal.WRITTEN_CALL_OVER): AgentState.AVAILABLE,
    (AgentState.RINGING, AgentSignal.WRITTEN_CALL_OVER): AgentState.AVAILABLE,
    (AgentState.CALLING, AgentSignal.WRITTEN_CALL_OVER): AgentState.AVAILABLE,
    (AgentState.WRAP_UP, AgentSignal.DISPOSITION_SET): AgentState.AVAILABLE,
    (AgentState.WRAP_UP, AgentSignal.WRAP_UP_OVER): AgentState.AVAILABLE,
    (AgentState.AVAILABLE, AgentSignal.DIALLED): AgentState.CALLING,
    (AgentState.OFFLINE, AgentSignal.DIALLED): AgentState.CALLING,
    (AgentState.BREAK, AgentSignal.DIALLED): AgentState.CALLING,
    (AgentState.WRAP_UP, AgentSignal.DIALLED): AgentState.CALLING,
    (AgentState.CALLING, AgentSignal.CONNECTED): AgentState.ON_CALL,
    (AgentState.CALLING, AgentSignal.CALL_OVER): AgentState.WRAP_UP,  # also when nobody answered: that is written down
    (AgentState.AVAILABLE, AgentSignal.ASKED): AgentState.RINGING,
    (AgentState.OFFLINE, AgentSignal.ASKED): AgentState.RINGING,
    (AgentState.BREAK, AgentSignal.ASKED): AgentState.RINGING,
    (AgentState.RINGING, AgentSignal.ASK_ANSWERED): AgentState.ON_CALL,
    (AgentState.RINGING, AgentSignal.ASK_OVER): AgentState.AVAILABLE,
    (AgentState.ON_CALL, AgentSignal.ASK_OVER): AgentState.AVAILABLE,  # they have nothing to write down
}

CHOSEN = frozenset({AgentState.OFFLINE, AgentState.AVAILABLE, AgentState.BREAK})
BUSY = frozenset({AgentState.RINGING, AgentState.CALLING, AgentState.ON_CALL})
MISSED = "missed"  # the reason of an agent who did not answer and was set not ready
SUGGESTED = {  # what an agent would write about a call of theirs that nobody answered, by its end_reason
    "busy": "nobody_there",
    "rejected": "nobody_there",
    "no answer": "nobody_there",
    "absent": "nobody_there",
    "no such number": "wrong_number",
}
_ASKING = frozenset({AgentSignal.ASK_ANSWERED, AgentSignal.ASK_OVER})


def next_call_state(state: CallState, signal: CallSignal) -> CallState | None:
    """None: nothing changes."""
    return _CALL.get((state, signal))


def next_agent_state(agent: Agent, signal: AgentSignal) -> AgentState | None:
    """None: nothing changes. Where the table says available, it is what the agent chose to be after the call."""
    state = _AGENT.get((agent.state, signal))
    return agent.after_call if state is AgentState.AVAILABLE else state


def after_call(agent: Agent) -> AgentState:
    """What an agent will be when a call that reaches them now is over: as before it."""
    return agent.state if agent.state in CHOSEN else agent.after_call


def concerns(agent: Agent, what: AgentSignal, call_id: CallId) -> bool:
    """Whether the signal is news. A ring or an answer comes from outside; all else is about the call they are in."""
    same, is_asked = agent.call_id == call_id, agent.asked_by is not None
    match what:
        case AgentSignal.RANG:
            return agent.call_id is None or (same and agent.state is AgentState.WRAP_UP)
        case AgentSignal.CONNECTED:  # in wrap-up of this call without a new ring: heard before
            return is_asked or not (same and agent.state in (AgentState.WRAP_UP, AgentState.ON_CALL))
        case AgentSignal.DIALLED:
            return not same
        case AgentSignal.ASKED:
            return agent.call_id is None
        case _:
            return same and is_asked is (what in _ASKING)


def told(agent: Agent, what: AgentSignal, call_id: CallId, asked_by: UserId | None = None) -> Agent | None:
    """The agent after a signal; None when it changes nothing."""
    state = next_agent_state(agent, what) if concerns(agent, what, call_id) else None
    if state is None:
        return None
    return replace(
        agent,
        state=state,
        call_id=None if state in CHOSEN else call_id,
        after_call=after_call(agent),
        missed_rings=0 if what is AgentSignal.CONNECTED else agent.missed_rings,
        asked_by=asked_by or (agent.asked_by if what is AgentSignal.ASK_ANSWERED else None),
    )


def missed_ring(free: Agent, most: int) -> Agent:
    """An agent whose ring stopped unanswered. After `most` running they are set not ready; 0: never."""
    missed = free.missed_rings + 1
    if not most or missed < most or free.state is not AgentState.AVAILABLE:
        return replace(free, missed_rings=missed)
    return replace(free, missed_rings=missed, state=AgentState.BREAK, reason=MISSED)


def split(legs: Sequence[Leg], user_id: UserId | None) -> tuple[Leg | None, list[Leg]]:
    """This person's newest leg, and everybody else's, in the order of time."""
    own = [leg for leg in legs if leg.user_id == user_id]
    return own[-1] if own else None, [leg for leg in legs if leg.user_id != user_id]


def is_own(standing: Standing, user_id: UserId) -> bool:
    """Whether it is this person's call: they have it, spoke in it, or it rings at their desk."""
    own, _others = split(standing.legs, user_id)
    return standing.call.agent_id == user_id or own is not None or standing.here is not None


def writes_down(standing: Standing, user_id: UserId | None) -> bool:
    """Whether this person says how the call ended: who spoke in it, also before a transfer, or whom it reaches now."""
    own, _others = split(standing.legs, user_id)
    reaches = standing.here in BUSY and not standing.asked_by
    return own is not None or standing.call.agent_id in (None, user_id) or reaches


def written_by(call: Call, own: Leg | None, user_id: UserId | None) -> tuple[str, str]:
    """Disposition and notes that this person wrote about this call."""
    if own is not None:
        return own.disposition, own.notes
    return (call.disposition, call.notes) if call.agent_id in (None, user_id) else ("", "")


def begins_with(standing: Standing, user_id: UserId | None) -> Mapping[str, str]:
    """What the forms about a call begin with for this person: their draft, over what they saved or would write."""
    own, _others = split(standing.legs, user_id)
    disposition, notes = written_by(standing.call, own, user_id)
    return {"disposition": disposition or suggested(standing.call), "notes": notes, **standing.draft.fields}


def is_open(standing: Standing, now: datetime, zone: tzinfo) -> bool:
    """Whether its agents may still say how the call ended: on the day itself, or while it is at their desk."""
    ended_at = standing.call.ended_at
    return standing.here is not None or ended_at is None or ended_at >= calendar.day_start(now, zone)


def suggested(call: Call) -> str:
    """The disposition a call of ours speaks for by itself, "" when it does not."""
    is_unanswered = call.direction is Direction.OUT and call.ended_at is not None and call.connected_at is None
    return SUGGESTED.get(call.end_reason, "") if is_unanswered else ""


def is_missed(before_end: Call) -> bool:
    """A patient was waiting for a person when the call ended; in a call of ours too, after asking for one."""
    return before_end.state is CallState.QUEUED


def was_missed(ended: Call) -> bool:
    """The same, looked at later."""
    return ended.queued_at is not None and ended.connected_at is None


def timeline_code(ended: Call, *, missed: bool) -> TimelineCode:
    """What the patient's timeline says of it."""
    unanswered, by_agent, by_machine, nobody = TIMELINE_CODES[ended.direction]
    if missed:
        return nobody
    if ended.connected_at is not None:
        return by_agent
    return by_machine if ended.answered_at is not None else unanswered


TIMELINE_CODES = {
    Direction.IN: (
        TimelineCode.IN_UNANSWERED,
        TimelineCode.IN_ANSWERED,
        TimelineCode.IN_MENU,
        TimelineCode.IN_MISSED,
    ),
    Direction.OUT: (
        TimelineCode.OUT_UNANSWERED,
        TimelineCode.OUT_ANSWERED,
        TimelineCode.OUT_MACHINE,
        TimelineCode.OUT_MISSED,
    ),
}
