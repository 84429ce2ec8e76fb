"""The live messages as server-sent events, for the person who is logged in."""

import asyncio
from contextlib import suppress

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from crm_core.users.rights import Right, allows
from web import forms
from web.deps import DEPS
from web.live import Listener
from web.security import is_still_logged_in, login_of
from web.topics import parse_topics

PING_S = 15
HEARS: dict[Right, tuple[str, ...]] = {
    Right.SEE_PATIENTS: (
        "PatientChanged",
        "AppointmentBooked",
        "AppointmentConfirmed",
        "AppointmentCancelled",
        "AppointmentSettled",
        "ConsentChanged",
        "NeverDialChanged",
        "AttemptPlanned",
        "AttemptAnswered",
        "AttemptEnded",
        "AttemptSuppressed",
    ),
    Right.TAKE_CALLS: (
        "AgentRang",
        "CallConnected",
        "AgentStateChanged",
        "DeskLineChanged",
        "CallEnded",
        "SupervisionChanged",
        "RecordingPaused",
    ),
    Right.SEE_CALLS: ("CallStarted", "CallQueued", "CallConnected", "CallEnded", "CallMissed", "DispositionSet"),
    Right.HEAR_RECORDINGS: ("RecordingStored",),
    Right.SEE_SMS: ("SmsReceived", "SmsQueued", "SmsStateChanged", "SmsRead", "SmsThreadGiven"),
    Right.DO_TASKS: ("TaskOpened", "TaskDone", "TaskChanged"),
    Right.SEE_CONSULTATIONS: ("ConsultationOpened", "ConsultationClosed"),
    Right.SEE_WALLBOARD: (
        "CallStarted",
        "CallQueued",
        "CallConnected",
        "CallEnded",
        "CallMissed",
        "AgentStateChanged",
        "DeskLineChanged",
        "SupervisionChanged",
    ),
}


async def live(request: web.Request) -> web.StreamResponse:
    """Open until the page goes, the account is closed or the session ends. `ago`: milliseconds since it was fetched."""
    login = login_of(request)
    topics = parse_topics(request.query.get("topics", ""), login.role, login.user_id)
    ago = forms.position(request.query, "ago") if request.query.get("ago") else None
    kinds = frozenset(kind for right, some in HEARS.items() if allows(login.role, right) for kind in some)
    deps = request.app[DEPS]
    ago_s = None if ago is None else ago / 1000
    with deps.live.listen(login.user_id, kinds, topics, ago_s=ago_s) as listener:
        async with sse_response(request, ping_interval=PING_S) as answer:
            with suppress(ConnectionError):  # the page went in the middle of a message
                await _pass_on(request, listener, answer)
    return answer


async def _pass_on(request: web.Request, listener: Listener, answer: EventSourceResponse) -> None:
    clock = asyncio.get_running_loop().time
    checked_at = clock()
    while answer.is_connected():
        try:
            message = await asyncio.wait_for(listener.messages.get(), PING_S)
        except TimeoutError:
            message = ""
        if message is None:
            return
        if message:
            await answer.send(message)
        if clock() - checked_at >= PING_S:
            checked_at = clock()
            if not await is_still_logged_in(request):
                return
