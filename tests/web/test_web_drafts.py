"""Every form that keeps what is typed shows it again to its writer, until it is sent or thrown away."""

import json
import re
from html import unescape

import pytest

from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Msisdn
from tests.web.house import ZHANG, Browser, House
from tests.web.test_web_inbox import asks
from tests.web.test_web_register import form_of

pytestmark = pytest.mark.web

WORDS = '半句 <b>"话"'


async def place_of(person: Browser, path: str) -> str:
    """Where the page's form keeps what is typed."""
    status, text = await person.get(path)
    assert status == 200
    (place,) = re.findall(r'data-keeps="([^"]+)"', text)
    return unescape(str(place))


async def pages(house: House) -> list[tuple[str, str]]:
    """The address of a form and the name of a field in it."""
    patient, stranger = await house.patient(), await house.patient("李秀英", "+8613900000008")
    async with house.db.transaction(SYSTEM) as tx:
        asked = await consultations.open_in(tx, Msisdn("+8613900000009"), "phone", "体检多少钱?")
    return [
        (await asks(house), "text"),
        (f"/patients/{stranger.id}/sms", "text"),
        ("/sms/new", "text"),
        ("/tasks/new", "text"),
        (f"/tasks/new?patient={patient.id}", "text"),
        ("/patients/new", "name"),
        (f"/patients/new?consultation={asked}", "name"),
        (f"/patients/{patient.id}/edit", "region"),
        (f"/consultations/{asked}", "result"),
    ]


async def test_what_is_typed_is_there_again_in_its_own_form_for_its_writer_only(house: House) -> None:
    async with await house.browser("nurse") as nurse, await house.browser("agent1", "agent") as other:
        forms = await pages(house)
        places = [await place_of(nurse, path) for path, _name in forms]
        assert len(set(places)) == len(forms)
        for number, (place, (_path, name)) in enumerate(zip(places, forms, strict=True)):
            status, text = await nurse.post(place, {name: f"{WORDS}{number}"})
            assert (status, list(json.loads(text))) == (200, ["said"])
        for number, (place, (path, name)) in enumerate(zip(places, forms, strict=True)):
            _, text = await nurse.get(path)
            found = [unescape(one) for one in re.findall(r"半句[^<>]*&#34;\d", text)]
            assert (path, found) == (path, [f"{WORDS}{number}"])
            assert "Draft kept" in text
            _, text = await other.get(path)
            assert ("半句" in text, "Draft kept" in text, json.loads((await other.get(place))[1])) == (False, False, {})
            at, about = place.partition("?")[::2]
            assert (await nurse.post(f"{at}/discard?{about}", {"names": name}))[0] == 204
            assert "半句" not in (await nurse.get(path))[1]


async def test_a_text_that_was_sent_leaves_its_own_draft_and_no_other(house: House) -> None:
    thread = await asks(house)
    async with await house.browser("nurse") as nurse:
        place = await place_of(nurse, thread)
        await nurse.post(place, {"text": "报告已"})
        await nurse.post("/drafts/text", {"text": "新的一条", "to": "zsf"})
        about = place.partition("?")[2]
        form = {"to": ZHANG, "text": "报告已出", "purpose": "care"}
        assert f'hx-post="/sms?filter=all&amp;{about}"' in (await nurse.get(thread))[1]
        refused = await nurse.post(f"/sms?filter=all&{about}", form | {"text": "{name}您好"})
        assert (refused[0], json.loads((await nurse.get(place))[1])) == (422, {"text": "报告已"})
        assert (await nurse.post(f"/sms?filter=all&{about}", form))[0] == 200
        assert json.loads((await nurse.get(place))[1]) == {}
        _, text = await nurse.get("/sms/new")
        assert ("新的一条" in text, 'value="zsf"' in text) == (True, True)


async def test_words_typed_on_an_older_record_do_not_overwrite_what_others_wrote_meanwhile(house: House) -> None:
    patient = await house.patient()
    path = f"/patients/{patient.id}"
    async with await house.browser("nurse") as nurse, await house.browser("agent1", "agent") as other:
        _, text = await nurse.get(f"{path}/edit")
        version = form_of(text)["version"]
        await nurse.post(await place_of(nurse, f"{path}/edit"), {"region": "广州", "version": version})
        theirs = form_of((await other.get(f"{path}/edit"))[1])
        assert (await other.post(path, theirs | {"region": "深圳"}))[0] == 200
        form = form_of((await nurse.get(f"{path}/edit"))[1])
        assert (form["region"], form["version"]) == ("广州", version)
        status, text = await nurse.post(path, form)
        assert (status, "Agent1 wrote here meanwhile" in text) == (409, True)
        assert (await nurse.post(path, form_of(text)))[0] == 200
        assert "Draft kept" not in (await nurse.get(f"{path}/edit"))[1]
