"""Errors as RFC 9457 problem documents."""

import json
from http import HTTPStatus

from aiohttp import web
from pydantic import ValidationError

from crm_core.kernel.errors import (
    ConflictError,
    DatabaseUnavailableError,
    ForbiddenError,
    HcrmError,
    InvalidInputError,
    NotFoundError,
    SendError,
)

_STATUS: tuple[tuple[type[HcrmError], int], ...] = (
    (InvalidInputError, 422),
    (NotFoundError, 404),
    (ConflictError, 409),
    (ForbiddenError, 403),
    (DatabaseUnavailableError, 503),
    (SendError, 502),
)


def problem(status: int, code: str, detail: str = "", **more: object) -> web.Response:
    """`code` is for programs and never changes; `detail` is for people. Nothing personal in either."""
    body = {
        "type": f"urn:hcrm:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    text = json.dumps(body, ensure_ascii=False)
    return web.Response(status=status, text=text, content_type="application/problem+json", headers=headers)


def of_error(error: HcrmError) -> web.Response:
    """The problem that an error of ours is for the caller."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    rule = getattr(error, "rule", None)
    return problem(status, error.code, str(error), **({"rule": rule} if rule else {}))


def of_validation(error: ValidationError) -> web.Response:
    """Every field that is wrong and why; what was sent is not repeated."""
    errors = [
        {"field": ".".join(str(part) for part in item["loc"]), "detail": item["msg"]}
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return problem(422, "invalid_input", "Some fields are not as described.", errors=errors)
