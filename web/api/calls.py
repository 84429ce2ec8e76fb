"""`/calls`: the call log, and click to dial."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from crm_core.calls import desk
from crm_core.calls.model import Direction, Leg
from crm_core.kernel import cursor
from crm_core.kernel.ids import CallId
from crm_core.kernel.once import once_outside
from crm_core.users.rights import Right
from overview import calls
from overview.calls import CallLine, Wanted
from web.api.endpoint import Ask, Endpoint, Model, NoBody, NoQuery, Page, PageQuery
from web.values import Line, Moment, PhoneAsTyped, Subscriber


class LegOut(BaseModel):
    """One agent in a call; `left_at` is null while they speak."""

    agent: str | None
    connected_at: AwareDatetime
    left_at: AwareDatetime | None
    disposition: str

    @classmethod
    def of(cls, leg: Leg) -> "LegOut":
        """From the call log."""
        return cls(
            agent=leg.agent_login, connected_at=leg.connected_at, left_at=leg.left_at, disposition=leg.disposition
        )


class CallOut(BaseModel):
    """`caller` is the patient's number in both directions; `path` the node ids in order; `agent` a login.

    `legs` are the agents who spoke, in order; `agent` and `disposition` are the last one's.
    """

    id: UUID
    direction: Direction
    caller: str | None
    did: str
    patient_id: int | None
    state: str
    language: str
    started_at: AwareDatetime
    answered_at: AwareDatetime | None
    queued_at: AwareDatetime | None
    connected_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    end_reason: str
    path: list[str]
    agent: str | None
    disposition: str
    legs: list[LegOut]
    recording_id: UUID | None

    @classmethod
    def of(cls, line: CallLine) -> "CallOut":
        """From the call log."""
        return cls(
            **{name: getattr(line.call, name) for name in _SAME},
            path=list(line.call.path),
            agent=line.call.agent_login or None,
            legs=[LegOut.of(leg) for leg in line.legs],
            recording_id=line.recording_id,
        )


_SAME = (
    "id",
    "direction",
    "caller",
    "did",
    "patient_id",
    "state",
    "language",
    "started_at",
    "answered_at",
    "queued_at",
    "connected_at",
    "ended_at",
    "end_reason",
    "disposition",
)


class CallsQuery(PageQuery):
    """Newest first."""

    caller: Subscriber | None = None
    since: Moment | None = None
    direction: Direction | None = None


class DialIn(Model):
    """`agent` is a login; their desk rings first: a person's own, for supervisors and programs anybody's."""

    to: PhoneAsTyped = Field(examples=["13800138000"])
    agent: Line = Field(examples=["agent1"])


class Dialing(BaseModel):
    """Asterisk has taken it."""

    status: Literal["dialing"] = "dialing"


CallPage = Page[CallOut]


async def find(ask: Ask[CallsQuery, NoBody]) -> CallPage:
    """By caller, time and direction."""
    query = ask.query
    wanted = Wanted(caller=query.caller, since=query.since, direction=query.direction)
    found = await calls.listed(ask.deps.db, ask.actor, wanted, limit=query.limit, after=cursor.parse(query.place))
    return CallPage.of(found, CallOut.of)


async def show(ask: Ask[NoQuery, NoBody]) -> CallOut:
    """One call."""
    shown = await calls.show(ask.deps.db, ask.actor, CallId(ask.uuid()))
    return CallOut.of(shown.line)


async def dial(ask: Ask[NoQuery, DialIn]) -> Dialing:
    """Click to dial: the agent's desk rings, then the patient."""
    at, to = await desk.to_dial(ask.deps.db, ask.actor, ask.body.agent, ask.body.to)

    async def ring() -> int:
        await ask.deps.dialing.dial(ask.actor, at, to)
        return 0

    await once_outside(ask.deps.db, ask.actor, ask.wish, ring)
    return Dialing()


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/calls",
        right=Right.SEE_CALLS,
        handle=find,
        query=CallsQuery,
        response=CallPage,
        summary="The call log, newest first",
    ),
    Endpoint(
        method="GET",
        path="/calls/{id}",
        right=Right.SEE_CALLS,
        handle=show,
        response=CallOut,
        has_random_id=True,
        problems=(404,),
        summary="One call",
    ),
    Endpoint(
        method="POST",
        path="/calls",
        right=Right.DIAL,
        handle=dial,
        body=DialIn,
        response=Dialing,
        status=202,
        is_once=True,
        problems=(409, 502),
        summary="Click to dial",
    ),
)
