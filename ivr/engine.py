"""A call as a pure state machine: `advance(flow, session, said) -> (session, effect)`. No clock, no I/O."""

from dataclasses import replace

from ivr.facts import Facts
from ivr.flow import (
    MAX_STEPS,
    Ask,
    Digits,
    Effect,
    Enqueue,
    Failed,
    Flow,
    Goto,
    Hangup,
    Input,
    Memo,
    Move,
    Play,
    Played,
    Session,
    UnexpectedInputError,
    Voicemail,
    Way,
)
from ivr.phrases import phrase

Step = tuple[Session, Effect]


def start(flow: Flow, facts: Facts) -> Step:
    """The first effect of a call."""
    patient = facts.patient
    session = Session(
        flow=flow.name,
        version=flow.version,
        facts=facts,
        language=patient.language if patient else facts.language,
        patient=patient,
        appointment=facts.appointment,
    )
    return _settle(flow, (session, Goto(flow.start)))


def advance(flow: Flow, session: Session, said: Input) -> Step:
    """One answer in, the next effect out. Raises UnexpectedInputError when nothing of the kind was asked."""
    if session.is_over:
        raise UnexpectedInputError("the flow is over")
    if session.is_failing:
        return _to_fallback(flow, session)
    match said:
        case Failed():
            apology = Play(phrase(session.language, "apology"), barge_in=False)
            return replace(session, is_failing=True, typed=""), apology
        case Played(key):
            heard = replace(session, typed=session.typed + key)
            return _settle(flow, flow.nodes[heard.node].hear(heard, Played()))
        case _:
            return _settle(flow, flow.nodes[session.node].hear(session, said))


def _settle(flow: Flow, move: Move) -> Step:
    """Follow the flow until the world must do something."""
    while True:
        call, result = move
        match result:
            case Goto(_) if call.steps >= MAX_STEPS:
                return _to_fallback(flow, call)
            case Goto(target):
                move = _enter(flow, call, _named(flow, target))
            case Play(_, barge_in=True) if call.typed:
                move = flow.nodes[call.node].hear(call, Played())
            case Ask(max_digits=1) if call.typed:
                move = flow.nodes[call.node].hear(replace(call, typed=call.typed[1:]), Digits(call.typed[0]))
            case Ask() if call.typed:
                return replace(call, typed=""), replace(result, prompt=(), already=call.typed)
            case Enqueue() | Voicemail() | Hangup():
                return replace(call, is_over=True), result
            case _:
                return call, result


def _enter(flow: Flow, call: Session, name: str) -> Move:
    arrived = replace(call, node=name, memo=Memo(), steps=call.steps + 1, path=(*call.path, name))
    return flow.nodes[name].enter(arrived)


def _to_fallback(flow: Flow, call: Session) -> Step:
    return replace(call, node=flow.fallback, path=(*call.path, flow.fallback), is_over=True), Enqueue(flow.queue)


def _named(flow: Flow, target: str | Way) -> str:
    match target:
        case Way.PERSON:
            return flow.person
        case Way.FALLBACK:
            return flow.fallback
        case _:
            return target
