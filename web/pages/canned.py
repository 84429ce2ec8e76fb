"""Canned answers: written once by a supervisor, chosen by whoever answers a text."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from crm_core.kernel.errors import HcrmError
from sms import canned, placeholders
from sms.canned_model import Canned, NewCanned
from web import forms, words
from web.deps import DEPS
from web.i18n import N_, _
from web.render import page
from web.security import actor_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All answers. `problem` is about number `wrong` (0: the new one), where `typed` stands instead."""

    answers: Sequence[Canned]
    names: Sequence[str] = placeholders.NAMES
    problem: str = ""
    wrong: int | None = None
    typed: NewCanned | None = None


async def index(request: web.Request) -> web.StreamResponse:
    """The list, each a small form."""
    return page(request, "sms/answers.html", Page(answers=await _all(request)))


async def create(request: web.Request) -> web.StreamResponse:
    """Another one."""
    form = await forms.posted(request)
    try:
        await canned.create(request.app[DEPS].db, actor_of(request), _typed(form))
    except HcrmError as error:
        return await _refused(request, error, 0, _typed(form))
    return await _saved(request, _("Written down."))


async def change(request: web.Request) -> web.StreamResponse:
    """Other words; only what the writer has seen."""
    form, number = await forms.posted(request), forms.path_number(request)
    try:
        await canned.change(request.app[DEPS].db, actor_of(request), number, forms.whole(form, "version"), _typed(form))
    except HcrmError as error:
        return await _refused(request, error, number, _typed(form))
    return await _saved(request, _("Written down."))


async def remove(request: web.Request) -> web.StreamResponse:
    """Out of use."""
    form, number = await forms.posted(request), forms.path_number(request)
    try:
        await canned.remove(request.app[DEPS].db, actor_of(request), number, forms.whole(form, "version"))
    except HcrmError as error:
        return await _refused(request, error, number, None)
    return await _saved(request, _("Taken out of use."))


def _typed(form: Mapping[str, str]) -> NewCanned:
    return NewCanned(forms.text(form, "title"), forms.text(form, "text"), forms.text(form, "text_en"))


async def _all(request: web.Request) -> Sequence[Canned]:
    return await canned.listed(request.app[DEPS].db, actor_of(request))


async def _saved(request: web.Request, said: str) -> web.Response:
    answer = page(request, "sms/answers.html", Page(answers=await _all(request)))
    answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": said}})
    return answer


async def _refused(request: web.Request, error: HcrmError, number: int, typed: NewCanned | None) -> web.Response:
    field = getattr(error, "field", "")
    problem = _(FIELD[field]) if field in FIELD else words.error_words(error.code)
    shown = Page(answers=await _all(request), problem=problem, wrong=number, typed=typed)
    return page(request, "sms/answers.html", shown, status=422)


FIELD = {
    "title": N_("A title is missing or longer than 40 characters."),
    "text": N_("The Chinese text is missing, too long, or has something in braces that does not exist."),
    "text_en": N_("The English text is too long or has something in braces that does not exist."),
}
