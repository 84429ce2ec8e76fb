"""One endpoint: what it takes, what it gives, who may. The route table and the OpenAPI document are made from these."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crm_core.kernel.actor import Actor
from crm_core.kernel.errors import HcrmError, InvalidInputError
from crm_core.users.rights import Right
from web.api import problem
from web.deps import DEPS, WebDeps
from web.security import actor_of

PREFIX = "/api/v1"
MAX_BODY_BYTES = 1_000_000


class Model(BaseModel):
    """Unknown fields are errors: a misspelt one is better said than ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoQuery(Model):
    """This endpoint takes nothing in its address."""


class PageQuery(Model):
    """How every list is paged."""

    limit: int = Field(default=50, ge=1, le=200, description="at most this many items")
    after: str = Field(default="", max_length=100, description="the `next` of the page before")


class NoBody(Model):
    """This endpoint takes no body."""


ItemT = TypeVar("ItemT")


class Page(BaseModel, Generic[ItemT]):
    """A list: `next` is the cursor of the following page, null at the end."""

    items: list[ItemT]
    next: str | None = None


QueryT = TypeVar("QueryT", bound=BaseModel)
BodyT = TypeVar("BodyT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Ask(Generic[QueryT, BodyT]):
    """A request whose parts are checked: nothing in it is a raw string that should be something else."""

    deps: WebDeps
    actor: Actor
    query: QueryT
    body: BodyT
    http: web.Request

    def id(self, name: str = "id") -> int:
        """The number in the path. Raises InvalidInputError for anything else."""
        text = self.http.match_info[name]
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise InvalidInputError("the id in the path is not a number", field=name)
        return int(text)


Handle = Callable[[Ask[Any, Any]], Awaitable[BaseModel | web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`right` None: anybody may ask, without a token."""

    method: str
    path: str
    right: Right | None
    handle: Handle
    summary: str
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] = NoBody
    response: type[BaseModel] | None = None
    status: int = 200
    problems: tuple[int, ...] = field(default=())

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Parse, call, render; every error of ours is a problem document."""
        try:
            ask = Ask(
                deps=request.app[DEPS],
                actor=actor_of(request),
                query=self.query.model_validate(_single_values(request)),
                body=self.body.model_validate(await _json(request)) if self.body is not NoBody else NoBody(),
                http=request,
            )
            answer = await self.handle(ask)
        except ValidationError as error:
            return problem.of_validation(error)
        except HcrmError as error:
            return problem.of_error(error)
        if isinstance(answer, web.StreamResponse):
            return answer
        return web.Response(status=self.status, text=answer.model_dump_json(), content_type="application/json")


def _single_values(request: web.Request) -> dict[str, str]:
    query = request.query
    if len(set(query)) != len(query):
        raise InvalidInputError("a parameter is given twice")
    return dict(query)


async def _json(request: web.Request) -> object:
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise InvalidInputError("the body is too large")
    try:
        return json.loads(await request.read() or b"{}")
    except ValueError:
        raise InvalidInputError("the body is not JSON") from None
