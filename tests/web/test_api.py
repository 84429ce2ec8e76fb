"""The REST API as another system sees it."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest

from crm_core.calls import agents
from crm_core.calls import service as calls
from crm_core.directory import store as directory
from crm_core.kernel.actor import SYSTEM, Role
from crm_core.kernel.ids import Linkedid
from crm_core.scheduling import service as scheduling
from crm_core.users.rights import RIGHTS
from tests.web.api_client import client
from tests.web.house import ZHANG, Browser, Dialing, House
from web.api import table
from web.api.endpoint import Endpoint

pytestmark = pytest.mark.web

ZHANG_SAN = {"name": "张三丰", "phones": ["138 0013 8000"], "card_no": "10001", "birth_date": "1957-04-09"}


async def test_anybody_may_ask_whether_all_is_well(house: House) -> None:
    house.deps.status.report("modem:sim1", "no answer")
    async with client(house, "") as nobody:
        status, answer = await nobody.get("/status")
    assert (status, answer["status"]) == (200, "degraded")
    assert answer["parts"] == {"database": "ok", "modem:sim1": "no answer"}


@pytest.mark.parametrize("endpoint", table.ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
async def test_every_endpoint_asks_for_a_token_and_the_right(house: House, endpoint: Endpoint) -> None:
    path = endpoint.path.replace("{id}", str(uuid4()) if "recordings" in endpoint.path else "1")
    async with client(house, "") as nobody:
        status, answer = await nobody.ask(endpoint.method, path)
    if endpoint.right is None:
        assert status == 200
        return
    assert (status, answer["code"]) == (401, "not_logged_in")
    without = next(role for role in Role if endpoint.right not in RIGHTS[role])
    async with client(house, without.value) as other:
        status, answer = await other.ask(endpoint.method, path)
    assert (status, answer["code"]) == (403, "forbidden")
    action = f"{endpoint.method} /api/v1{endpoint.path}"
    outcomes = [outcome for _actor, did, outcome in await house.audit() if did == action]
    assert outcomes == ["forbidden"]  # who is nobody is counted: tests/web/test_web_access.py


async def test_a_patient_is_registered_found_and_changed(house: House) -> None:
    async with client(house) as system:
        status, made = await system.post("/patients", ZHANG_SAN)
        assert (status, made["phones"]) == (201, [ZHANG])
        for query in ({"phone": "+8613800138000"}, {"q": "zhangsanfeng"}, {"q": "8000"}, {"card_no": "10001"}):
            assert [one["id"] for one in (await system.get("/patients", **query))[1]["items"]] == [made["id"]]
        status, changed = await system.ask(
            "PATCH", f"/patients/{made['id']}", {"region": "杭州", "diseases": ["高血压"]}
        )
        assert (status, changed["region"], changed["diseases"]) == (200, "杭州", ["高血压"])
        assert changed["phones"] == [ZHANG]
        assert (await system.get(f"/patients/{made['id']}"))[1] == changed
    seen = [action for _actor, action, _outcome in await house.audit()]
    assert "list patients" in seen
    assert "view patient" in seen


async def test_an_integrator_says_whose_a_telephone_is_and_an_older_one_does_not_take_it_away(house: House) -> None:
    numbers = [{"msisdn": "138 0013 8000", "owner": "mother", "kind": "home", "note": "晚上打"}]
    async with client(house) as system:
        _, made = await system.post("/patients", {"name": "张三丰", "numbers": numbers, "roles": ["staff", "patient"]})
        known = {"msisdn": ZHANG, "as_typed": "138 0013 8000", "owner": "mother", "kind": "home", "note": "晚上打"}
        assert (made["phones"], made["numbers"], made["roles"]) == ([ZHANG], [known], ["patient", "staff"])
        path = f"/patients/{made['id']}"
        _, same = await system.ask("PATCH", path, {"phones": [ZHANG, "13900000009"]})
        assert same["numbers"][0] == known
        _, plain = await system.ask("PATCH", path, {"numbers": [{"msisdn": ZHANG, "owner": ""}]})
        assert (plain["phones"], plain["numbers"][0]["owner"]) == ([ZHANG], "")
        assert (await system.ask("PATCH", path, {"numbers": [{"msisdn": ZHANG, "owner": "king"}]}))[0] == 422


async def test_what_is_wrong_is_said_field_by_field_and_not_repeated(house: House) -> None:
    async with client(house) as system:
        status, answer = await system.post("/patients", {"nmae": "张三丰", "sex": "unsure"})
        assert (status, answer["code"]) == (422, "invalid_input")
        assert {error["field"] for error in answer["errors"]} == {"name", "nmae", "sex"}
        assert "张三丰" not in str(answer)
        assert (await system.get("/patients", limit="0"))[0] == 422
        assert (await system.get("/patients/abc"))[1]["code"] == "not_found"
        assert (await system.get("/patients/99"))[0] == 404
        status, answer = await system.post("/patients", ZHANG_SAN | {"phones": ["12"]})
        assert (status, answer["code"]) == (422, "invalid_msisdn")


async def test_lists_go_on_where_the_page_before_ended(house: House) -> None:
    for number in range(5):
        await house.patient(f"患者{number}", f"+861990000000{number}")
    seen: list[int] = []
    cursor = ""
    async with client(house) as system:
        for _ in range(3):
            _status, page = await system.get("/patients", limit="2", after=cursor)
            seen += [one["id"] for one in page["items"]]
            cursor = page["next"] or ""
    assert len(seen) == len(set(seen)) == 5
    assert cursor == ""


async def test_an_appointment_goes_its_way(house: House) -> None:
    patient = await house.patient()
    slots = await house.sessions()
    async with client(house) as system:
        _status, offered = await system.get("/slots", free="true", department="im")
        assert [one["id"] for one in offered["items"]] == slots
        assert offered["items"][0]["start"].endswith(("Z", "+00:00"))
        status, made = await system.post("/appointments", {"patient_id": patient.id, "slot_id": slots[0]})
        assert (status, made["status"], made["channel"]) == (201, "booked", "api")
        path = f"/appointments/{made['id']}"
        assert (await system.post(f"{path}/confirm"))[1]["status"] == "confirmed"
        status, moved = await system.post(f"{path}/reschedule", {"slot_id": slots[1]})
        assert (status, moved["slot_id"], moved["moved_from_id"]) == (200, slots[1], made["id"])
        assert (await system.post(f"/appointments/{moved['id']}/cancel"))[1]["status"] == "cancelled"
        assert (await system.post(f"/appointments/{moved['id']}/confirm"))[0] == 409
        _status, listed = await system.get("/appointments", patient_id=str(patient.id), status="cancelled")
        assert [one["id"] for one in listed["items"]] == [moved["id"], made["id"]]
        assert len((await system.get("/slots", free="true"))[1]["items"]) == len(slots)


async def test_a_program_is_told_which_rule_a_booking_breaks(house: House) -> None:
    patient = await house.patient()
    slots = await house.sessions()
    async with client(house) as system:
        for slot in slots[:3]:
            assert (await system.post("/appointments", {"patient_id": patient.id, "slot_id": slot}))[0] == 201
        status, answer = await system.post("/appointments", {"patient_id": patient.id, "slot_id": slots[3]})
        assert (status, answer["code"]) == (409, "too_many_that_day")
        async with house.db.transaction(SYSTEM) as tx:
            department = await tx.conn.fetchval("SELECT id FROM department LIMIT 1")
            doctor = await directory.put_practitioner(tx.conn, department, name="李医生", name_en="Dr Li")
            start = await tx.conn.fetchval("SELECT starts_at FROM slot WHERE id = $1", slots[0])
            (other,) = await scheduling.open_schedule(tx, doctor, start, start + timedelta(minutes=30), 30, 1)
        status, answer = await system.post("/appointments", {"patient_id": patient.id, "slot_id": other})
        assert (status, answer["code"]) == (409, "appointments_overlap")


async def test_two_hundred_ask_for_the_last_place_and_one_gets_it(house: House) -> None:
    slots = await house.sessions()
    people = [await house.patient(f"患者{n}", f"+86199{n:08}") for n in range(200)]
    async with client(house) as system:
        wishes = [system.post("/appointments", {"patient_id": one.id, "slot_id": slots[0]}) for one in people]
        answers = await asyncio.gather(*wishes)
        _status, listed = await system.get("/appointments", status="booked")
    assert Counter((status, answer.get("code")) for status, answer in answers) == {
        (201, None): 1,
        (409, "slot_full"): 199,
    }
    assert len(listed["items"]) == 1


async def test_reminders_are_asked_for_and_a_refusal_names_its_rule(house: House) -> None:
    patient = await house.patient()
    slots = await house.sessions()
    async with client(house) as system:
        _status, made = await system.post("/appointments", {"patient_id": patient.id, "slot_id": slots[0]})
        path = f"/appointments/{made['id']}/remind"
        assert (await system.post(path, {"channel": "call"}))[0] == 202
        house.reminders.forbidden = "opted_out"
        status, answer = await system.post(path, {"channel": "sms"})
    assert (status, answer["rule"]) == (409, "opted_out")
    assert house.reminders.asked == [("call", made["id"])]


async def test_a_call_shows_its_path_and_who_took_it(house: House) -> None:
    await house.patient()
    await house.user("agent1", "agent", desk=True)
    call = await house.call("1795302063.0")
    await calls.visit(house.db, call.id, ["recognise", "main", "book"], "hotline:1")
    async with client(house) as system:
        _status, page = await system.get("/calls", caller="13800138000", direction="in")
        assert page["items"][0]["path"] == ["recognise", "main", "book"]
        assert (page["items"][0]["recording_id"], page["items"][0]["agent"]) == (None, None)
        assert (await system.get("/calls", direction="out"))[1]["items"] == []
        assert (await system.get(f"/calls/{call.id}"))[1]["state"] == "queued"
        assert (await system.get(f"/calls/{uuid4()}"))[0] == 404
        assert (await system.post("/calls", {"to": "13800138000", "agent": "agent1"}))[1]["code"] == "no_line"
        await agents.set_lines(house.db, {"desk-01": True})
        assert (await system.post("/calls", {"to": "13800138000", "agent": "agent1"}))[0] == 202
        assert (await system.post("/calls", {"to": "13800138000", "agent": "nobody"}))[0] == 422
        await calls.ended(house.db, Linkedid("1795302063.0"), "normal")
        assert (await system.get(f"/calls/{call.id}"))[1]["end_reason"] == "normal"


async def test_people_let_their_own_desk_ring_and_only_for_numbers_that_can_be_dialled(house: House) -> None:
    assert isinstance(house.deps.dialing, Dialing)
    rung = house.deps.dialing.rung
    async with (
        await house.browser("agent1", "agent", desk=True) as agent,
        await house.browser("agent2", "agent", desk=True),
        await house.browser("boss", "supervisor") as boss,
    ):
        await agents.set_lines(house.db, {"desk-01": True, "desk-02": True})
        for wrong in ("12345", "95588", "4008001234", "+14155552671", "12000000000", "110", ""):
            assert await _dial(agent, wrong, "agent1") == (422, "invalid_msisdn")
        for others in ("agent2", "boss", "nobody"):
            assert await _dial(agent, "13800138000", others) == (403, "not_your_desk")
        assert rung == []
        assert (await _dial(agent, "020 8888 6666", "agent1"))[0] == 202
        assert (await _dial(boss, "13800138000", "agent2"))[0] == 202
        assert await _dial(boss, "13800138000", "boss") == (422, "invalid_input")
    assert rung == [("desk-01", "+862088886666"), ("desk-02", "+8613800138000")]


async def _dial(browser: Browser, to: str, login: str) -> tuple[int, str]:
    headers = {"X-CSRF-Token": browser.csrf, "Origin": browser.base}
    url = f"{browser.base}/api/v1/calls"
    async with browser.http.post(url, json={"to": to, "agent": login}, headers=headers) as answer:
        return answer.status, (await answer.json(content_type=None)).get("code", "")


async def test_a_transferred_call_shows_every_agent_who_spoke(house: House) -> None:
    await house.patient()
    first = await house.user("agent1", "agent", desk=True)
    await house.user("agent2", "agent", desk=True)
    link = Linkedid("1795302063.0")
    call = await house.call(link)
    await calls.connected(house.db, link, "desk-01")
    await calls.connected(house.db, link, "desk-02")
    await calls.agent_left(house.db, link, "desk-01")
    await calls.set_disposition(house.db, first.actor, call.id, "transferred", "")
    async with client(house) as system:
        shown = (await system.get(f"/calls/{call.id}"))[1]
    assert [(leg["agent"], leg["disposition"], leg["left_at"] is None) for leg in shown["legs"]] == [
        ("agent1", "transferred", False),
        ("agent2", "", True),
    ]
    assert shown["agent"] == "agent2"


async def test_a_recording_that_is_not_there_is_not_found_and_its_id_cannot_be_guessed(house: House) -> None:
    async with client(house) as system:
        assert (await system.get(f"/recordings/{uuid4()}"))[0] == 404
        assert (await system.get("/recordings/1"))[0] == 404
        async with system.http.get(f"{system.base}/recordings/{uuid4()}/audio") as answer:
            assert answer.status == 404


async def test_messages_are_queued_and_refused_with_the_rule(house: House) -> None:
    async with client(house) as system:
        status, made = await system.post("/sms", {"to": "13800138000", "text": "您好", "purpose": "care"})
        assert status == 202
        _status, shown = await system.get(f"/sms/{made['id']}")
        assert (shown["state"], shown["peer"], shown["segments"]) == ("queued", ZHANG, [])
        offer = {"to": "13800138000", "text": "【医院】体检优惠，拒收请回复R", "purpose": "marketing"}
        status, answer = await system.post("/sms", offer)
        assert (status, answer["rule"]) == (409, "no_consent")
        assert (await system.post("/sms", {"to": "13800138000", "text": "您好", "purpose": "spam"}))[0] == 422
        assert [one["id"] for one in (await system.get("/sms", peer="13800138000"))[1]["items"]] == [made["id"]]
        assert (await system.get("/sms", direction="in"))[1]["items"] == []


async def test_the_timeline_tells_what_happened_in_the_hospitals_time(house: House) -> None:
    patient = await house.patient()
    slots = await house.sessions()
    async with client(house) as system:
        await system.post("/appointments", {"patient_id": patient.id, "slot_id": slots[0]})
        _status, page = await system.get(f"/patients/{patient.id}/timeline")
        (entry,) = page["items"]
        assert (entry["kind"], entry["code"]) == ("appointment", "appointment.booked")
        assert entry["summary"] == "预约成功：内科，王医生，3月3日 10:00"
        system.http.headers["Accept-Language"] = "en"
        _status, page = await system.get(f"/patients/{patient.id}/timeline")
        assert page["items"][0]["summary"] == "Appointment booked: Internal medicine, Dr Wang, 3 Mar 10:00"


async def test_the_api_describes_itself(house: House) -> None:
    async with client(house, "") as nobody:
        status, document = await nobody.get("/openapi.json")
    assert (status, document["openapi"]) == (200, "3.1.0")
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(endpoint.method, endpoint.path) for endpoint in table.ENDPOINTS}
    text = str(document)
    names = {part.split("'")[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document["components"]["schemas"])


async def test_a_second_campus_is_named_wherever_its_departments_are(house: House) -> None:
    await house.sessions()
    async with client(house, "supervisor") as system:
        status, made = await system.post("/campuses", {"code": "east", "name": "东院区"})
        assert (status, made["position"]) == (201, 0)
        assert [one["code"] for one in (await system.get("/campuses"))[1]["items"]] == ["main", "east"]
        (department,) = (await system.get("/departments"))[1]["items"]
        assert (department["name"], department["campus_id"]) == ("本部 内科", 1)
        assert (await system.get("/slots"))[1]["items"][0]["department"] == "本部 内科"
        status, problem = await system.post("/campuses", {"code": "east", "name": "西院区"})
        assert (status, problem["code"]) == (409, "code_taken")
        assert (await system.post("/campuses", {"code": " ", "name": "西院区"}))[0] == 422
