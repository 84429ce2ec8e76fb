"""Errors as RFC 9457 problem documents."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from crm_core.kernel.errors import HcrmError
from web.errors import status_of

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One thing that is wrong: `field` says where, with dots; what was sent is not repeated."""

    field: str = Field(examples=["phones.0"])
    detail: str


class Problem(BaseModel):
    """RFC 9457. `code` is for programs and keeps its meaning, `detail` is for people; nothing personal in either."""

    type: str = Field(examples=["urn:hcrm:problem:slot_full"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["slot_full"])
    detail: str = ""
    rule: str | None = Field(default=None, description="which rule of consent or of the hospital forbids it")
    field: str | None = Field(default=None, description="the one field that is wrong")
    errors: list[FieldProblem] | None = Field(default=None, description="every field that is wrong")


def problem(
    status: int,
    code: str,
    detail: str = "",
    *,
    rule: str = "",
    field: str = "",
    errors: list[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """`headers` are those the status asks for, as `Allow`."""
    body = Problem(
        type=f"urn:hcrm:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        rule=rule or None,
        field=field or None,
        errors=errors,
    )
    asked = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    text = body.model_dump_json(exclude_none=True)
    return web.Response(status=status, text=text, content_type=MEDIA_TYPE, headers={**asked, **(headers or {})})


def of_error(error: HcrmError) -> web.Response:
    """The problem that an error of ours is for the caller."""
    return problem(
        status_of(error),
        error.code,
        str(error),
        rule=getattr(error, "rule", "") or "",
        field=getattr(error, "field", "") or "",
    )


def of_validation(error: ValidationError) -> web.Response:
    """Every field that is wrong and why."""
    errors = [
        FieldProblem(field=".".join(str(part) for part in item["loc"]), detail=item["msg"])
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return problem(422, "invalid_input", "Some fields are not as described.", errors=errors)
