"""The web application: routes from the table, middleware, static files."""

import logging
from http import HTTPStatus
from math import ceil

from aiohttp import web

from crm_core.kernel.errors import HcrmError
from crm_core.users.errors import LaterError
from web import arrival, headers, i18n, render, routes, security, telephone, warm, words
from web.access import Route
from web.api import problem
from web.deps import DEPS, WebDeps
from web.errors import HTTP_CODES, ClearTextError, status_of
from web.limits import Limiter

log = logging.getLogger("web")

MAX_BODY_BYTES = 1_000_000
FOREVER = "public, max-age=31536000, immutable"
NOT_KEPT = "no-store"  # whatever it is, it may be about a patient
PROBLEM = "X-Hcrm-Problem"
LEAST_BYTES = 1_000  # what is shorter fits into one packet anyway


def create_app(deps: WebDeps) -> web.Application:
    """Raises BundleMissingError when the front end was not built."""
    app = web.Application(
        middlewares=[compress, answer_errors, insist_on_https, security.know_visitor, security.check_access],
        client_max_size=MAX_BODY_BYTES,
    )
    app[DEPS] = deps
    app[render.ENVIRONMENT] = render.environment(deps.settings.timezone)
    for locale in i18n.LOCALES:
        i18n.catalogue(locale)
    app[security.ACCESS] = {}
    app[telephone.SOCKETS] = set()
    app[security.LIMITER] = Limiter()
    for route in routes.table(with_demo=deps.handset is not None):
        _add(app, route)
    app.router.add_static(render.STATIC_URL, render.DIST)
    app.on_response_prepare.append(_add_headers)
    app.on_startup.append(warm.warm_up)
    app.on_shutdown.append(_close_streams)
    app.on_shutdown.append(telephone.close_all)
    return app


async def _close_streams(app: web.Application) -> None:
    app[DEPS].live.close()


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "hcrm"
    response.headers.update(headers.headers_for(request.app[DEPS].settings, request.get(security.NONCE, "")))
    if request.path.startswith(security.STATIC_PREFIX) and response.status == HTTPStatus.OK:
        response.headers["Cache-Control"] = FOREVER
    else:
        response.headers.setdefault("Cache-Control", NOT_KEPT)


def _add(app: web.Application, route: Route) -> None:
    resource = app.router.add_resource(route.path)
    for method in ("GET", "HEAD") if route.method == "GET" else (route.method,):
        app[security.ACCESS][resource.add_route(method, route.handler)] = route.access


@web.middleware
async def compress(request: web.Request, handler: security.Next) -> web.StreamResponse:
    """Pages and JSON, where the browser takes it. Audio and live messages are sent as they come."""
    answer = await handler(request)
    if isinstance(answer, web.Response) and answer.content_length is not None and answer.content_length > LEAST_BYTES:
        answer.enable_compression()
    return answer


@web.middleware
async def answer_errors(request: web.Request, handler: security.Next) -> web.StreamResponse:
    """Every error becomes a page, a part or a problem document that says what to do."""
    try:
        return await handler(request)
    except HcrmError as error:
        answer = _of_error(request, error)
        if isinstance(error, LaterError):
            answer.headers["Retry-After"] = str(ceil(error.wait_s))
        return answer
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        status = HTTPStatus(error.status)
        return _with_allow(error, _answer(request, HTTP_CODES.get(status, "invalid_input"), status))
    except Exception:
        log.exception("request failed", extra={"route": _canonical(request)})
        return _answer(request, "error", HTTPStatus.INTERNAL_SERVER_ERROR)


def _of_error(request: web.Request, error: HcrmError) -> web.Response:
    if request.path.startswith(security.API_PREFIX):
        return problem.of_error(error)
    return _answer(request, error.code, status_of(error), getattr(error, "rule", ""))


@web.middleware
async def insist_on_https(request: web.Request, handler: security.Next) -> web.StreamResponse:
    """Who comes in clear text is told nothing: a page is sent to the right address, a program refused."""
    if not arrival.is_clear_text(request):
        return await handler(request)
    if request.method in security.SAFE and not request.path.startswith(security.API_PREFIX):
        raise web.HTTPPermanentRedirect(request.app[DEPS].settings.public_url + request.path_qs)
    raise ClearTextError("use https")


def _with_allow(error: web.HTTPException, answer: web.Response) -> web.Response:
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer


def _canonical(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""


def _answer(request: web.Request, code: str, status: HTTPStatus, rule: str = "") -> web.Response:
    if request.path.startswith(security.API_PREFIX):
        return problem.problem(status, code)
    if request.path.startswith(security.STATIC_PREFIX):
        return web.Response(status=status)
    if status is HTTPStatus.UNAUTHORIZED:
        return render.page(request, "login.html", {"problem": "", "next": _next(request), "login": ""}, status=status)
    said = words.rule_words(rule) if rule else words.error_words(code)
    context = {"problem": said, "status": int(status)}
    if request.headers.get("HX-Request") and request.headers.get("HX-Target") != "page":
        part = render.page(request, "_error.html", context, status=status)
        part.headers[PROBLEM] = "1"  # the page says it and keeps what it shows
        return part
    # a link inside the site swaps `#page` and wants a whole page
    whole = "error.html" if security.visitor_of(request).login else "error_plain.html"
    return render.page(request, whole, context, status=status)


def _next(request: web.Request) -> str:
    return request.path_qs if request.method == "GET" and not request.headers.get("HX-Request") else "/"
