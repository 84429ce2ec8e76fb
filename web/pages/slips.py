"""Pages for the printer: the day of all departments, and the slip a patient takes home."""

from aiohttp import web

from crm_core.kernel.ids import AppointmentId
from overview import paper
from web import forms
from web.deps import DEPS
from web.pages.appointments import wanted_of
from web.render import page
from web.security import actor_of


async def day(request: web.Request) -> web.StreamResponse:
    """Who is expected, one table for each department."""
    deps = request.app[DEPS]
    zone = deps.settings.timezone
    wanted = wanted_of(request.query, forms.today(deps.db.clock(), zone), zone)
    return page(request, "appointments/day_paper.html", await paper.day(deps.db, actor_of(request), wanted))


async def slip(request: web.Request) -> web.StreamResponse:
    """预约凭条: for paper of 80 mm and for A5 alike."""
    appointment_id = AppointmentId(forms.path_number(request))
    return page(
        request,
        "appointments/slip.html",
        await paper.slip(request.app[DEPS].db, actor_of(request), appointment_id),
    )
