"""The wallboard: who waits, who works, and today's numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from crm_core.calls import agent_store
from crm_core.calls.model import Agent, CallState
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.users.rights import Right, ensure, may
from overview import board_store as store
from overview import seen
from overview.board_store import HourCounts, OpenCall, Pending

FIRST_HOUR, LAST_HOUR = 7, 21


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of the chart, heights in percent of the busiest hour."""

    hour: int
    incoming: int
    missed: int
    height: float
    missed_height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """Calls that began today. `waited_s`: mean of those an agent took out of the queue, None without any."""

    incoming: int
    outgoing: int
    missed: int
    waited_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Somebody in the queue; `caller` is "" for a reader who may not see calls, or when it is withheld."""

    caller: str = field(repr=False)
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """`booked` by channel."""

    waiting: Sequence[Waiting]
    talking: int
    in_menu: int
    counts: CallCounts
    bars: Sequence[Bar]
    booked: Mapping[str, int]
    pending: Pending
    agents: Sequence[Agent]


async def show(db: Database, actor: Actor, start: datetime, end: datetime, zone: ZoneInfo) -> Board:
    """One day of the hospital. Raises ForbiddenError. Whose number is shown to whom is written down."""
    ensure(actor, Right.SEE_WALLBOARD)
    async with db.transaction(actor) as tx:
        hours = await store.calls_by_hour(tx.conn, start, end, zone.key)
        under_way = await store.open_calls(tx.conn)
        waiting = _waiting(under_way, with_numbers=may(actor, Right.SEE_CALLS))
        if any(one.caller for one in waiting):
            await seen.listed(tx, "call", ["waiting"], [one.patient_id for one in _queued(under_way)], again=True)
        return Board(
            waiting=waiting,
            talking=sum(call.state == CallState.TALKING for call in under_way),
            in_menu=sum(call.state in (CallState.IVR, CallState.RINGING) for call in under_way),
            counts=totals(hours),
            bars=bars(hours),
            booked=await store.appointments_booked(tx.conn, start, end),
            pending=await store.pending(tx.conn, start),
            agents=await agent_store.states(tx.conn),
        )


def _waiting(under_way: Sequence[OpenCall], *, with_numbers: bool) -> list[Waiting]:
    return [Waiting(caller=call.caller if with_numbers else "", since=call.since) for call in _queued(under_way)]


def _queued(under_way: Sequence[OpenCall]) -> list[OpenCall]:
    return [call for call in under_way if call.state == CallState.QUEUED]


def totals(hours: Sequence[HourCounts]) -> CallCounts:
    """The whole day."""
    waited = sum(one.waited for one in hours)
    return CallCounts(
        incoming=sum(one.incoming for one in hours),
        outgoing=sum(one.outgoing for one in hours),
        missed=sum(one.missed for one in hours),
        waited_s=sum(one.waited_s for one in hours) / waited if waited else None,
    )


def bars(hours: Sequence[HourCounts]) -> list[Bar]:
    """Opening hours always, other hours when somebody called."""
    by_hour = {one.hour: one for one in hours if one.incoming}
    most = max((one.incoming for one in by_hour.values()), default=1)
    return [_bar(hour, by_hour.get(hour), most) for hour in sorted({*range(FIRST_HOUR, LAST_HOUR + 1), *by_hour})]


def _bar(hour: int, one: HourCounts | None, most: int) -> Bar:
    if one is None:
        return Bar(hour, 0, 0, 0, 0)
    return Bar(hour, one.incoming, one.missed, 100 * one.incoming / most, 100 * one.missed / most)
