"""Tasks on pages: every one leads somewhere, says who and till when, and each press does what it says once."""

import json
import re
from datetime import timedelta

import pytest

from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Msisdn, TaskId
from crm_core.tasks import rules, service, store
from crm_core.tasks.model import CLAIM, Task, TaskKind
from sms import inbound, pdu
from tests.sms_deliver import deliver
from tests.web.house import MORNING, ZHANG, Browser, House

pytestmark = pytest.mark.web
ASKED = "孩子发烧怎么办"


async def receives(house: House, text: str) -> int:
    """A text of ZHANG's."""
    (hex_text,) = deliver(text, ZHANG, at=MORNING, reference=1)
    read = pdu.decode(hex_text)
    assert isinstance(read, pdu.Deliver)
    sms_id = await inbound.keep(house.db, "sim1", hex_text, read)
    assert sms_id is not None
    return sms_id


async def opened(house: House, kind: str, ref: str, msisdn: Msisdn | None = ZHANG, patient: bool = False) -> TaskId:
    async with house.db.transaction(SYSTEM) as tx:
        whose = house.zhang.id if patient and house.zhang else None
        task_id = await service.open_in(tx, kind, msisdn, ref, whose)
    assert task_id is not None
    return task_id


async def now(house: House, task_id: TaskId) -> Task:
    async with house.db.connection() as conn:
        found = await store.get(conn, task_id)
    assert found is not None
    return found


async def links_of(browser: Browser, task_id: TaskId) -> list[str]:
    _status, text = await browser.get("/tasks")
    row = text.partition(f'id="task-{task_id}"')[2].partition('class="list-group-item task')[0]
    return re.findall(r'href="([^"]+)"', row)


async def test_every_task_leads_to_a_page_that_is_there(house: House) -> None:
    house.zhang = await house.patient()
    sms_id, call = await receives(house, ASKED), await house.call("1.1")
    async with house.db.transaction(SYSTEM) as tx:
        asked = await consultations.open_in(tx, Msisdn("+8613911112222"), "sms", "多少钱")
    made = [
        await opened(house, "answer_sms", f"sms/{sms_id}"),
        await opened(house, "answer_sms", f"consultations/{asked}", Msisdn("+8613911112222")),
        await opened(house, "call_back", call.ref),
        await opened(house, "hear_voicemail", call.ref),
        await opened(house, "check_outcome", f"sms/{sms_id}"),
        await opened(house, "check_outcome", "attempts/1", patient=True),
        await opened(house, "find_patient", f"patients/{house.zhang.id}"),
        await opened(house, "check_audit", "audit/seal/1", None),
    ]
    assert {(await now(house, one)).kind for one in made} == set(TaskKind) - {TaskKind.TODO}
    async with await house.browser("boss", "admin") as admin:
        for task_id in made:
            links = await links_of(admin, task_id)
            assert links, (await now(house, task_id)).ref
            assert {(await admin.get(link))[0] for link in links} <= {200, 303}


async def test_a_reference_of_every_part_is_one_that_leads_somewhere(house: House) -> None:
    """What is refused when a task is opened is refused before anybody sees it."""
    for ref in ("sms/too-many", "demo/1", "nowhere/1"):
        with pytest.raises(ValueError, match="leads nowhere"):
            await opened(house, "answer_sms", ref)
    assert rules.leads_somewhere("attempts/1")


async def test_a_task_shows_what_was_asked_and_who_has_it_and_when_it_is_late(house: House) -> None:
    await house.user("li", "agent")
    task_id = await opened(house, "answer_sms", f"sms/{await receives(house, ASKED)}")
    async with await house.browser("nurse") as nurse:
        _status, text = await nurse.get("/tasks")
        assert (ASKED in text, "Overdue</span>" in text) == (True, False)
        status, text = await nurse.post(f"/tasks/{task_id}/assign", {"user_id": str(house.users["li"].id)})
        assert (status, "Li" in text, ASKED in text) == (200, True, True)
        house.db.clock = lambda: MORNING + timedelta(minutes=90)
        assert "Overdue</span>" in (await nurse.get("/tasks?view=overdue"))[1]
        assert f"task-{task_id}" not in (await nurse.get("/tasks?view=mine"))[1]
    async with await house.browser("li") as li:
        assert f"task-{task_id}" in (await li.get("/tasks?view=mine"))[1]


