"""The wallboard: who waits, who works, whether every part is up, and today's numbers."""

from dataclasses import dataclass

from aiohttp import web

from crm_core.calls import agents
from crm_core.calls import store as calls
from crm_core.calls.model import CallState
from crm_core.kernel.status import OK
from crm_core.tasks import store as tasks
from sms import store as sms
from web import board_store, forms
from web.board_store import HourCounts
from web.deps import DEPS
from web.render import page

FIRST_HOUR, LAST_HOUR = 7, 21
SENT = ("sent", "delivered")


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of the chart, heights in percent of the busiest hour."""

    hour: int
    incoming: int
    missed: int
    height: float
    missed_height: float


def bars(hours: list[HourCounts]) -> list[Bar]:
    """Opening hours always, other hours when somebody called."""
    by_hour = {one.hour: one for one in hours}
    most = max((one.incoming for one in hours), default=1)
    shown = sorted({*range(FIRST_HOUR, LAST_HOUR + 1), *by_hour})
    result = []
    for hour in shown:
        one = by_hour.get(hour, HourCounts(hour=hour, incoming=0, missed=0))
        result.append(Bar(hour, one.incoming, one.missed, 100 * one.incoming / most, 100 * one.missed / most))
    return result


async def index(request: web.Request) -> web.StreamResponse:
    """The page; its one part is asked for again when something happens."""
    return page(request, "wallboard/index.html", await _board(request))


async def board(request: web.Request) -> web.StreamResponse:
    """The part."""
    return page(request, "wallboard/_board.html", await _board(request))


async def _board(request: web.Request) -> dict[str, object]:
    deps = request.app[DEPS]
    zone = deps.settings.timezone
    start, end = forms.bounds(forms.today(deps.db.clock(), zone), zone)
    async with deps.db.connection() as conn:
        texts = await sms.counts_since(conn, start)
        open_calls = await calls.open_calls(conn)
        context: dict[str, object] = {
            "agents": await agents.states(conn),
            "counts": await board_store.calls_between(conn, start, end),
            "bars": bars(await board_store.calls_by_hour(conn, start, end, zone.key)),
            "booked": await board_store.appointments_booked(conn, start, end),
            "texts_in": sum(count for (way, _state), count in texts.items() if way == "in"),
            "texts_out": sum(count for (way, state), count in texts.items() if way == "out" and state in SENT),
            "texts_waiting": await sms.waiting_count(conn),
            "unread": await sms.unread_count(conn),
            "open_tasks": sum((await tasks.count_open(conn)).values()),
        }
    context["waiting"] = [call for call in open_calls if call.state is CallState.QUEUED]
    context["talking"] = sum(call.state is CallState.TALKING for call in open_calls)
    context["in_menu"] = sum(call.state in (CallState.IVR, CallState.RINGING) for call in open_calls)
    context["parts"] = [(name, state, state == OK) for name, state in deps.status.parts().items()]
    return context
