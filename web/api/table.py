"""All endpoints, as rows of the route table."""

from functools import lru_cache
from typing import Any

from aiohttp import web

from web.access import Open, Route
from web.api import appointments, calls, directory, events, openapi, patients, recordings, settings, sms, status
from web.api.endpoint import PREFIX, Ask, Endpoint, NoBody, NoQuery

VERSION = "1.0"


async def show_document(_ask: Ask[NoQuery, NoBody]) -> web.Response:
    """Every endpoint, this one too."""
    return web.json_response(document())


ENDPOINTS: tuple[Endpoint, ...] = (
    *status.ENDPOINTS,
    *patients.ENDPOINTS,
    *directory.ENDPOINTS,
    *appointments.ENDPOINTS,
    *calls.ENDPOINTS,
    *recordings.ENDPOINTS,
    *sms.ENDPOINTS,
    *settings.ENDPOINTS,
    *events.ENDPOINTS,
    Endpoint(method="GET", path="/openapi.json", right=None, handle=show_document, summary="This API, described"),
)


def routes() -> tuple[Route, ...]:
    """What web.routes adds to its table."""
    return tuple(
        Route(endpoint.method, PREFIX + endpoint.path, endpoint.serve, endpoint.right or Open.TO_ALL)
        for endpoint in ENDPOINTS
    )


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI document of ENDPOINTS; made once."""
    return openapi.document(ENDPOINTS, version=VERSION)
