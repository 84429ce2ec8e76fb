"""Every list of the hospital: who may, pages, orders, filters, the file, why it is empty, both languages."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SYSTEM, Role
from crm_core.kernel.ids import Msisdn, RecordingId
from crm_core.patients import lookup
from crm_core.users import door_store, tokens
from crm_core.users.rights import RIGHTS, Right
from letters import store as letters
from letters.model import Wish
from letters.store import Member
from recordings import store as recordings
from recordings.files import Sealed
from recordings.model import Kind
from recordings.vault import Kept
from tests.web.house import MORNING, Browser, House
from web import i18n, lists, routes, sheet
from web.lists import ListPage

pytestmark = [pytest.mark.web, pytest.mark.timeout(300)]

MANY = 7
ROWS_A_PAGE = 3
ROW = re.compile(r"<tr>\s*<td.*?</tr>", re.DOTALL)
NEXT = re.compile(r'rel="next" href="([^"]+)"')
LISTS: dict[str, ListPage[Any, Any]] = {one.path: one for one, _handler in routes.LISTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Of a list: filters that find `finds` of the MANY, that find nobody, and that fit nothing."""

    finding: Mapping[str, str] = field(default_factory=dict)
    finds: int = 1
    finding_none: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)
    always: str = ""  # what the address must say
    is_never_empty: bool = False  # opening it, or being let in, makes a row
    grows: bool = False  # with every look at it


CASES = {
    "/patients": Case(finding={"q": "李四3"}, finding_none={"q": "nobody"}, wrong={"q": "x" * 101}),
    "/calls": Case(finding={"text": "0003"}, finding_none={"until": "2020-01-01"}, wrong={"direction": "sideways"}),
    "/calls/without-result": Case(),
    "/recordings": Case(finding={"text": "李四3"}, finding_none={"since": "2100-01-01"}, wrong={"since": "yesterday"}),
    "/consultations": Case(finding={"text": "问题3"}, finding_none={"status": "closed"}, wrong={"source": "pigeon"}),
    "/users": Case(finding={"text": "user3"}, finding_none={"text": "zzz"}, wrong={"role": "god"}, is_never_empty=True),
    "/tokens": Case(finding={"text": "his 3"}, finding_none={"text": "zzz"}, wrong={"text": "x" * 101}),
    "/letters": Case(),
    "/audit": Case(
        finding={"subject": "api_token", "subject_id": "3"},
        finding_none={"until": "2020-01-01"},
        wrong={"since": "0000-00-00"},
        is_never_empty=True,
        grows=True,
    ),
    "/audit/refusals": Case(),
    "/audit/patients": Case(
        finding={"patient": "3"},
        grows=True,
        finding_none={"patient": "999"},
        wrong={"patient": "x"},
        always="patient=2",
    ),
}
every_list = pytest.mark.parametrize("one", LISTS.values(), ids=LISTS.keys())


def test_no_list_is_without_a_case() -> None:
    assert set(CASES) == set(LISTS)


def _sealed(number: int) -> Sealed:
    return Sealed(duration_ms=1000 * number, size_bytes=16000, channels=2, sha256=b"s" * 32, peaks=(0.5, 0.5))


async def furnish(house: House) -> None:
    """MANY of everything; the second patient was looked at often."""
    for number in range(1, MANY + 1):
        phone = Msisdn(f"+861391111{number:04}")
        patient = await house.patient(f"李四{number}", phone)
        call = await house.call(f"{number}.1", phone)
        user = await house.user(f"user{number}", "agent", desk=number % 2 == 0)
        await tokens.create(house.db, SYSTEM, f"his {number}", Role.API)
        async with house.db.transaction(SYSTEM) as tx:
            await tx.conn.execute("UPDATE call SET patient_id = $2 WHERE id = $1", call.id, patient.id)
            spoke = "INSERT INTO call_leg (call_id, user_id, connected_at, left_at) VALUES ($1, $2, $3, $3)"
            await tx.conn.execute(spoke, call.id, user.id, MORNING + timedelta(seconds=number))
            kept = Kept(f"{number}", b"k", _sealed(number))
            source, moment = f"source {number}", MORNING + timedelta(minutes=number)
            await recordings.insert(tx.conn, RecordingId(uuid4()), call.id, Kind.CALL, kept, source=source, now=moment)
            wish = Wish(patient_ids=[patient.id], template="dl")
            await letters.insert(tx.conn, wish, [Member(patient.id, None)], printed_by=user.login, now=moment)
            await consultations.open_in(tx, phone, "sms", f"问题{number}")
            await door_store.count_refusal(tx.conn, f"10.0.0.{number}", "not logged in", moment)
    async with house.db.connection() as conn:
        ids = [row["id"] for row in await conn.fetch("SELECT id FROM patient ORDER BY id")]
    for number in range(MANY):
        await lookup.open_page(house.db, house.users[f"user{number + 1}"].actor, ids[1])


