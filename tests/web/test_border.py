"""No request makes a 500: whatever stands in an address, a form, a body or a header, the answer says what is wrong."""

import asyncio
import re
from pathlib import Path

import aiohttp
import pytest

import web.pages
from crm_core.kernel.actor import SYSTEM
from crm_core.users import tokens
from tests.web.house import KEY, House
from web import routes
from web.access import Route

pytestmark = pytest.mark.web

NASTY = (
    "\x00",
    "9" * 40,
    str(2**63),
    "-1",
    "0",
    "9999-12-31",
    "0001-01-01",
    "２０２６",
    "%ff😀'\"<>\\",
    "/http://[",
    "x" * 5000,
)
IN_PATH = ("0", "9" * 25, str(2**63), "٣", "%00", "%ff")
PAGES = [route for route in routes.table(with_demo=True) if not route.path.startswith(("/api/", "/live"))]
NAMES = sorted(
    {
        name
        for path in Path(web.pages.__path__[0]).glob("*.py")
        for name in re.findall(
            r'(?:(?:form|typed|query)(?:, |\.get\(|\[)"|^    )(\w+)(?:"|: Annotated\[)',
            path.read_text("utf-8"),
            re.MULTILINE,
        )
    }
)


def spelled(route: Route, value: str) -> str:
    """The address with this in the place of ids."""
    return re.sub(r"{\w+(:[^}]*)?}", value, route.path)


async def status_of(house: House, http: aiohttp.ClientSession, route: Route, path: str, value: str) -> int:
    """Of a request in which every field that any page reads has this value."""
    fields = dict.fromkeys(NAMES, value)
    query = fields if route.method == "GET" else {}
    form = None if route.method == "GET" else fields
    async with http.request(route.method, house.base + path, params=query, data=form, allow_redirects=False) as answer:
        await answer.read()
        return answer.status


@pytest.fixture
async def admin(house: House) -> aiohttp.ClientSession:
    """Somebody who may everything and has a desk, so that every page is reached."""
    browser = await house.browser("boss", "admin", desk=True)
    browser.http.headers.update({"X-CSRF-Token": browser.csrf, "Origin": house.base})
    return browser.http


def test_the_fields_that_pages_read_are_known() -> None:
    assert {"q", "patient_id", "slot_id", "day", "move", "birth_date", "text", "agent_id"} <= set(NAMES)


@pytest.mark.parametrize("value", NASTY, ids=lambda value: ascii(value[:12]))
async def test_no_value_in_a_form_or_an_address_breaks_a_page(
    house: House, admin: aiohttp.ClientSession, value: str
) -> None:
    patient = await house.patient()
    await house.sessions()
    faults = []
    async with admin as http:
        for route in PAGES:
            if route.path in {"/logout", "/users/{id:\\d+}/password"}:
                continue
            status = await status_of(house, http, route, spelled(route, str(patient.id)), value)
            if status >= 500:
                faults.append((status, route.method, route.path))
    assert faults == []


@pytest.mark.parametrize("value", IN_PATH)
async def test_no_id_breaks_a_page(house: House, admin: aiohttp.ClientSession, value: str) -> None:
    faults = []
    async with admin as http:
        for route in PAGES:
            if "{" in route.path:
                async with http.request(route.method, house.base + spelled(route, value)) as answer:
                    if answer.status != 404:
                        faults.append((answer.status, route.method, route.path))
    assert faults == []


async def raw(house: House, head: str, body: bytes = b"", *, token: str = "") -> int:
    """The status of a request written by hand; `head` is its first line and headers."""
    host = house.base.removeprefix("http://")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    lines = f"{head}\r\nHost: {host}\r\nConnection: close\r\n{bearer}Content-Length: {len(body)}\r\n\r\n"
    writer.write(lines.encode("latin-1") + body)
    try:
        return int((await asyncio.wait_for(reader.readline(), 20)).split()[1])
    finally:
        writer.close()


