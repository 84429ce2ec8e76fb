"""Where a list stands: its filters, order and page, in the address and back.

What names a patient (a name, a number somebody typed) stands there sealed, for this reader alone: an address lies in
histories and logs. See docs/decisions/0035-lists-in-the-address.md.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import web

from crm_core.kernel.crypto import TamperedError
from crm_core.users.sealed import seal, unseal
from web import sheet
from web.deps import DEPS
from web.i18n import N_, _
from web.security import actor_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SEALED, SORT, AFTER = "find", "sort", "after"
NOT_YOURS = N_("This search cannot be opened any more. Please type it again.")


class Filtered(Protocol):
    """As much of a list as an address says."""

    @property
    def path(self) -> str:
        """Where it is."""
        ...

    @property
    def filters(self) -> "type[DataclassInstance]":
        """What it is filtered by."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A part of a list: the filters as typed, the order and the cursor; `problems` of what does not open."""

    typed: Mapping[str, str] = field(repr=False)
    order: str = ""
    after: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)

    def at(self, after: str) -> "Place":
        """The same list at another page; "" is the first."""
        return replace(self, after=after)

    def by(self, order: str) -> "Place":
        """The same list in another order."""
        return replace(self, order=order)


def names(one: Filtered) -> list[str]:
    """Of its filters."""
    return [slot.name for slot in sheet.slots(one.filters)]


def is_personal(one: Filtered) -> bool:
    """Whether any of its filters names a patient."""
    return any(slot.ask.is_personal for slot in sheet.slots(one.filters))


def start(one: Filtered) -> Place:
    """The list as the menu opens it."""
    return Place(typed=sheet.typed_of(one.filters, {}))


def read(request: web.Request, one: Filtered) -> Place:
    """What the address says. A filter that it does not name is as the menu opens it."""
    query = request.query
    typed = dict(start(one).typed)
    typed |= {slot.name: query[slot.name].strip() for slot in sheet.slots(one.filters) if slot.name in query}
    problems: dict[str, str] = {}
    if query.get(SEALED):
        opened = _opened(request, one, query[SEALED])
        personal = [slot.name for slot in sheet.slots(one.filters) if slot.ask.is_personal]
        typed |= {name: opened.get(name, "") for name in personal} if opened else {}
        problems = {} if opened else dict.fromkeys(personal, _(NOT_YOURS))
    return Place(typed=typed, order=query.get(SORT, ""), after=query.get(AFTER, ""), problems=problems)


def write(request: web.Request, one: Filtered, place: Place) -> str:
    """The address of a part of a list."""
    usual = start(one).typed
    changed = [slot for slot in sheet.slots(one.filters) if place.typed.get(slot.name, "") != usual[slot.name]]
    query = {slot.name: place.typed.get(slot.name, "") for slot in changed if not slot.ask.is_personal}
    personal = {slot.name: place.typed[slot.name] for slot in changed if slot.ask.is_personal}
    query |= {SEALED: _sealed(request, one, personal)} if personal else {}
    query |= {name: value for name, value in ((SORT, place.order), (AFTER, place.after)) if value}
    return f"{one.path}?{urlencode(query)}" if query else one.path


def goes_on(current: str) -> bool:
    """Whether the reader is still typing what they search for: one step of the browser's history, not one a letter."""
    return SEALED in parse_qs(urlsplit(current).query)


def _sealed(request: web.Request, one: Filtered, personal: Mapping[str, str]) -> str:
    plain = json.dumps(personal, ensure_ascii=False).encode()
    return urlsafe_b64encode(seal(request.app[DEPS].factor_key, plain, owner=_owner(request, one))).decode().rstrip("=")


def _opened(request: web.Request, one: Filtered, text: str) -> dict[str, str]:
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        opened: Any = json.loads(unseal(request.app[DEPS].factor_key, sealed, owner=_owner(request, one)))
    except (ValueError, TamperedError):
        return {}
    return {str(name): str(value) for name, value in opened.items()}


def _owner(request: web.Request, one: Filtered) -> bytes:
    return f"list {one.path} {actor_of(request).name}".encode()
