"""What a caller gets: JSON, with a tag that says which version of a thing it is."""

import hashlib
from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel


def render(request: web.Request, found: BaseModel, status: HTTPStatus, *, location: str = "") -> web.Response:
    """An `ETag` for one thing: its version where it has one. A GET that names the tag is told that it knows."""
    text = found.model_dump_json()
    headers = {"Location": location} if location else {}
    is_read = request.method in {"GET", "HEAD"}
    if _version(found) is not None or (is_read and "{id}" in _canonical(request)):
        headers["ETag"] = _tag(found, text)
    if is_read and headers.get("ETag") in _known(request):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)


def _canonical(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""


def _version(found: BaseModel) -> int | None:
    version = getattr(found, "version", None)
    return version if isinstance(version, int) else None


def _tag(found: BaseModel, text: str) -> str:
    version = _version(found)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:24] if version is None else version}"'


def _known(request: web.Request) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
