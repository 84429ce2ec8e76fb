"""One row of the route table, and who may use it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from aiohttp import web

from crm_core.users.rights import Right

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Open(Enum):
    """Pages that need no particular right."""

    TO_ALL = "everybody"  # also without logging in
    TO_USERS = "everybody who is logged in"
    TO_NEWCOMERS = "the same, also who must first choose a password or set up a second factor"


Access = Right | Open


@dataclass(frozen=True, slots=True)
class Route:
    """`GET` answers HEAD too."""

    method: str
    path: str
    handler: Handler
    access: Access
