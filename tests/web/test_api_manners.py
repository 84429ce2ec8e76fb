"""What integrators rely on beside the resources: keys, versions, cursors, media types, one error for one mistake."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.patients import timeline
from crm_core.patients.timeline_code import TimelineCode
from crm_core.users.rights import Right
from tests.web.api_client import Client, client
from tests.web.house import House
from web.api import table

pytestmark = pytest.mark.web

ZHANG = {"name": "张三丰", "phones": ["138 0013 8000"]}


async def sent(api: Client, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any, Any]:
    """(status, JSON, headers) of a request with headers of its own."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, (bytes, str)) or body is None else json.dumps(body)
    if data is not None:
        named.setdefault("Content-Type", "application/json")
    async with api.http.request(method, api.base + path, data=data, headers=named) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text else None, answer.headers


async def test_what_is_made_says_where_it_is_and_a_key_makes_it_once(house: House) -> None:
    slots = await house.sessions(capacity=3)
    async with client(house) as api:
        first = await sent(api, "POST", "/patients", ZHANG, Idempotency_Key="a")
        again = await sent(api, "POST", "/patients", ZHANG, Idempotency_Key="a")
        assert (first[0], again[0]) == (201, 201)
        assert first[1] == again[1]
        assert first[2]["Location"] == again[2]["Location"] == f"/api/v1/patients/{first[1]['id']}"
        assert (await sent(api, "POST", "/patients", ZHANG, Idempotency_Key="b"))[1]["id"] != first[1]["id"]
        wish = {"patient_id": first[1]["id"], "slot_id": slots[0]}
        booked = [(await sent(api, "POST", "/appointments", wish, Idempotency_Key="c")) for _ in range(2)]
        assert [(status, body["id"]) for status, body, _headers in booked] == [(201, booked[0][1]["id"])] * 2
        text = {"to": "13800138000", "text": "您好", "purpose": "care"}
        texts = [(await sent(api, "POST", "/sms", text, Idempotency_Key="d")) for _ in range(2)]
        assert texts[0][:2] == texts[1][:2]
        assert texts[0][2]["Location"] == f"/api/v1/sms/{texts[0][1]['id']}"
        path = f"/appointments/{booked[0][1]['id']}/remind"
        for _ in range(2):
            assert (await sent(api, "POST", path, {"channel": "call"}, Idempotency_Key="e"))[0] == 202
    assert len(house.reminders.asked) == 1


async def test_a_key_for_another_request_is_refused(house: House) -> None:
    async with client(house) as api:
        assert (await sent(api, "POST", "/patients", ZHANG, Idempotency_Key="a"))[0] == 201
        status, answer, _headers = await sent(api, "POST", "/patients", ZHANG | {"region": "x"}, Idempotency_Key="a")
        assert (status, answer["code"]) == (422, "idempotency_key_reused")
        status, answer, _headers = await sent(api, "POST", "/patients", ZHANG, Idempotency_Key="k" * 256)
        assert (status, answer["field"]) == (422, "Idempotency-Key")


async def test_the_same_request_ten_times_at_once_makes_one_patient(house: House) -> None:
    async with client(house) as api:
        asked = [sent(api, "POST", "/patients", ZHANG, Idempotency_Key="a") for _ in range(10)]
        answers = await asyncio.gather(*asked)
        assert {status for status, _body, _headers in answers} <= {201, 409}
        assert len((await api.get("/patients"))[1]["items"]) == 1


async def test_who_changes_an_old_version_is_told_and_who_knows_it_is_not_sent_it_again(house: House) -> None:
    patient = await house.patient()
    path = f"/patients/{patient.id}"
    async with client(house) as api:
        _status, _body, headers = await sent(api, "GET", path)
        tag = headers["ETag"]
        assert (await sent(api, "GET", path, If_None_Match=tag))[0] == 304
        status, body, headers = await sent(api, "PATCH", path, {"region": "杭州"}, If_Match=tag)
        assert (status, headers["ETag"]) == (200, f'"{body["version"]}"')
        assert (await sent(api, "GET", path, If_None_Match=tag))[0] == 200
        for old in (tag, 'W/"1"', '"x"', "1"):
            status, answer, _headers = await sent(api, "PATCH", path, {"region": "宁波"}, If_Match=old)
            assert (status, answer["code"]) == (412, "stale")
        assert (await sent(api, "PATCH", path, {"region": "宁波"}, If_Match="*"))[0] == 200
        assert (await sent(api, "PATCH", path, {"region": "温州"}))[0] == 200


async def test_other_things_have_a_tag_that_changes_with_them(house: House) -> None:
    patient = await house.patient()
    slots = await house.sessions()
    async with client(house) as api:
        _status, made = await api.post("/appointments", {"patient_id": patient.id, "slot_id": slots[0]})
        path = f"/appointments/{made['id']}"
        tag = (await sent(api, "GET", path))[2]["ETag"]
        assert (await sent(api, "GET", path, If_None_Match=f'"x", {tag}'))[0] == 304
        await api.post(f"{path}/confirm")
        assert (await sent(api, "GET", path, If_None_Match=tag))[0] == 200


async def test_a_patch_may_be_called_what_it_is_and_null_clears(house: House) -> None:
    patient = await house.patient()
    path = f"/patients/{patient.id}"
    async with client(house) as api:
        media = "application/merge-patch+json"
        status, body, _headers = await sent(api, "PATCH", path, {"birth_date": "1957-04-09"}, Content_Type=media)
        assert (status, body["birth_date"]) == (200, "1957-04-09")
        _status, body, _headers = await sent(api, "PATCH", path, {"birth_date": None}, Content_Type=media)
        assert body["birth_date"] is None
        for wrong in ("text/plain", "application/xml", "application/json-patch+json"):
            status, answer, _headers = await sent(api, "PATCH", path, {"region": "x"}, Content_Type=wrong)
            assert (status, answer["code"]) == (415, "wrong_media_type")
        assert (await sent(api, "POST", "/patients", ZHANG, Content_Type=media))[0] == 415


