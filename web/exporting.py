"""A list as a file: comma-separated, as it is read, a page at a time; no cell becomes a formula."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from aiohttp import web

from crm_core.kernel.cells import guarded
from web.deps import DEPS
from web.i18n import _, say_full_moment

if TYPE_CHECKING:
    from web.lists import ListPage

BOM = "\ufeff"  # without it spreadsheet programs take the file for another encoding


async def send(
    request: web.Request, one: "ListPage[Any, Any]", pages: AsyncIterator[Sequence[Any]]
) -> web.StreamResponse:
    """The rights and the first page come before the answer begins: a refusal is still a page."""
    first = await anext(pages)
    answer = web.StreamResponse(headers={"Cache-Control": "no-store", "Content-Disposition": _named(one)})
    answer.content_type, answer.charset = "text/csv", "utf-8"
    await answer.prepare(request)
    columns = [(column.heading, column.value) for column in one.columns if column.value]
    await answer.write((BOM + _line([_(heading) for heading, _value in columns])).encode())
    zone = request.app[DEPS].settings.timezone
    rows: Sequence[Any] | None = first
    while rows is not None:
        lines = [_line([said(value(row), zone) for _heading, value in columns]) for row in rows]
        await answer.write("".join(lines).encode())
        rows = await anext(pages, None)
    await answer.write_eof()
    return answer


def said(value: object, zone: tzinfo) -> str:
    """As it stands in the file: a moment to the second, what is not known as nothing."""
    if isinstance(value, datetime):
        return say_full_moment(value, zone)
    return "" if value is None else str(value)


def _named(one: "ListPage[Any, Any]") -> str:
    return f'attachment; filename="{one.path.strip("/").replace("/", "-")}.csv"'


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([guarded(cell) for cell in cells])
    return out.getvalue()
