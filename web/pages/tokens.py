"""Other systems' keys: made, seen, taken back."""

from dataclasses import dataclass

from aiohttp import web

from crm_core.kernel.actor import Role
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import TokenId
from crm_core.users import tokens
from crm_core.users.rights import RIGHTS
from web import forms, words
from web.deps import DEPS
from web.render import page
from web.security import actor_of


@dataclass(frozen=True, slots=True)
class Note:
    """A new key, shown this once, or what did not work."""

    token: str = ""
    problem: str = ""


async def index(request: web.Request) -> web.StreamResponse:
    """All of them."""
    return await _list(request, Note())


async def _list(request: web.Request, note: Note) -> web.Response:
    context = {
        "tokens": await tokens.listed(request.app[DEPS].db, actor_of(request)),
        "rights": sorted(RIGHTS[Role.API], key=list(words.RIGHT).index),
        "days": tokens.LASTS_DAYS,
        "longest": tokens.LONGEST_DAYS,
        "note": note,
    }
    return page(request, "tokens/index.html", context, status=422 if note.problem else 200)


async def create(request: web.Request) -> web.StreamResponse:
    """A key of the role for programs, for all of it or for some rights. Other roles are the command line's."""
    form = await forms.posted(request)
    chosen = [str(right) for right in (await request.post()).getall("right", [])]
    try:
        token = await tokens.create(
            request.app[DEPS].db,
            actor_of(request),
            forms.text(form, "name", limit=tokens.LONGEST_NAME),
            Role.API,
            scopes=chosen or None,
            days=forms.number(form, "days"),
        )
    except HcrmError as error:
        return await _list(request, Note(problem=words.error_words(error.code)))
    return await _list(request, Note(token))


async def revoke(request: web.Request) -> web.StreamResponse:
    """It opens nothing any more."""
    await tokens.revoke(request.app[DEPS].db, actor_of(request), TokenId(forms.path_number(request)))
    return await _list(request, Note())
