"""A patient's telephone in the browser, in the demo only: it rings the hotline and texts with the hospital."""

from aiohttp import web

from crm_core.kernel.errors import NotFoundError
from crm_core.kernel.ids import Msisdn
from crm_core.kernel.msisdn import InvalidMsisdnError, parse_msisdn
from web import forms, words
from web.deps import DEPS, DemoHandset
from web.render import page

DEFAULT = "13800138000"
LONGEST_TEXT = 1000


def _handset(request: web.Request) -> DemoHandset:
    handset = request.app[DEPS].handset
    if handset is None:
        raise NotFoundError("there is no demo here")
    return handset


async def show(request: web.Request) -> web.StreamResponse:
    """The handset and its texts."""
    handset = _handset(request)
    context = {
        "number": DEFAULT,
        "telephones": handset.telephones,
        "thread": await handset.thread(parse_msisdn(DEFAULT)),
        "problem": "",
    }
    return page(request, "demo/index.html", context)


async def line(request: web.Request) -> web.StreamResponse:
    """A SIP account that shows this number as caller ID."""
    account = await _handset(request).account(await _number(request))
    body = {"path": account.path, "host": account.host, "user": account.user, "password": account.password}
    return web.json_response(body, headers={"Cache-Control": "no-store"})


async def _number(request: web.Request) -> Msisdn:
    return parse_msisdn(forms.text(await forms.posted(request), "msisdn", limit=40))


async def thread(request: web.Request) -> web.StreamResponse:
    """What this telephone sent and received. Asked for every two seconds: what is no number is said in its place."""
    handset = _handset(request)
    try:
        number = await _number(request)
    except InvalidMsisdnError as error:
        return page(request, "demo/_thread.html", {"thread": (), "problem": words.error_words(error.code)})
    return page(request, "demo/_thread.html", {"thread": await handset.thread(number), "problem": ""})


async def send(request: web.Request) -> web.StreamResponse:
    """A text from this telephone to the hospital."""
    form = await forms.posted(request)
    number = await _number(request)
    text = forms.text(form, "text", limit=LONGEST_TEXT)
    if text:
        await _handset(request).send(number, text)
    return page(request, "demo/_thread.html", {"thread": await _handset(request).thread(number), "problem": ""})
