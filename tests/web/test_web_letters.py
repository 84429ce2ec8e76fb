"""Envelopes from the pages: for one patient, for all that a search finds, who is left out, the file, and who may."""

import io
import re

import pypdfium2
import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import PatientId
from crm_core.patients import lookup
from tests.web.house import Browser, House

pytestmark = pytest.mark.web

STREETS = {"李一": "文三路 1 号", "李二": "<b>文三路</b> 2 号", "李三": ""}


async def furnish(house: House) -> dict[str, PatientId]:
    """Three of one family name; the last has no street."""
    ids = {}
    for name, street in STREETS.items():
        ids[name] = (await house.patient(name)).id
        async with house.db.connection() as conn:
            await conn.execute(
                "UPDATE patient SET province = '浙江省', city = '杭州市', postcode = '310012', street = $2 "
                "WHERE id = $1",
                ids[name],
                street,
            )
    return ids


async def found(somebody: Browser, name: str) -> str:
    """The page of envelopes that a search leads to."""
    _, text = await somebody.post("/patients/search", {"q": name})
    leads = re.search(r'href="(/letters/new\?[^"]+)"', text)
    assert leads is not None
    assert name not in leads[1]
    status, page = await somebody.get(leads[1].replace("&amp;", "&"))
    assert status == 200
    return page


def posted(page: str, **other: str) -> dict[str, str]:
    """The form as the browser sends it."""
    chosen = re.search(r'name="chosen" value="([^"]*)"', page)
    people = re.findall(
        r'(?:type="hidden" name="people" value="(?=\d+">)|name="people" value="(?=\d+" checked))(\d+)', page
    )
    assert chosen is not None
    return {"chosen": chosen[1], "people": " ".join(people), "template": "dl"} | other


async def printed(somebody: Browser, number: int = 1) -> list[str]:
    """What stands on each page of a run's file."""
    async with somebody.http.get(f"{somebody.base}/letters/{number}/file") as answer:
        assert (answer.status, answer.content_type, answer.headers["Cache-Control"]) == (
            200,
            "application/pdf",
            "no-store",
        )
        body = await answer.read()
    with pypdfium2.PdfDocument(io.BytesIO(body)) as pdf:
        return [page.get_textpage().get_text_range() for page in pdf]


async def test_all_that_a_search_finds_get_an_envelope_and_who_does_not_is_named_with_the_reason(house: House) -> None:
    await furnish(house)
    async with await house.browser("nurse", "nurse") as nurse:
        page = await found(nurse, "李")
        left_out, fit = page.split("data-left-out")[1].split("data-fit")
        assert ("李一" in fit, "&lt;b&gt;文三路" in fit, "李三" in fit) == (True, True, False)
        assert ("李三" in left_out, "no street" in left_out, "李一" in left_out) == (True, True, False)
        status, _ = await nurse.post("/letters", posted(page))
        assert status == 200
        pages = await printed(nurse)
        assert [("李一 收" in text, "李二 收" in text) for text in pages] == [(True, False), (False, True)]
        _, run = await nurse.get("/letters/1")
        assert ("李一" in run, "no street" in run) == (True, True)
    async with house.db.connection() as conn:
        row = await conn.fetchrow("SELECT printed_by, template, printed, left_out FROM print_run")
        seen = await conn.fetch("SELECT action FROM audit WHERE subject = 'print_run' ORDER BY id")
    assert row is not None
    assert tuple(row) == ("nurse", "dl", 2, 1)
    assert [one["action"] for one in seen] == ["print letters", "open letters"]


async def test_who_is_not_ticked_gets_none_and_stays_in_the_list(house: House) -> None:
    ids = await furnish(house)
    async with await house.browser("nurse", "nurse") as nurse:
        page = await found(nurse, "李")
        _, text = await nurse.post("/letters/preview", posted(page, people=str(ids["李二"]), template="a4_3x8"))
        assert re.findall(r'checkbox" name="people" value="(\d+)"( checked)?', text) == [
            (str(ids["李一"]), ""),
            (str(ids["李二"]), " checked"),
        ]
        await nurse.post("/letters", posted(text, template="a4_3x8"))
        (sheet,) = await printed(nurse)
        assert ("李一" in sheet, "李二 收" in sheet) == (False, True)


async def test_one_patients_page_leads_to_their_envelope_and_tells_of_it_afterwards(house: House) -> None:
    ids = await furnish(house)
    async with await house.browser("nurse", "nurse") as nurse:
        _, record = await nurse.get(f"/patients/{ids['李一']}")
        assert f"/letters/new?people={ids['李一']}" in record
        _, page = await nurse.get(f"/letters/new?people={ids['李一']}")
        assert "李一 收" in page
        assert 'textLength="' in page
        await nurse.post("/letters", posted(page))
    opened = await lookup.open_page(house.db, SYSTEM, ids["李一"])
    assert [(one.code, one.ref) for one in opened.timeline.items] == [("letter.printed", "letters/1")]


async def test_a_run_of_nobody_is_refused_and_nothing_is_written_down(house: House) -> None:
    ids = await furnish(house)
    async with await house.browser("nurse", "nurse") as nurse:
        _, page = await nurse.get(f"/letters/new?people={ids['李三']}")
        status, text = await nurse.post("/letters", posted(page, people=str(ids["李三"])))
        assert (status, "Nobody of those chosen" in text) == (422, True)
        status, _ = await nurse.post("/letters", posted(page, template="tissue"))
        assert status == 422
        assert (await nurse.get("/letters/1"))[0] == 404
        assert (await nurse.get("/letters/new?people=1,x"))[0] == 422


async def test_an_address_that_was_corrected_is_printed_as_it_is_now(house: House) -> None:
    ids = await furnish(house)
    async with await house.browser("nurse", "nurse") as nurse:
        page = await found(nurse, "李")
        await nurse.post("/letters", posted(page))
        async with house.db.connection() as conn:
            await conn.execute("UPDATE patient SET street = '新路 9 号' WHERE id = $1", ids["李一"])
            await conn.execute("UPDATE patient SET postcode = '' WHERE id = $1", ids["李二"])
        (only,) = await printed(nurse)
        assert "新路 9 号" in only
        _, run = await nurse.get("/letters/1")
        assert "no postcode" in run.split("data-left-out")[1]


@pytest.mark.parametrize("role", ["agent", "marketer", "auditor"])
async def test_who_may_not_carry_addresses_away_sees_none(house: House, role: str) -> None:
    ids = await furnish(house)
    async with await house.browser("nurse", "nurse") as nurse:
        await nurse.post("/letters", posted(await found(nurse, "李")))
    async with await house.browser("other", role) as other:
        for path in ("/letters", "/letters/new", f"/letters/new?people={ids['李一']}", "/letters/1", "/letters/1/file"):
            assert (await other.get(path))[0] == 403
        assert (await other.post("/letters", {"chosen": "1", "people": "1"}))[0] == 403
        if role == "agent":
            _, text = await other.post("/patients/search", {"q": "李"})
            assert "/letters" not in text
