"""The audit: who saw or changed what, for auditors."""

from urllib.parse import urlencode

from aiohttp import web

from crm_core.users import oversight
from web import forms
from web.deps import DEPS
from web.render import page
from web.security import actor_of

ROWS = 50
REFUSALS = 100


async def index(request: web.Request) -> web.StreamResponse:
    """Newest first, with filters."""
    before = forms.optional_number(request.query, "before")
    wanted = {name: forms.text(request.query, name, limit=200).strip() for name in oversight.FILTERS}
    found = await oversight.read_audit(request.app[DEPS].db, actor_of(request), wanted, before=before, limit=ROWS)
    more = "/audit?" + urlencode({**wanted, "before": found.next_before}) if found.next_before else ""
    template = "audit/_rows.html" if request.headers.get("HX-Target") == "more" else "audit/index.html"
    return page(request, template, {"rows": found.rows, "more": more, "wanted": wanted})


async def refusals(request: web.Request) -> web.StreamResponse:
    """How often nobody in particular was turned away."""
    found = await oversight.read_refusals(request.app[DEPS].db, actor_of(request), limit=REFUSALS)
    return page(request, "audit/refusals.html", {"refusals": found})
