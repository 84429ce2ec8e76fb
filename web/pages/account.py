"""One's own account: the password, the second factor, and the browsers that are logged in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from aiohttp import web

from crm_core.kernel.ids import SessionId
from crm_core.users import own, rules, second_factor, sessions
from crm_core.users.errors import LaterError, WeakPasswordError, WrongCodeError, WrongPasswordError
from web import browsers, forms, qr, sheet
from web.deps import DEPS
from web.i18n import N_, _
from web.render import page
from web.security import SET_UP_FACTOR, login_of
from web.sheet import Ask, Sheet
from web.values import Line


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
        "is_first": login_of(request).must_change_password,
        "shortest": rules.SHORTEST_PASSWORD,
    }
    return page(request, "account/password.html", context, status=status or form.status)


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


BEGIN, RENEW, REMOVE = (f"/account/second-factor{end}" for end in ("", "/codes", "/remove"))
CODE = Ask(
    label=N_("Code"), extra={"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": "7", "autofocus": ""}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The password again, before the second factor changes. What is typed here is never shown again."""

    password: Annotated[str, OLD]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstCode:
    """What the telephone shows when it has read the secret."""

    code: Annotated[Line, CODE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """The page. `shown`: the secret, until its first code came back. `proofs` by where they are sent."""

    shown: second_factor.Shown | None = field(repr=False)
    picture: str = field(repr=False)
    codes_left: int
    is_required: bool
    proofs: Mapping[str, Sheet[Proof]]
    code: Sheet[FirstCode]


async def show_factor(request: web.Request) -> web.StreamResponse:
    """Set up, or as it is."""
    return await _factor(request)


async def _factor(
    request: web.Request,
    proofs: Mapping[str, Sheet[Proof]] | None = None,
    code: Sheet[FirstCode] | None = None,
    *,
    status: int = 200,
) -> web.Response:
    login, deps = login_of(request), request.app[DEPS]
    shown = await second_factor.shown_again(deps.db, deps.factor_key, login, deps.settings.hospital_name)
    context = Factor(
        shown=shown,
        picture=qr.picture(shown.uri) if shown else "",
        codes_left=await second_factor.codes_left(deps.db, login),
        is_required=rules.needs_factor(login.role, deps.settings.second_factor_for),
        proofs=dict.fromkeys((BEGIN, RENEW, REMOVE), sheet.shown(Proof)) | dict(proofs or {}),
        code=code or sheet.shown(FirstCode),
    )
    return page(request, "account/factor.html", context, status=status)


async def _unproved(request: web.Request, place: str) -> web.Response | None:
    """The page again unless the password is right."""
    password = str((await request.post()).get("password", ""))  # as typed: a blank is part of a password
    try:
        await own.prove_password(request.app[DEPS].db, login_of(request), password)
    except LaterError as error:
        return await _factor(request, {place: sheet.shown(Proof).refused(error)}, status=429)
    except WrongPasswordError as error:
        return await _factor(request, {place: sheet.shown(Proof).refused(error, beside="password")}, status=422)
    return None


async def begin_factor(request: web.Request) -> web.StreamResponse:
    """The password again, then the secret is shown until its first code comes back."""
    if refused := await _unproved(request, BEGIN):
        return refused
    login, deps = login_of(request), request.app[DEPS]
    await second_factor.begin(deps.db, deps.factor_key, login, deps.settings.hospital_name)
    raise web.HTTPSeeOther(SET_UP_FACTOR)


async def confirm_factor(request: web.Request) -> web.StreamResponse:
    """The first code; then the recovery codes, this once."""
    login, deps = login_of(request), request.app[DEPS]
    form = sheet.read(FirstCode, await forms.posted(request))
    if form.value is None:
        return await _factor(request, code=form, status=form.status)
    try:
        codes = await second_factor.confirm(deps.db, deps.factor_key, login, form.value.code)
    except WrongCodeError as error:
        return await _factor(request, code=form.refused(error, beside="code"), status=422)
    return page(request, "account/codes.html", {"codes": codes})


async def renew_codes(request: web.Request) -> web.StreamResponse:
    """Other recovery codes, shown once; the password again."""
    if refused := await _unproved(request, RENEW):
        return refused
    codes = await second_factor.renew_codes(request.app[DEPS].db, login_of(request))
    return page(request, "account/codes.html", {"codes": codes})


async def remove_factor(request: web.Request) -> web.StreamResponse:
    """Where the role may go without; the password again."""
    if refused := await _unproved(request, REMOVE):
        return refused
    deps = request.app[DEPS]
    await second_factor.remove(deps.db, login_of(request), required=deps.settings.second_factor_for)
    raise web.HTTPSeeOther("/account")
