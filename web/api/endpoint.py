"""One endpoint: what it takes, what it gives, who may. The route table and the OpenAPI document are made from these."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crm_core.kernel import cursor
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import LONGEST
from crm_core.kernel.errors import InvalidInputError, StaleError
from crm_core.kernel.once import Wish
from crm_core.users.rights import Right
from web import forms
from web.api import answer, problem
from web.deps import DEPS, WebDeps
from web.errors import WrongMediaTypeError
from web.security import actor_of
from web.values import Line, Whole

PREFIX = "/api/v1"
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"  # RFC 7396, as far as our fields go: null clears
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")


class Model(BaseModel):
    """Unknown fields are errors: a misspelt one is better said than ignored. So is 0 for a date or "5" for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NoQuery(Model):
    """This endpoint takes nothing in its address."""


class PageQuery(Model):
    """How every list is paged."""

    limit: Whole = Field(default=50, ge=1, le=200, description="at most this many items")
    cursor: Line = Field(default="", max_length=LONGEST, description="the `next` of the page before")
    after: Line = Field(default="", max_length=LONGEST, description="older name of `cursor`", deprecated=True)

    @model_validator(mode="after")
    def _one_cursor(self) -> Self:
        if self.__dict__["after"] and self.cursor:
            raise ValueError("`after` is the older name of `cursor`: give one")
        return self

    @property
    def place(self) -> str:
        """The cursor under either name."""
        older: str = self.__dict__["after"]  # by its name it warns that it is deprecated
        return self.cursor or older


class NoBody(Model):
    """This endpoint takes no body."""


ItemT = TypeVar("ItemT")
RowT = TypeVar("RowT")


class Page(BaseModel, Generic[ItemT]):
    """A list: `next` is the cursor of the following page, null at the end."""

    items: list[ItemT]
    next: str | None = None

    @classmethod
    def of(cls, found: cursor.Page[RowT], make: Callable[[RowT], ItemT]) -> Self:
        """A page of rows as the API writes them."""
        return cls(items=[make(row) for row in found.items], next=str(found.next) if found.next else None)


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
        """The number in the path. Raises NotFoundError for anything else."""
        return forms.path_number(self.http, name)

    def uuid(self, name: str = "id") -> UUID:
        """The random id in the path. Raises NotFoundError for anything else."""
        return forms.path_uuid(self.http, name)

    @property
    def wish(self) -> Wish | None:
        """The Idempotency-Key with what it stands for. Raises InvalidInputError."""
        key = self.http.headers.get("Idempotency-Key")
        if key is None:
            return None
        if IDEMPOTENCY_KEY.fullmatch(key) is None:
            raise InvalidInputError("1 to 255 visible ASCII characters", field="Idempotency-Key")
        asked = f"{self.http.method} {self.http.path}\n{self.body.model_dump_json()}"
        return Wish(key, hashlib.sha256(asked.encode()).digest())

    @property
    def expected_version(self) -> int | None:
        """From If-Match; None when any will do. Raises StaleError for a tag that no version of ours has."""
        wanted = self.http.headers.get("If-Match", "*").strip()
        if wanted == "*":
            return None
        found = re.fullmatch(r'"([0-9]{1,9})"', wanted)
        if found is None:
            raise StaleError("no version of this has such a tag")
        return int(found[1])


Handle = Callable[[Ask[Any, Any]], Awaitable[BaseModel | web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`right` None: anybody may ask, without a token. `media` is what it answers when `response` is no model.

    `location`: the path of what was made, with the answer's fields. `is_once`: takes an Idempotency-Key.
    """

    method: str
    path: str
    right: Right | None
    handle: Handle
    summary: str
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] = NoBody
    response: type[BaseModel] | None = None
    media: str = JSON
    status: int = 200
    problems: tuple[int, ...] = field(default=())
    location: str = ""
    is_once: bool = False
    is_versioned: bool = False
    has_random_id: bool = False

    @property
    def accepts(self) -> tuple[str, ...]:
        """Media types of the body."""
        if self.body is NoBody:
            return ()
        return (JSON, MERGE_PATCH) if self.method == "PATCH" else (JSON,)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Parse, call, render. Errors of ours become problem documents in the application."""
        try:
            query = self.query.model_validate_strings(_single_values(request))
            body = self.body.model_validate_json(await self._body(request)) if self.accepts else NoBody()
        except ValidationError as error:
            return problem.of_validation(error)
        ask = Ask(deps=request.app[DEPS], actor=actor_of(request), query=query, body=body, http=request)
        found = await self.handle(ask)
        if isinstance(found, web.StreamResponse):
            return found
        location = PREFIX + self.location.format_map(found.__dict__) if self.location else ""
        return answer.render(request, found, HTTPStatus(self.status), location=location)

    async def _body(self, request: web.Request) -> bytes:
        """Raises WrongMediaTypeError."""
        try:
            body = await request.read()
        except forms.UNREADABLE:
            raise InvalidInputError("the body cannot be read") from None
        if (body or "Content-Type" in request.headers) and request.content_type not in self.accepts:
            raise WrongMediaTypeError(f"send {' or '.join(self.accepts)}", field="Content-Type")
        return body


def _single_values(request: web.Request) -> dict[str, str]:
    query = request.query
    if len(set(query)) != len(query):
        raise InvalidInputError("a parameter is given twice")
    return dict(query)
