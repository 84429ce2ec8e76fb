"""The wallboard: who waits, who works, and today's numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crm_core.calls import agent_store, supervision_store
from crm_core.calls.model import Agent, AgentState, CallState, Supervision
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.users.rights import Right, ensure, may
from overview import board_store as store
from overview import seen
from overview.board_store import AtWork, HourCounts, OpenCall, Pending

FIRST_HOUR, LAST_HOUR = 7, 21
PROMISED = timedelta(seconds=20)  # 80 % within 20 s is what call centres promise each other
WRAP_UP_LONG_S = 180  # where it has no limit
WAIT_LONG = timedelta(minutes=1)


def wrap_up_long_s(limit_s: int) -> int:
    """When a wrap-up is marked: in the last third of what it may take."""
    return limit_s * 2 // 3 or WRAP_UP_LONG_S


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
    """Calls that began today; see `HourCounts`."""

    incoming: int
    outgoing: int
    missed: int
    waited: int
    within: int
    waited_s: float
    longest_s: float

    @property
    def mean_wait_s(self) -> float | None:
        """Of those whom a person answered."""
        return self.waited_s / self.waited if self.waited else None

    @property
    def service_level(self) -> float | None:
        """Percent answered within PROMISED of all who waited for a person and wait no more (calls offered)."""
        return _percent(self.within, self.waited + self.missed)

    @property
    def abandoned(self) -> float | None:
        """Percent of the same whom nobody answered."""
        return _percent(self.missed, self.waited + self.missed)


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Somebody in the queue; `caller` is "" for a reader who may not see calls, or when it is withheld."""

    caller: str = field(repr=False)
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """An agent, their day, and whom they talk with: "" for a reader who may not see it.

    `heard_by` are the supervisors at their call, `hears` the call that they are at.
    """

    agent: Agent
    incoming: int
    outgoing: int
    talked_s: float
    talks_with: str = field(repr=False)
    heard_by: Sequence[Supervision] = ()
    hears: Supervision | None = None


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
    desks: Sequence[Desk]


async def show(db: Database, actor: Actor, start: datetime, end: datetime, zone: ZoneInfo) -> Board:
    """One day of the hospital. Raises ForbiddenError. Whose number is shown to whom is written down."""
    ensure(actor, Right.SEE_WALLBOARD)
    sees_whom = may(actor, Right.SEE_CALLS)
    async with db.transaction(actor) as tx:
        hours = await store.calls_by_hour(tx.conn, start, end, zone.key, PROMISED)
        under_way = await store.open_calls(tx.conn)
        at_work = await store.at_work(tx.conn, start, end, tx.now)
        if sees_whom:
            await _note(tx, under_way, at_work)
        return Board(
            waiting=_waiting(under_way, with_numbers=sees_whom),
            talking=sum(call.state == CallState.TALKING for call in under_way),
            in_menu=sum(call.state in (CallState.IVR, CallState.RINGING) for call in under_way),
            counts=totals(hours),
            bars=bars(hours),
            booked=await store.appointments_booked(tx.conn, start, end),
            pending=await store.pending(tx.conn, start),
            desks=supervised(
                desks(await agent_store.states(tx.conn), at_work, with_whom=sees_whom),
                await supervision_store.under_way(tx.conn),
            ),
        )


async def _note(tx: Tx, under_way: Sequence[OpenCall], at_work: Sequence[AtWork]) -> None:
    waiting = [one.patient_id for one in _queued(under_way)]
    talking = [one.patient_id for one in at_work if one.direction]
    if waiting or talking:
        await seen.listed(tx, "call", ["waiting", "talking"], waiting + talking, again=True)


def desks(agents: Sequence[Agent], at_work: Sequence[AtWork], *, with_whom: bool) -> list[Desk]:
    """Everybody who has a desk or is not offline."""
    of = {one.user_id: one for one in at_work}
    return [
        _desk(agent, of.get(agent.user_id), with_whom=with_whom)
        for agent in agents
        if agent.desk or agent.state is not AgentState.OFFLINE
    ]


def supervised(desks: Sequence[Desk], under_way: Sequence[Supervision]) -> list[Desk]:
    """The same, with who hears whom."""
    return [
        replace(
            desk,
            heard_by=[one for one in under_way if one.agent_id == desk.agent.user_id],
            hears=next((one for one in under_way if one.supervisor_id == desk.agent.user_id), None),
        )
        for desk in desks
    ]


def _desk(agent: Agent, today: AtWork | None, *, with_whom: bool) -> Desk:
    if today is None:
        return Desk(agent=agent, incoming=0, outgoing=0, talked_s=0, talks_with="")
    whom = (today.patient_name or today.caller) if with_whom else ""
    return Desk(agent=agent, incoming=today.incoming, outgoing=today.outgoing, talked_s=today.talked_s, talks_with=whom)


def _waiting(under_way: Sequence[OpenCall], *, with_numbers: bool) -> list[Waiting]:
    return [Waiting(caller=call.caller if with_numbers else "", since=call.since) for call in _queued(under_way)]


def _queued(under_way: Sequence[OpenCall]) -> list[OpenCall]:
    return [call for call in under_way if call.state == CallState.QUEUED]


def totals(hours: Sequence[HourCounts]) -> CallCounts:
    """The whole day."""
    return CallCounts(
        incoming=sum(one.incoming for one in hours),
        outgoing=sum(one.outgoing for one in hours),
        missed=sum(one.missed for one in hours),
        waited=sum(one.waited for one in hours),
        within=sum(one.within for one in hours),
        waited_s=sum(one.waited_s for one in hours),
        longest_s=max((one.longest_s for one in hours), default=0),
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