async def test_a_task_is_put_off_done_and_undone(house: House) -> None:
    task_id = await opened(house, "call_back", "")
    async with await house.browser("nurse") as nurse:
        assert (await nurse.post(f"/tasks/{task_id}/snooze", {"for": "tomorrow"}))[0] == 200
        shown = [f"task-{task_id}" in (await nurse.get(f"/tasks?view={view}"))[1] for view in ("open", "later")]
        assert shown == [False, True]
        assert (await nurse.post(f"/tasks/{task_id}/snooze", {"for": "ever"}))[0] == 422
        await nurse.post(f"/tasks/{task_id}/done")
        assert f"/tasks/{task_id}/reopen" in (await nurse.get("/tasks?view=done"))[1]
        assert (await nurse.post(f"/tasks/{task_id}/reopen"))[0] == 204
    assert (await now(house, task_id)).status == "open"


async def test_a_task_by_hand_keeps_what_was_typed_when_it_is_refused(house: House) -> None:
    patient = await house.patient()
    async with await house.browser("nurse") as nurse:
        _status, text = await nurse.get(f"/tasks/new?patient={patient.id}")
        assert (patient.name in text, ZHANG in text) == (True, True)
        status, text = await nurse.post("/tasks", {"text": "寄病历", "msisdn": "12"})
        assert (status, "data-problem" in text) == (422, True)
        form = {"text": "寄病历", "patient_id": str(patient.id), "day": "2026-03-05", "kind": "todo"}
        headers = {"X-CSRF-Token": nurse.csrf, "Origin": nurse.base}
        async with nurse.http.post(nurse.base + "/tasks", data=form, headers=headers) as answer:
            assert (answer.status, json.loads(answer.headers["HX-Location"])["path"]) == (200, "/tasks")
        assert "寄病历" in (await nurse.get("/tasks"))[1]
        status, text = await nurse.post("/tasks", form)
        assert (status, "open already" in text) == (422, True)
    async with await house.browser("marketer") as marketer:
        assert (await marketer.get("/tasks/new"))[0] == 403
        assert (await marketer.post("/tasks", {"text": "x"}))[0] == 403


async def test_who_begins_a_task_is_named_and_a_colleague_is_kept_from_it_for_a_while(house: House) -> None:
    task_id = await opened(house, "call_back", "")
    async with await house.browser("nurse") as nurse, await house.browser("wang", "agent") as wang:
        status, text = await nurse.post(f"/tasks/{task_id}/claim")
        assert (status, "Nurse is at it" in text, "What came of it" in text) == (200, True, True)
        assert (await now(house, task_id)).assigned_to == house.users["nurse"].id
        status, text = await wang.post(f"/tasks/{task_id}/claim")
        assert (status, "A colleague is at this task" in text) == (409, True)
        assert "Nurse is at it" in (await wang.get("/tasks"))[1]
        house.db.clock = lambda: MORNING + CLAIM
        assert (await wang.post(f"/tasks/{task_id}/claim"))[0] == 200
        await wang.post(f"/tasks/{task_id}/done", {"result": "已回访"})
        assert "已回访" in (await nurse.get("/tasks?view=done"))[1]
    assert (await now(house, task_id)).claimed_by is None


async def test_a_team_sees_its_own_work_and_everybodys(house: House) -> None:
    async with await house.browser("nurse", "nurse") as nurse, await house.browser("wang", "agent") as wang:
        for team, text in (("nurse", "换药电话"), ("agent", "改号"), ("", "寄片子")):
            form = {"text": text, "team": team, "priority": "1", "kind": "todo"}
            assert (await nurse.post("/tasks", form))[0] == 200
        found = [(await reader.get("/tasks?view=team"))[1] for reader in (nurse, wang)]
        shown = [tuple(text in page for text in ("换药电话", "改号", "寄片子")) for page in found]
        assert shown == [(True, False, True), (False, True, True)]
        assert "Urgent</span>" in found[0]
        assert (await nurse.post("/tasks", {"text": "x", "team": "everyone"}))[0] == 422
        assert (await nurse.post("/tasks", {"text": "x", "priority": "9"}))[0] == 422