def rows_of(text: str) -> list[str]:
    """The rows of a page of a list."""
    return ROW.findall(text[text.index('id="list"') :])


async def all_rows(somebody: Browser, path: str) -> list[str]:
    """Page after page, by the link to the next."""
    rows: list[str] = []
    following: str | None = path
    while following is not None:
        status, text = await somebody.get(following)
        assert (following, status) == (following, 200)
        found = NEXT.search(text)
        rows += rows_of(text)
        assert len(rows_of(text)) == ROWS_A_PAGE or found is None
        following = unescape(found[1]) if found else None
    return rows


async def the_file(somebody: Browser, address: str) -> list[list[str]]:
    """The list as a spreadsheet program reads it, without the headings."""
    parts = urlsplit(address)
    status, text = await somebody.get(f"{parts.path}/export?{parts.query}")
    assert (status, text[0]) == (200, "\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))[1:]


async def searched(somebody: Browser, one: ListPage[Any, Any], typed: Mapping[str, str]) -> tuple[int, str, str]:
    """As the form sends it: status, page, and the address it stands in from now on."""
    form = {"status": "open", **typed} if one.path == "/consultations" else typed
    headers = {"HX-Request": "true", "HX-Trigger": "filters", "X-CSRF-Token": somebody.csrf, "Origin": somebody.base}
    posts = any(route.path == f"{one.path}/search" for route in routes.PAGES)
    async with (
        somebody.http.post(f"{somebody.base}{one.path}/search", data=form, headers=headers)
        if posts
        else somebody.http.get(somebody.base + one.path, params=form, headers=headers)
    ) as answer:
        return answer.status, await answer.text(), answer.headers.get("HX-Push-Url", "")


def address_of(one: ListPage[Any, Any], extra: str = "") -> str:
    """With what the list cannot do without."""
    query = "&".join(filter(None, (CASES[one.path].always, extra)))
    return f"{one.path}?{query}" if query else one.path


@every_list
async def test_who_lacks_the_right_gets_neither_the_list_nor_its_file(house: House, one: ListPage[Any, Any]) -> None:
    for role in Role:
        if role is Role.API:
            continue
        async with await house.browser(role.value) as somebody:
            may = one.right in RIGHTS[role]
            may_take = may and RIGHTS[role].issuperset(one.leaves_by)
            assert (role, (await somebody.get(address_of(one)))[0]) == (role, 200 if may else 403)
            parts = urlsplit(address_of(one))
            status, _ = await somebody.get(f"{parts.path}/export?{parts.query}")
            assert (role, status) == (role, 200 if may_take else 403)
            if (may, may_take) == (True, False):
                assert "/export" not in (await somebody.get(one.path))[1]


@every_list
async def test_pages_follow_each_other_and_leave_nobody_out(
    house: House, one: ListPage[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PAGE", ROWS_A_PAGE)
    await furnish(house)
    async with await house.browser("admin") as admin:
        file = await the_file(admin, address_of(one))
        rows = await all_rows(admin, address_of(one))
        assert len(rows) == len(set(rows))
        assert len(rows) >= MANY
        assert len(rows) == len(file) or (CASES[one.path].grows and len(rows) > len(file))
        assert (await admin.get(address_of(one, "after=nonsense")))[0] == 422
        assert (await admin.get(address_of(one, "sort=sideways")))[0] == 422


@every_list
async def test_an_order_shows_the_same_rows_and_stands_in_the_address(
    house: House, one: ListPage[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PAGE", ROWS_A_PAGE)
    await furnish(house)
    columns = [column for column in one.columns if column.value]
    async with await house.browser("admin") as admin:
        plain = await the_file(admin, address_of(one))
        for order in one.orders:
            _, text = await admin.get(address_of(one, f"sort={order}"))
            assert re.search(r'aria-current="true"', text) or len(one.orders) == 1
            file = await the_file(admin, address_of(one, f"sort={order}"))
            assert sorted(file)[:MANY] == sorted(plain)[:MANY] or one.path.startswith("/audit")
            for place, column in enumerate(columns):
                if column.sort == order and order not in ("newest", "desk", "role"):
                    assert [row[place] for row in file] == sorted(row[place] for row in file)
        if "oldest" in one.orders:
            assert await the_file(admin, address_of(one, "sort=oldest")) == plain[::-1]


@every_list
async def test_a_filter_finds_what_it_says_and_the_address_finds_it_again(
    house: House, one: ListPage[Any, Any]
) -> None:
    case = CASES[one.path]
    if not case.finding:
        assert not sheet.slots(one.filters)
        return
    await furnish(house)
    async with await house.browser("admin") as admin:
        status, text, address = await searched(admin, one, case.finding)
        assert (status, len(rows_of(text))) == (200, case.finds)
        assert urlsplit(address).path == one.path
        for slot in sheet.slots(one.filters):
            if slot.ask.is_personal:
                assert not any(value and value in unescape(address) for value in case.finding.values())
        status, again = await admin.get(address)
        found = len(rows_of(again))
        assert (status, found >= case.finds if case.grows else found == case.finds) == (200, True)
        for value in case.finding.values():
            assert re.search(rf'value="{value}"', again)
        assert len(await the_file(admin, address)) == case.finds or case.grows
    async with await house.browser("boss", "admin") as other:
        if "find" in parse_qs(urlsplit(address).query):
            status, text = await other.get(address)  # somebody else's search says nothing
            assert (status, rows_of(text), "cannot be opened any more" in text) == (422, [], True)


@every_list
async def test_a_filter_that_finds_nobody_says_so_and_a_wrong_one_what_is_wrong(
    house: House, one: ListPage[Any, Any]
) -> None:
    case = CASES[one.path]
    await furnish(house)
    async with await house.browser("admin") as admin:
        if case.finding_none:
            _, text, _ = await searched(admin, one, case.finding_none)
            assert (rows_of(text), "Nothing matches these filters." in text, "Clear the filters" in text) == (
                [],
                True,
                True,
            )
        for name in case.wrong:
            status, text, _ = await searched(admin, one, case.wrong)
            problem = re.search(rf'<div id="by-{name}-problem"[^>]*>([^<]+)</div>', text)
            assert (status, rows_of(text), problem is not None) == (422, [], True)
            assert re.search(rf'id="by-{name}"[^>]*aria-invalid="true"', text)


@every_list
async def test_a_list_of_nothing_says_that_there_is_nothing_yet(house: House, one: ListPage[Any, Any]) -> None:
    async with await house.browser("admin") as admin:
        _, text = await admin.get(address_of(one))
    if CASES[one.path].is_never_empty:
        assert rows_of(text)
    else:
        said = "Nothing matches these filters." if CASES[one.path].always else one.empty
        assert (rows_of(text), said in text) == ([], True)


@every_list
async def test_the_headings_are_in_the_readers_language(house: House, one: ListPage[Any, Any]) -> None:
    await furnish(house)
    async with await house.browser("admin") as admin:
        await admin.post("/language", {"locale": "zh_CN", "csrf_token": admin.csrf})
        _, text = await admin.get(address_of(one))
        head = text[text.index("<thead>") : text.index("</thead>")]
        for column in one.columns:
            said = i18n.catalogue("zh_CN").gettext(column.heading)
            assert said != column.heading
            assert said in head
        labels = re.findall(r"<(?:label|h1)[^>]*>([^<]+)<", text[text.index('id="page"') :])
        assert [label for label in labels if re.search(r"[A-Za-z]{3}", label)] == []


async def test_no_cell_of_a_file_is_a_formula_and_who_took_it_is_written_down(house: House) -> None:
    await house.patient("=cmd|' /C calc'!A0")
    async with await house.browser("boss", "supervisor") as boss:
        (row,) = await the_file(boss, "/patients")
    assert row[0] == "'=cmd|' /C calc'!A0"
    async with house.db.connection() as conn:
        rows = await conn.fetch("SELECT outcome, detail FROM audit WHERE action = 'export list' ORDER BY id")
        seen = await conn.fetch("SELECT detail FROM audit WHERE actor = 'boss' AND action = 'list patients'")
    assert [(one["outcome"], one["detail"]["count"]) for one in rows] == [("begun", 0), ("done", 1)]
    assert seen[0]["detail"]["patient_ids"] == [1]


@pytest.mark.parametrize("typed", ["李秀英", "lixiuying", "0002", "1390000", "139 0000 0002"])
async def test_calls_are_found_by_a_name_and_by_any_end_of_a_number(house: House, typed: str) -> None:
    other = await house.patient("李秀英", "13900000002")
    await house.call("1.1")
    call = await house.call("1.2", "+8613900000002")
    async with house.db.connection() as conn:
        await conn.execute("UPDATE call SET patient_id = $2 WHERE id = $1", call.id, other.id)
    async with await house.browser("boss", "supervisor") as boss:
        for path in ("/calls/search", "/patients/search"):
            _, text = await boss.post(path, {"text": typed, "q": typed})
            assert ("139 0000 0002" in text, "138 0013 8000" in text) == (True, False)


async def test_a_search_that_goes_on_is_one_step_of_the_way_back(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent:
        headers = {"HX-Trigger": "filters", "X-CSRF-Token": agent.csrf}
        places = []
        for current in ("/patients", "/patients?find=x"):
            asked = headers | {"HX-Current-URL": agent.base + current}
            async with agent.http.post(agent.base + "/patients/search", data={"q": "zh"}, headers=asked) as answer:
                places.append(("HX-Push-Url" in answer.headers, "HX-Replace-Url" in answer.headers))
    assert places == [(True, False), (False, True)]


def test_rights_that_let_a_file_leave_are_those_of_who_exports_patients() -> None:
    with_people = ("/patients", "/calls", "/recordings", "/consultations")
    assert all(Right.EXPORT_PATIENTS in LISTS[path].leaves_by for path in with_people)
