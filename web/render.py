"""Templates: Jinja2 with our words, dates and icons. A part is a template with a leading underscore."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import jinja2
from aiohttp import web
from markupsafe import Markup, escape

from crm_core.kernel.ids import Msisdn
from crm_core.kernel.msisdn import is_landline, landline, national
from crm_core.users import rights
from crm_core.users.rights import Right
from web import agent_words, audit_words, i18n, menu_words, places, visit_words, words
from web.deps import DEPS
from web.security import NONCE, visitor_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Context: TypeAlias = "Mapping[str, object] | DataclassInstance | None"  # a dataclass: the template names its fields
FOLDER = Path(__file__).parent / "templates"
DIST = Path(__file__).parent / "static" / "dist"
STATIC_URL = "/static"
RINGING = (
    "desk/_popped.html",
    "desk/_pop.html",
    "desk/_call.html",
    "desk/_result.html",
    "desk/_newcomer.html",
    "desk/_choose.html",
    "desk/_caller.html",
    "desk/_state.html",
    "_draft.html",
    "patients/_bits.html",
    "patients/_cards.html",
    "appointments/_line.html",
)


class BundleMissingError(RuntimeError):
    """The front end was not built; `npm run build` does it, and so does the set-up."""


@dataclass(frozen=True, slots=True)
class Assets:
    """Hashed file names by the names the templates use."""

    names: Mapping[str, str]

    def url(self, name: str) -> str:
        """Where the browser finds it."""
        return f"{STATIC_URL}/{self.names[name]}"

    def icon(self, name: str, extra: str = "") -> Markup:
        """One icon of the sprite. Its name must be written out in a template, so that the build finds it."""
        return Markup('<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
            extra, self.url("icons.svg"), name
        )


def load_assets(folder: Path = DIST) -> Assets:
    """Raises BundleMissingError when the front end was not built."""
    try:
        return Assets(json.loads((folder / "manifest.json").read_text("utf-8")))
    except FileNotFoundError:
        raise BundleMissingError("web/static/dist is missing; build it with `npm ci && npm run build`") from None


@cache
def environment(zone: tzinfo) -> jinja2.Environment:
    """Undefined names are errors; everything is escaped. What rings is compiled now: the first caller must not wait.

    Raises BundleMissingError.
    """
    assets = load_assets()
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.do"],
    )
    env.globals.update(_=i18n._, icon=assets.icon, asset=assets.url, go=go, Right=Right)
    env.globals.update(
        words=words, audit_words=audit_words, step=menu_words.step, place_of=places.of_task, visits=visit_words
    )
    env.tests["landline"] = is_landline
    env.filters.update(
        {
            "day": partial(_or_dash, i18n.say_date, zone),
            "full_day": partial(_or_dash, i18n.say_full_date, zone),
            "time": partial(_or_dash, i18n.say_time, zone),
            "moment": partial(_or_dash, i18n.say_moment, zone),
            "full_moment": partial(_or_dash, i18n.say_full_moment, zone),
            "cell": partial(say_cell, zone),
            "duration": i18n.say_duration,
            "phone": say_phone,
            "extension": agent_words.extension,
            "keeps": places.of_draft,
            "here": words.in_reader_language,
        }
    )
    for name in RINGING:
        env.get_template(name)
    return env


def _or_dash(say: Any, zone: tzinfo, value: Any) -> str:
    return say(value, zone) if value is not None else "–"


def say_cell(zone: tzinfo, value: object) -> str:
    """What a cell of a list says."""
    if isinstance(value, datetime):
        return i18n.say_moment(value, zone)
    return "–" if value in (None, "") else str(value)


def say_phone(msisdn: str | None) -> str:
    """As people write it: 138 0013 8000, 0571 8765 4321."""
    if not msisdn:
        return "–"
    digits = national(Msisdn(msisdn)) if msisdn.startswith("+") else msisdn
    if len(digits) == 11 and digits.startswith("1"):
        return f"{digits[:3]} {digits[3:7]} {digits[7:]}"
    return landline(Msisdn(msisdn)) if digits.startswith("0") and msisdn.startswith("+") else digits


def go(url: str) -> Markup:
    """Attributes of a link inside the site: swaps the page, keeps the telephone and the live messages."""
    return Markup(
        'href="{0}" hx-get="{0}" hx-target="#page" hx-select="#page" hx-select-oob="#nav" '
        'hx-swap="outerHTML show:window:top" hx-push-url="true"'
    ).format(escape(url))


def _names(context: Context) -> Mapping[str, object]:
    if context is None or isinstance(context, Mapping):
        return context or {}
    return {field.name: getattr(context, field.name) for field in fields(context)}


ENVIRONMENT = web.AppKey("jinja", jinja2.Environment)


@dataclass(frozen=True, slots=True)
class Reader:
    """What every template may ask about the person who reads it."""

    request: web.Request

    @property
    def visitor(self) -> Any:
        """Actor, login, CSRF token."""
        return visitor_of(self.request)

    @property
    def login(self) -> Any:
        """The logged-in person or None."""
        return self.visitor.login

    def may(self, right: Right) -> bool:
        """Whether to show what leads to this right; the server checks it again."""
        return rights.may(self.visitor.actor, right)

    @property
    def has_phone(self) -> bool:
        """Whether this person has a desk and may take calls at it."""
        return self.login is not None and bool(self.login.desk) and self.may(Right.TAKE_CALLS)

    @property
    def nonce(self) -> str:
        """For the one library that brings a style sheet of its own; the policy names it."""
        nonce: str = self.request.get(NONCE, "")
        return nonce

    @property
    def locale(self) -> str:
        """The language of this answer."""
        return i18n.current_locale.get()


def page(request: web.Request, template: str, context: Context = None, *, status: int = 200) -> web.Response:
    """A page or a part as an answer that no cache keeps."""
    html = html_of(request, template, context)
    return web.Response(
        text=html, status=status, content_type="text/html", charset="utf-8", headers={"Cache-Control": "no-store"}
    )


def html_of(request: web.Request, template: str, context: Context = None) -> str:
    """The template's text; `me` and `deps` are always there."""
    deps = request.app[DEPS]
    return (
        request.app[ENVIRONMENT]
        .get_template(template)
        .render(
            me=Reader(request),
            settings=deps.settings,
            hospital=deps.settings.name_in(i18n.current_locale.get()),
            is_demo=deps.handset is not None,
            path=request.path,
            now=deps.db.clock(),
            **_names(context),
        )
    )
