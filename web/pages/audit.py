"""The audit: who saw or changed what, for auditors. Looking is itself written down."""

from urllib.parse import urlencode

from aiohttp import web

from crm_core.kernel import audit
from web import forms
from web.deps import DEPS
from web.render import page
from web.security import actor_of

ROWS = 50
FILTERS = ("actor", "subject", "subject_id", "outcome")


async def index(request: web.Request) -> web.StreamResponse:
    """Newest first, with filters."""
    before = forms.optional_number(request.query, "before")
    wanted = {name: forms.text(request.query, name, limit=200).strip() for name in FILTERS}
    async with request.app[DEPS].db.transaction(actor_of(request)) as tx:
        rows = await audit.page(tx.conn, limit=ROWS + 1, before=before, **wanted)
        await audit.record(tx, "read audit", "audit", detail={name: bool(value) for name, value in wanted.items()})
    more = ""
    if len(rows) > ROWS:
        more = "/audit?" + urlencode({**wanted, "before": rows[ROWS - 1].id})
    template = "audit/_rows.html" if request.headers.get("HX-Target") == "more" else "audit/index.html"
    return page(request, template, {"rows": rows[:ROWS], "more": more, "wanted": wanted})
