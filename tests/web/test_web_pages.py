"""Pages of a small hospital, looked at and worked with."""

import re
from datetime import timedelta

import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Msisdn
from crm_core.kernel.status import OK
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from crm_core.tasks import service as tasks
from overview.tasks import LISTED
from sms import service as sms
from tests.web.house import MORNING, ZHANG, ZONE, House
from web.deps import WebSettings

pytestmark = pytest.mark.web

PAGES = (
    "/desk",
    "/patients",
    "/patients/new",
    "/appointments",
    "/appointments?day=2026-03-03",
    "/sms",
    "/sms/new",
    "/calls",
    "/recordings",
    "/consultations",
    "/tasks",
    "/wallboard",
    "/hours",
    "/users",
    "/audit",
    "/demo",
)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
async def test_every_page_opens_in_both_languages_with_and_without_data(house: House, language: str) -> None:
    async with await house.browser("admin", desk=True) as admin:
        await admin.post("/language", {"locale": language})
        for path in PAGES:
            assert (path, (await admin.get(path))[0]) == (path, 200)
        await house.sessions()
        patient = await house.patient()
        await house.call("1.1")
        house.deps.status.report("ami", OK)
        await admin.post("/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[0])})
        await sms.queue(house.db, SYSTEM, to=ZHANG, text="您好", purpose="care", patient_id=patient.id, zone=ZONE)
        async with house.db.transaction(SYSTEM) as tx:
            await tasks.open_in(tx, "call_back", ZHANG, "calls/1", patient.id)
        more = (f"/patients/{patient.id}", f"/patients/{patient.id}/edit", f"/patients/{patient.id}/book")
        for path in (*PAGES, *more, f"/patients/{patient.id}/sms?phone=0", f"/patients/{patient.id}/timeline"):
            status, text = await admin.get(path)
            assert (path, status) == (path, 200)
            assert f'lang="{"zh-CN" if language == "zh_CN" else "en"}"' in text or "<html" not in text


async def test_pages_carry_no_inline_script_or_style_and_name_no_other_host(house: House) -> None:
    patient = await house.patient()
    async with await house.browser("admin", desk=True) as admin:
        for path in (*PAGES, f"/patients/{patient.id}"):
            _, text = await admin.get(path)
            assert not re.search(r"<script(?![^>]*src=)|<style|\son[a-z]+=\"|\sstyle=|https?://", text), path


async def test_a_name_that_is_a_script_is_only_a_name(house: House) -> None:
    patient = await house.patient(name='<script>alert("x")</script>')
    async with await house.browser("agent1", "agent") as agent:
        for path in ("/patients", f"/patients/{patient.id}"):
            _, text = await agent.get(path)
            assert "<script>alert" not in text
            assert "&lt;script&gt;" in text


@pytest.mark.parametrize("typed", ["张三", "zhangsanfeng", "zsf", "8000"])
async def test_a_patient_is_found_by_name_pinyin_and_end_of_the_number(house: House, typed: str) -> None:
    await house.patient()
    await house.patient("李秀英", "13900000001")
    async with await house.browser("agent1", "agent") as agent:
        for path in ("/patients/search", "/patients/find"):
            _, text = await agent.post(path, {"q": typed})
            assert ("张三丰" in text, "李秀英" in text) == (True, False)


async def test_looking_at_a_patient_is_written_down(house: House) -> None:
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        assert "138 0013 8000" in (await agent.get(f"/patients/{patient.id}"))[1]
        assert (await agent.get("/patients/999999"))[0] == 404
    assert [row for row in await house.audit() if row[0] == "agent1" and "patient" in row[1]] != []


async def test_a_patient_is_registered_and_changed_and_mistakes_come_back_with_what_was_typed(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent:
        status, text = await agent.post("/patients", {"name": "王小明", "phones": "12"})
        assert (status, "王小明" in text, "12 is not a telephone number" in text) == (422, True, True)
        form = {
            "name": "王小明",
            "phones": "139 0000 0001\n010-12345678",
            "birth_date": "1990-02-03",
            "diseases": "高血压、糖尿病",
        }
        assert (await agent.post("/patients", form))[0] == 200
        _, text = await agent.post("/patients/find", {"q": "王小明"})
        found = re.search(r"/patients/(\d+)", text)
        assert found is not None
        assert (await agent.post(f"/patients/{found[1]}", form | {"name": "王晓明", "version": "1"}))[0] == 200
        _, text = await agent.get(f"/patients/{found[1]}")
        assert all(word in text for word in ("王晓明", "糖尿病", "36 years old", "139 0000 0001"))


async def test_of_two_agents_who_book_the_last_place_the_slower_one_is_told(house: House) -> None:
    await house.sessions(capacity=1)
    one, other = await house.patient(), await house.patient("李秀英", "13900000001")
    async with await house.browser("agent1", "agent") as agent:
        slot = str(house.slots[0])
        status, text = await agent.post("/appointments", {"patient_id": str(one.id), "slot_id": slot})
        assert (status, "Booked." in text) == (200, True)
        status, text = await agent.post("/appointments", {"patient_id": str(other.id), "slot_id": slot})
        assert (status, "The last place was just taken" in text) == (409, True)
        assert f'name="slot_id" value="{house.slots[1]}"' in text
        assert f'name="slot_id" value="{slot}"' not in text


async def test_an_appointment_is_confirmed_moved_cancelled_and_taken_back(house: House) -> None:
    await house.sessions()
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        await agent.post("/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[0])})
        _, text = await agent.get("/appointments?day=2026-03-03")
        found = re.search(r'id="appointment-(\d+)"', text)
        assert found is not None
        _, text = await agent.post(f"/appointments/{found[1]}/confirm")
        assert "Confirmed" in text
        _, text = await agent.post(
            "/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[1]), "move": found[1]}
        )
        moved = re.search(r"/appointments/(\d+)/cancel", text)
        assert "Moved." in text
        assert moved is not None
        _, text = await agent.post(f"/appointments/{moved[1]}/cancel")
        assert "Cancelled" in text
        _, text = await agent.post(f"/appointments/{moved[1]}/restore")
        assert "Booked" in text
        status, _ = await agent.post(f"/appointments/{moved[1]}/confirm")
        assert status == 409


async def test_reminding_asks_the_dialer_and_a_refusal_says_why(house: House) -> None:
    await house.sessions()
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        await agent.post("/appointments", {"patient_id": str(patient.id), "slot_id": str(house.slots[0])})
        for channel in ("call", "sms"):
            assert (await agent.post("/appointments/1/remind", {"channel": channel}))[0] == 200
        house.reminders.forbidden = "opted_out"
        status, text = await agent.post("/appointments/1/remind", {"channel": "sms"})
        assert (status, "This person has refused such messages." in text) == (409, True)
    assert [way for way, _ in house.reminders.asked] == ["call", "sms"]


async def test_a_text_is_queued_and_advertising_without_consent_is_refused_with_the_rule(house: House) -> None:
    await house.patient()
    async with await house.browser("supervisor") as supervisor:
        status, text = await supervisor.post("/sms", {"to": "13800138000", "text": "明天见", "purpose": "care"})
        assert (status, "明天见" in text) == (200, True)
        form = {"to": "13800138000", "text": "【医院】优惠，拒收请回复R", "purpose": "marketing"}
        status, text = await supervisor.post("/sms", form)
        assert (status, "Advertising needs consent" in text) == (422, True)


async def test_unread_texts_are_counted_until_somebody_opens_the_thread(house: House) -> None:
    patient = await house.patient()
    async with house.db.connection() as conn:
        sms_id = await conn.fetchval(
            "INSERT INTO sms (direction, peer, text, state, patient_id, created_by, created_at, not_before) "
            "VALUES ('in', $1, '我想预约', 'received', $2, 'modem', $3, $3) RETURNING id",
            ZHANG,
            patient.id,
            MORNING,
        )
    async with await house.browser("agent1", "agent") as agent:
        assert ">1<" in (await agent.get("/sms/unread"))[1]
        _, text = await agent.get(f"/sms/{sms_id}")
        assert ("我想预约" in text, "张三丰" in text) == (True, True)
        assert ">1<" not in (await agent.get("/sms/unread"))[1]


async def test_a_task_is_done_and_can_be_taken_back(house: House) -> None:
    async with house.db.transaction(SYSTEM) as tx:
        task_id = await tasks.open_in(tx, "call_back", Msisdn("+8613900000001"), "calls/1")
    async with await house.browser("nurse") as nurse:
        assert "139 0000 0001" in (await nurse.get("/tasks"))[1]
        assert (await nurse.post(f"/tasks/{task_id}/done"))[0] == 200
        assert "Everything is done." in (await nurse.get("/tasks"))[1]
        assert (await nurse.post(f"/tasks/{task_id}/reopen"))[0] == 204
        assert "139 0000 0001" in (await nurse.get("/tasks"))[1]


async def test_the_wallboard_shows_who_waits_and_which_part_is_down(house: House) -> None:
    await house.call("1.1")
    house.deps.status.report("modem:sim1", "link lost")
    async with await house.browser("marketer") as marketer:
        _, text = await marketer.get("/wallboard")
        assert re.search(r"alert-number\">\s*<b class=\"num\">1</b><span>waiting now", text)
        assert "Modem sim1: no connection" in text
        assert "8000" not in text  # a marketer sees that somebody waits, not who


def test_the_hospital_has_its_name_in_the_readers_language() -> None:
    both = WebSettings(timezone=ZONE, hospital_name="仁和医院", hospital_name_en="Renhe Hospital")
    assert (both.name_in("zh_CN"), both.name_in("en")) == ("仁和医院", "Renhe Hospital")
    assert WebSettings(timezone=ZONE, hospital_name="仁和医院").name_in("en") == "仁和医院"


async def test_a_supervisor_puts_an_agent_on_a_break_and_an_agent_may_not(house: House) -> None:
    chen = await house.user("agent1", "agent", desk=True)
    change = f"/wallboard/agents/{chen.id}/state"
    async with await house.browser("boss", "supervisor") as boss, await house.browser("agent2", "agent") as colleague:
        assert change not in (await colleague.get("/wallboard"))[1]
        assert (await colleague.post(change, {"state": "break"}))[0] == 403
        assert change in (await boss.get("/wallboard"))[1]
        status, text = await boss.post(change, {"state": "break"})
        assert (status, "On a break" in text) == (200, True)
        assert (await boss.post(change, {"state": "dancing"}))[0] == 422
    assert ("boss", "change agent's state", "done") in await house.audit()


async def test_a_database_that_is_away_is_said_in_plain_words(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent:
        await house.db.pool.close()
        status, text = await agent.get("/patients")
        assert (status, "The database cannot be reached" in text) == (503, True)


async def test_the_handset_of_the_demo_texts_with_the_hospital(house: House) -> None:
    async with house.nobody() as patient:
        _, text = await patient.post("/demo/send", {"msisdn": "13800138000", "text": "预约"})
        assert "预约" in text
        assert '"user": "handset-01"' in (await patient.post("/demo/line", {"msisdn": "13800138000"}))[1]
        assert (await patient.post("/demo/line", {"msisdn": "abc"}))[0] == 422


async def test_family_members_who_share_a_telephone_are_shown(house: House) -> None:
    father = await house.patient()
    await patients.register(house.db, SYSTEM, NewPatient(name="张小宝", phones=(ZHANG,)))
    async with await house.browser("agent1", "agent") as agent:
        assert "张小宝" in (await agent.get(f"/patients/{father.id}"))[1]


async def test_calls_are_filtered_without_a_number_in_any_address(house: House) -> None:
    await house.call("1.1")
    await house.call("1.2", "+8613900000001")
    async with await house.browser("supervisor") as supervisor:
        _, text = await supervisor.post("/calls/search", {"text": "13900000001"})
        assert ("139 0000 0001" in text, "138 0013 8000" in text) == (True, False)
        day = (MORNING + timedelta(days=1)).date().isoformat()
        _, text = await supervisor.post("/calls/search", {"since": day})
        assert "Nothing matches these filters." in text
        assert (await supervisor.post("/calls/search", {"direction": "sideways"}))[0] == 422


async def test_tasks_say_how_many_there_are_and_show_all_of_them_page_by_page(house: House) -> None:
    async with house.db.transaction(SYSTEM) as tx:
        for number in range(LISTED + 7):
            await tasks.open_in(tx, "answer_sms", Msisdn(f"+861390000{number:04}"), f"sms/{number}")
    oldest, newest = "139 0000 0000", f"139 0000 {LISTED + 6:04}"
    async with await house.browser("nurse") as nurse:
        _, text = await nurse.get("/tasks")
        assert (f"Open tasks: {LISTED + 7}" in text, oldest in text, newest in text) == (True, True, False)
        following = re.search(r'hx-get="(/tasks\?view=open&amp;order=urgent&amp;after=\d+)"', text)
        assert following is not None
        _, text = await nurse.get(following[1].replace("&amp;", "&"), **{"HX-Target": "more-tasks"})
        assert (text.count('id="task-'), newest in text, "Show more" in text) == (7, True, False)
        _, text = await nurse.get("/tasks?order=newest")
        assert (oldest in text, newest in text) == (False, True)
        assert (await nurse.get("/tasks?order=worst"))[0] == 422
    assert [action for _, action, _ in await house.audit()].count("list tasks") == 3


async def test_a_page_travels_compressed_where_the_browser_takes_it(house: House) -> None:
    async with await house.browser("agent1", "agent") as agent:
        sizes = {}
        for coding in ("gzip", "identity"):
            headers = {"Accept-Encoding": coding}
            async with agent.http.get(house.base + "/patients/new", headers=headers) as answer:
                assert "</html>" in await answer.text()
                assert answer.headers.get("Content-Encoding", "identity") == coding
                sizes[coding] = int(answer.headers["Content-Length"])
        assert sizes["gzip"] < sizes["identity"] / 3