PARTS = "Content-Type: multipart/form-data"
NAMED = b'--x\r\nContent-Disposition: form-data; name="login"'
FORM = "Content-Type: application/x-www-form-urlencoded"
UNREADABLE = {
    "a charset nobody knows": (f"{FORM}; charset=foo", b"login=a&password=b"),
    "bytes that are no text": (f"{FORM}; charset=utf-8", b"login=%ff\xff&password=b"),
    "a charset that is no text": (f"{FORM}; charset=rot13", b"login=a"),
    "parts without a boundary": (PARTS, b"--x\r\n\r\n"),
    "parts that never end": (
        f"{PARTS}; boundary=x",
        b"--x\r\nContent-Disposition: form-data\r\n",
    ),
    "a part in an unknown coding": (
        f"{PARTS}; boundary=x",
        NAMED + b"\r\nContent-Transfer-Encoding: foo\r\n\r\na\r\n--x--\r\n",
    ),
    "a part in an unknown charset": (
        f"{PARTS}; boundary=x",
        NAMED + b"\r\nContent-Type: text/plain; charset=foo\r\n\r\na\r\n--x--\r\n",
    ),
    "what is not packed as it says": (f"{FORM}\r\nContent-Encoding: gzip", b"not gzip at all"),
    "a file where a text belongs": (
        f"{PARTS}; boundary=x",
        NAMED + b'; filename="a"\r\n\r\na\r\n--x--\r\n',
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
async def test_a_form_that_cannot_be_read_is_refused(house: House, name: str) -> None:
    headers, body = UNREADABLE[name]
    assert 400 <= await raw(house, f"POST /login HTTP/1.1\r\n{headers}", body) < 500


BODIES = {
    "brackets without end": b"[" * 100_000,
    "objects without end": b'{"a":' * 50_000,
    "half a character": b'{"name": "\xe5\xbc"}',
    "half a surrogate": b'{"name": "\\ud83d"}',
    "NUL": b'{"name": "a\\u0000b"}',
    "a number without end": b'{"name": "a", "phones": ' + b"9" * 5000 + b"}",
    "not a number": b'{"name": NaN}',
    "no object": b'"name"',
    "nothing": b"",
    "not JSON": b"<name>",
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_that_cannot_be_read_is_refused(house: House, name: str) -> None:
    token = await tokens.create(house.db, SYSTEM, "test", "api")
    head = "POST /api/v1/patients HTTP/1.1\r\nContent-Type: application/json"
    assert await raw(house, head, BODIES[name], token=token) == 422
    assert 400 <= await raw(house, f"{head}\r\nContent-Encoding: gzip", BODIES[name], token=token) < 500


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer \xff\xfe",
        "Authorization: Bearer",
        "Cookie: hcrm_session=\xff",
        "Cookie: hcrm_locale=\xff",
        "Accept-Language: \xff;q=x",
        "X-CSRF-Token: \xff",
        "Origin: http://[",
        "If-None-Match: \xff",
        "Range: bytes=9999999999999999999-",
        "HX-Request: \xff",
        "X-Forwarded-Proto: \xff",
        "X-Forwarded-For: \xff, x",
    ],
)
async def test_no_header_breaks_a_page(house: House, header: str) -> None:
    for line in ("GET /login", "GET /", "POST /login", "GET /api/v1/status", "GET /api/v1/patients", "POST /logout"):
        assert await raw(house, f"{line} HTTP/1.1\r\n{header}") < 500
    token = await tokens.create(house.db, SYSTEM, "test", "api")
    patient = await house.patient()
    for name in ("If-Match", "If-None-Match", "Idempotency-Key", "Content-Type"):
        head = f"PATCH /api/v1/patients/{patient.id} HTTP/1.1\r\n{name}: \xff"
        assert await raw(house, head, b"{}", token=token) < 500


async def test_a_session_with_an_impossible_token_is_forged(house: House) -> None:
    async with await house.browser("boss", "admin") as browser:
        status, _text = await browser.post("/language", {"locale": "en"}, **{"X-CSRF-Token": "ü" * 40})
    assert status == 403
    assert KEY not in _text


async def test_an_address_in_no_code_is_refused(house: House) -> None:
    for path in (
        "/patients?q=%ff",
        "/api/v1/patients?q=%ff%00",
        "/%ff",
        "/static/%00",
        "/static/%2e%2e/%2e%2e/etc/passwd",
    ):
        assert await raw(house, f"GET {path} HTTP/1.1") < 500
