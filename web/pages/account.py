"""One's own account: the password, the second factor, and the browsers that are logged in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from aiohttp import web

from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import SessionId
from crm_core.users import own, rules, second_factor, sessions
from crm_core.users.errors import LaterError, WeakPasswordError, WrongCodeError, WrongPasswordError
from web import browsers, forms, qr, sheet, words
from web.deps import DEPS
from web.i18n import N_, _
from web.render import page
from web.security import SET_UP_FACTOR, login_of
from web.sheet import Ask, Sheet

PROBLEMS = (LaterError, WeakPasswordError, WrongCodeError, WrongPasswordError)


async def index(request: web.Request) -> web.StreamResponse:
    """What there is to see and change."""
    login, db = login_of(request), request.app[DEPS].db
    context = {
        "sessions": await sessions.of_user(db, login.actor, login.user_id),
        "codes_left": await second_factor.codes_left(db, login),
        "is_required": rules.needs_factor(login.role, request.app[DEPS].settings.second_factor_for),
        "browser": browsers.name_of,
    }
    return page(request, "account/index.html", context)


async def end_session(request: web.Request) -> web.StreamResponse:
    """One other browser is logged out."""
    login = login_of(request)
    session_id = SessionId(forms.path_number(request))
    await sessions.end_one(request.app[DEPS].db, login.actor, login.user_id, session_id)
    raise web.HTTPSeeOther("/account")


async def end_others(request: web.Request) -> web.StreamResponse:
    """All other browsers are logged out."""
    login = login_of(request)
    await sessions.end_all(request.app[DEPS].db, login.actor, login.user_id, but=login.session_id)
    raise web.HTTPSeeOther("/account")


OLD = Ask(label=N_("Present password"), widget="password", extra={"autocomplete": "current-password"})
NEW = Ask(label=N_("New password"), widget="password", extra={"autocomplete": "new-password", "maxlength": "200"})
AGAIN = Ask(label=N_("New password again"), widget="password", extra=NEW.extra)
DIFFERENT = N_("This is not what you typed above.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passwords:
    """The form. What is typed here is never shown again."""

    old: Annotated[str, OLD]
    new: Annotated[str, NEW]
    again: Annotated[str, AGAIN]


async def show_password(request: web.Request) -> web.StreamResponse:
    """The form; a newcomer sees nothing else."""
    return _password(request, sheet.shown(Passwords))


def _password(request: web.Request, form: Sheet[Passwords], status: int | None = None) -> web.Response:
    context = {
        "form": form,
        "problem": "",
        "is_first": login_of(request).must_change_password,
        "shortest": rules.SHORTEST_PASSWORD,
    }
    return page(request, "account/password.html", context, status=status or form.status)


def _form(request: web.Request, template: str, context: Mapping[str, object], error: HcrmError | None) -> web.Response:
    problem = words.error_words(error.code) if error else ""
    status = 422 if error and not isinstance(error, LaterError) else 429 if error else 200
    return page(request, template, {**context, "problem": problem}, status=status)


async def change_password(request: web.Request) -> web.StreamResponse:
    """The old one, and the new one twice."""
    login, deps, form = login_of(request), request.app[DEPS], sheet.shown(Passwords)
    typed = await request.post()  # as typed: a blank is part of a password
    old, new, again = (str(typed.get(name, "")) for name in ("old", "new", "again"))
    if new != again:
        return _password(request, replace(form, problems={"again": _(DIFFERENT)}))
    try:
        await own.change_password(deps.db, login, old, new, hospital=deps.settings.hospital_name)
    except LaterError as error:
        return _password(request, form.refused(error), status=429)
    except (WeakPasswordError, WrongPasswordError) as error:
        return _password(request, form.refused(error, beside="new" if isinstance(error, WeakPasswordError) else "old"))
    raise web.HTTPSeeOther("/")


async def show_factor(request: web.Request) -> web.StreamResponse:
    """Set up, or as it is."""
    return await _factor(request)


async def _factor(request: web.Request, error: HcrmError | None = None) -> web.Response:
    login, deps = login_of(request), request.app[DEPS]
    shown = await second_factor.shown_again(deps.db, deps.factor_key, login, deps.settings.hospital_name)
    context: dict[str, object] = {
        "shown": shown,
        "picture": qr.picture(shown.uri) if shown else "",
        "codes_left": await second_factor.codes_left(deps.db, login),
        "is_required": rules.needs_factor(login.role, deps.settings.second_factor_for),
    }
    return _form(request, "account/factor.html", context, error)


async def begin_factor(request: web.Request) -> web.StreamResponse:
    """The password again, then the secret is shown until its first code comes back."""
    login, deps = login_of(request), request.app[DEPS]
    try:
        await _prove(request)
        await second_factor.begin(deps.db, deps.factor_key, login, deps.settings.hospital_name)
    except PROBLEMS as error:
        return await _factor(request, error)
    raise web.HTTPSeeOther(SET_UP_FACTOR)


async def confirm_factor(request: web.Request) -> web.StreamResponse:
    """The first code; then the recovery codes, this once."""
    login, deps = login_of(request), request.app[DEPS]
    form = await forms.posted(request)
    try:
        codes = await second_factor.confirm(deps.db, deps.factor_key, login, forms.text(form, "code", limit=100))
    except PROBLEMS as error:
        return await _factor(request, error)
    return page(request, "account/codes.html", {"codes": codes})


async def renew_codes(request: web.Request) -> web.StreamResponse:
    """Other recovery codes, shown once; the password again."""
    try:
        await _prove(request)
    except PROBLEMS as error:
        return await _factor(request, error)
    codes = await second_factor.renew_codes(request.app[DEPS].db, login_of(request))
    return page(request, "account/codes.html", {"codes": codes})


async def remove_factor(request: web.Request) -> web.StreamResponse:
    """Where the role may go without; the password again."""
    deps = request.app[DEPS]
    try:
        await _prove(request)
    except PROBLEMS as error:
        return await _factor(request, error)
    await second_factor.remove(deps.db, login_of(request), required=deps.settings.second_factor_for)
    raise web.HTTPSeeOther("/account")


async def _prove(request: web.Request) -> None:
    password = str((await request.post()).get("password", ""))
    await own.prove_password(request.app[DEPS].db, login_of(request), password)