async def every_page(api: Client, path: str, **query: str) -> list[Any]:
    """All items of a list, three at a time, each once."""
    found: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        status, page = await api.get(path, limit="3", cursor=cursor, **query)
        assert status == 200
        assert page["items"] or not found, "a page after the end"
        found += page["items"]
        cursor = page["next"]
    return found


async def test_lists_end_where_they_end(house: House) -> None:
    people = [await house.patient(f"患者{number}", f"+861990000000{number}") for number in range(6)]
    slots = await house.sessions(capacity=6)
    async with client(house) as api:
        for patient in people:
            await api.post("/appointments", {"patient_id": patient.id, "slot_id": slots[0]})
            await api.post("/sms", {"to": patient.phones[0], "text": "您好", "purpose": "care"})
            await house.call(f"1.{patient.id}", patient.phones[0])
        assert len(await every_page(api, "/patients")) == 6
        assert len(await every_page(api, "/patients", q="huanzhe")) == 6
        assert len(await every_page(api, "/appointments")) == 6
        assert len(await every_page(api, "/sms")) == 6
        assert len(await every_page(api, "/calls")) == 6
        assert [one["id"] for one in await every_page(api, "/slots")] == slots
        assert len(await every_page(api, "/departments")) == 1
        assert len(await every_page(api, "/practitioners")) == 1


async def test_a_timeline_goes_on_though_the_entry_where_it_stopped_is_gone(house: House) -> None:
    patient = await house.patient()
    async with house.db.transaction(SYSTEM) as tx:
        for number in range(1, 6):
            await timeline.add(tx, patient.id, tx.now, TimelineCode.IN_MENU, {}, f"calls/{number}")
    path = f"/patients/{patient.id}/timeline"
    async with client(house) as api:
        _status, page = await api.get(path, limit="2")
        assert [one["ref"] for one in page["items"]] == ["calls/5", "calls/4"]
        async with house.db.transaction(SYSTEM) as tx:
            await timeline.remove(tx, patient.id, "call", "calls/4")
        _status, rest = await api.get(path, cursor=page["next"])
        assert [one["ref"] for one in rest["items"]] == ["calls/3", "calls/2", "calls/1"]
        assert rest["next"] is None
        assert (await api.get(path, kind="nonsense"))[0] == 422
        assert (await api.get("/patients", cursor=page["next"]))[0] == 422
        assert (await api.get(path, after=page["next"]))[1] == rest
        assert (await api.get(path, after=page["next"], cursor=page["next"]))[0] == 422


async def test_two_ways_to_look_at_once_are_refused_and_not_half_done(house: House) -> None:
    async with client(house) as api:
        assert (await api.get("/patients", phone="13800138000", q="李"))[0] == 422


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/patients/abc", 404),
        ("GET", "/patients/0", 404),
        ("GET", "/patients/99999999999999999999", 404),
        ("PATCH", "/patients/1.0", 404),
        ("GET", "/appointments/-1", 404),
        ("GET", "/calls/1", 404),
        ("GET", "/recordings/x/audio", 404),
        ("GET", "/nothing", 404),
    ],
)
async def test_an_id_that_cannot_be_is_not_there(house: House, method: str, path: str, status: int) -> None:
    async with client(house) as api:
        assert (await sent(api, method, path, {} if method == "PATCH" else None))[0] == status


async def test_a_method_that_is_not_there_says_which_are(house: House) -> None:
    async with client(house) as api:
        status, answer, headers = await sent(api, "DELETE", "/patients/1")
    assert (status, answer["code"]) == (405, "method_not_allowed")
    assert {name.strip() for name in headers["Allow"].split(",")} == {"GET", "HEAD", "PATCH"}
    async with house.nobody() as browser, browser.http.put(f"{house.base}/login") as page:
        assert (page.status, page.headers["Allow"]) == (405, "GET,HEAD,POST")


async def test_a_kiosk_needs_the_schedule_and_not_the_register() -> None:

    asked = {endpoint.path: endpoint.right for endpoint in table.ENDPOINTS if endpoint.method == "GET"}
    assert {asked[path] for path in ("/departments", "/practitioners", "/slots")} == {Right.SEE_SCHEDULE}


async def test_a_birth_in_the_future_is_refused(house: House) -> None:
    async with client(house) as api:
        for day in ("2090-01-01", 0, "0", "1700-01-01"):
            status, _answer, _headers = await sent(api, "POST", "/patients", ZHANG | {"birth_date": day})
            assert status == 422
        assert (await sent(api, "POST", "/patients", ZHANG | {"birth_date": "2026-03-02"}))[0] == 201


async def test_what_is_too_large_is_said_so(house: House) -> None:
    async with client(house) as api:
        status, answer, _headers = await sent(api, "POST", "/patients", b'{"name": "' + b"x" * 1_000_001 + b'"}')
        assert (status, answer["code"]) == (413, "too_large")


async def test_a_wrong_media_type_of_a_foreign_page_reaches_nothing(house: House) -> None:
    async with client(house) as api, aiohttp.ClientSession() as http:
        token = api.http.headers["Authorization"]
        body = json.dumps(ZHANG).encode()
        headers = {"Authorization": token, "Content-Type": "text/plain"}
        async with http.post(api.base + "/patients", data=body, headers=headers) as answer:
            assert answer.status == 415
        assert (await api.get("/patients"))[1]["items"] == []
