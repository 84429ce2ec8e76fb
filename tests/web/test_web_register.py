"""The register's doors: nobody overwrites what they have not seen, and whoever looked is known."""

import re
from html import unescape

import pytest

from crm_core.consent import service as consent
from crm_core.consent.model import DayName, QuietHours, every_day
from crm_core.consultations import service as consultations
from crm_core.consultations import store as consultation_store
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.errors import ForbiddenError
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.patients import history_store, lookup, service, store, watch_store, watching
from crm_core.patients.model import NewPatient, Wanted
from crm_core.patients.rules import MOST_SHARERS
from overview import trail
from tests.web.api_client import client
from tests.web.house import ZHANG, Browser, House
from web import lists

pytestmark = pytest.mark.web

AUDITOR = Actor(ActorKind.USER, "auditor", Role.AUDITOR)
FIELDS = r'<(?:input(?![^>]*checkbox)|textarea)[^>]*name="(\w+)"[^>]*?(?:value="([^"]*)"[^>]*>|>([^<]*)</textarea>)'
CHOICES = r'<select[^>]*name="(\w+)".*?</select>'


def form_of(text: str) -> dict[str, str]:
    """What a browser would send of the page's form."""
    page = text[text.index('<div class="card-body">') :]
    found = {name: unescape(value or area) for name, value, area in re.findall(FIELDS, page)}
    for select in re.finditer(CHOICES, page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', select[0])
        found[select[1]] = chosen[1] if chosen else ""
    return found


async def open_form(agent: Browser, patient_id: PatientId) -> dict[str, str]:
    status, text = await agent.get(f"/patients/{patient_id}/edit")
    assert status == 200
    return form_of(text)


async def test_an_agent_who_saves_an_old_form_erases_nothing_that_the_his_wrote_meanwhile(house: House) -> None:
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent, client(house, "api") as his:
        form = await open_form(agent, patient.id)
        said = {
            "card_no": "C-777",
            "birth_date": "1980-05-05",
            "diseases": ["糖尿病"],
            "phones": [ZHANG, "13900000009"],
        }
        assert (await his.ask("PATCH", f"/patients/{patient.id}", said))[0] == 200
        status, text = await agent.post(f"/patients/{patient.id}", form | {"region": "广州"})
        async with house.db.connection() as conn:
            kept = await store.get(conn, patient.id)
        assert kept is not None
        assert (status, kept.region, kept.card_no, kept.diseases) == (409, "", "C-777", ("糖尿病",))
        again = form_of(text)
        assert (again["region"], again["card_no"], again["birth_date"]) == ("广州", "C-777", "1980-05-05")
        assert "nothing was saved yet" in text
        assert (await agent.post(f"/patients/{patient.id}", again))[0] == 200
    async with house.db.connection() as conn:
        kept = await store.get(conn, patient.id)
    assert kept is not None
    assert (kept.region, kept.card_no, kept.diseases, len(kept.phones)) == ("广州", "C-777", ("糖尿病",), 2)
    assert str(kept.birth_date) == "1980-05-05"


async def test_of_two_who_write_in_one_field_the_slower_sees_the_others_words_beside_their_own(house: House) -> None:
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as one, await house.browser("agent2", "agent") as other:
        form = await open_form(one, patient.id)
        assert (await other.post(f"/patients/{patient.id}", form | {"region": "深圳", "source": "web"}))[0] == 200
        status, text = await one.post(f"/patients/{patient.id}", form | {"region": "广州"})
    again = form_of(text)
    assert (status, again["region"], again["source"]) == (409, "广州", "web")
    assert re.search(r"Agent2 wrote here meanwhile.*?<b>深圳</b>", text)
    assert 'data-take="region" data-value="深圳"' in text
    assert re.search(r"Agent2 changed this meanwhile.*?before:.*?<b>–</b>", text)


async def test_a_mistake_in_an_old_form_does_not_make_it_new(house: House) -> None:
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        form = await open_form(agent, patient.id)
        status, text = await agent.post(f"/patients/{patient.id}", form | {"name": ""})
        assert (status, form_of(text)["version"]) == (422, form["version"])
        await service.change(house.db, SYSTEM, patient.id, {"region": "深圳"})
        status, text = await agent.post(f"/patients/{patient.id}", form | {"phones": "12"})
        assert (status, form_of(text)["version"], form_of(text)["phones"]) == (422, form["version"], "12")
        status, text = await agent.post(f"/patients/{patient.id}", form_of(text) | {"phones": ""})
        assert (status, form_of(text)["region"], form_of(text)["phones"]) == (409, "深圳", "")


async def test_a_form_without_a_version_is_no_form_of_ours(house: House) -> None:
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        form = await open_form(agent, patient.id)
        form.pop("version")
        assert (await agent.post(f"/patients/{patient.id}", form | {"region": "广州"}))[0] == 422


async def test_only_fields_that_changed_are_written(house: House) -> None:
    patient = await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        form = await open_form(agent, patient.id)
        assert (await agent.post(f"/patients/{patient.id}", form | {"region": "广州"}))[0] == 200
    async with house.db.connection() as conn:
        assert [one.field_name for one in await history_store.page(conn, patient.id, limit=99)] == ["region"]


async def test_contact_hours_that_somebody_else_changed_are_not_overwritten_unseen(house: House) -> None:
    async with await house.browser("supervisor") as one:
        _, text = await one.get("/hours")
        form = form_of(text)
        boss = Actor(ActorKind.USER, "boss", Role.ADMIN)
        early = QuietHours(care=every_day("07:00-20:00"))
        await consent.set_hours(house.db, boss, early)
        status, text = await one.post("/hours", form | {"care_mon": "08:00-21:00"})
        assert (status, "boss changed these hours" in text, "07:00-20:00" in text) == (409, True, True)
        assert (await consent.contact_hours(house.db, boss)).hours == early
        assert form_of(text)["care_mon"] == "08:00-21:00"
        assert (await one.post("/hours", form_of(text)))[0] == 200
    assert str((await consent.contact_hours(house.db, boss)).hours.care[DayName.MONDAY]) == "08:00-21:00"


async def test_a_wish_that_changed_while_it_was_looked_at_is_shown_before_it_is_changed(house: House) -> None:
    patient = await house.patient()
    said = {"msisdn": ZHANG, "purpose": "care", "channel": "sms", "source": "phone", "seen": "0"}
    path = f"/patients/{patient.id}/wishes"
    async with await house.browser("agent1", "agent") as one, await house.browser("agent2", "agent") as other:
        assert (await other.post(path, said | {"choice": "opt_out"}))[0] == 200
        status, text = await one.post(path, said | {"choice": "opt_in"})
        assert (status, "agent2 wrote something down meanwhile" in text) == (409, True)
        alone = {"msisdn": ZHANG, "choice": "never", "reason": "病房"}
        assert (await other.post(f"/patients/{patient.id}/never-dial", alone))[0] == 200
        assert (await one.post(f"/patients/{patient.id}/never-dial", alone | {"reason": "x"}))[0] == 409
        gone = {"msisdn": ZHANG, "choice": "again", "since": "2026-01-01T00:00:00+00:00"}
        assert (await one.post(f"/patients/{patient.id}/never-dial", gone))[0] == 409
    async with house.db.connection() as conn:
        decisions = await conn.fetch("SELECT decision FROM consent")
        assert await conn.fetchval("SELECT reason FROM never_dial") == "病房"
    assert [row["decision"] for row in decisions] == ["opt_out"]


async def looks(house: House, login: str) -> list[tuple[str, str, list[int]]]:
    async with house.db.connection() as conn:
        rows = await conn.fetch(
            "SELECT action, subject_id, detail FROM audit WHERE actor = $1 AND action <> 'log in' ORDER BY id", login
        )
    return [(row["action"], row["subject_id"], row["detail"].get("patient_ids", [])) for row in rows]


async def test_each_person_seen_is_written_down_once_and_not_each_key_pressed(house: House) -> None:
    zhang, li = await house.patient(), await house.patient("李秀英", "13900000001")
    async with await house.browser("agent1", "agent") as agent:
        for typed in ("z", "zh", "zha", "zhang"):
            await agent.post("/patients/find", {"q": typed})
        assert await looks(house, "agent1") == [("list patients", "", [zhang.id])]
        await agent.get("/patients")
        await agent.get(f"/patients/{li.id}/edit")
        for part in ("cards", "timeline", "wishes", "timeline?kind=sms"):
            await agent.get(f"/patients/{li.id}/{part}")
        await agent.get(f"/patients/{li.id}")
    assert await looks(house, "agent1") == [
        ("list patients", "", [zhang.id]),
        ("list patients", "", [li.id]),
        ("view patient", str(li.id), []),
        ("view patient", str(li.id), []),
    ]


async def test_what_was_typed_stands_nowhere_in_the_audit(house: House) -> None:
    await house.patient()
    async with await house.browser("agent1", "agent") as agent:
        for typed in ("张三丰", "13800138000", "nobody at all"):
            await agent.post("/patients/search", {"q": typed})
    async with house.db.connection() as conn:
        rows = await conn.fetch("SELECT detail FROM audit WHERE actor = 'agent1' AND action = 'list patients'")
    assert [row["detail"]["by"] for row in rows] == ["words"]
    assert not any(said in str(row["detail"]) for row in rows for said in ("张", "138", "nobody"))


async def test_the_auditor_is_told_who_saw_a_patient_also_in_a_list(house: House) -> None:
    patient, other = await house.patient(), await house.patient("李秀英", "13900000001")
    async with await house.browser("agent1", "agent") as agent, await house.browser("agent2", "agent") as colleague:
        await agent.post("/patients/search", {"q": "zhang"})
        await colleague.get(f"/patients/{patient.id}")
        await colleague.get(f"/patients/{other.id}")
        assert (await agent.get(f"/audit/patients?patient={patient.id}"))[0] == 403
    async with await house.browser("auditor") as auditor:
        assert (await auditor.get(f"/audit/patients/{patient.id}"))[0] == 303
        status, text = await auditor.get(f"/audit/patients?patient={patient.id}")
    assert (status, "agent1" in text, "agent2" in text, "张三丰" in text) == (200, True, True, True)
    found = await trail.who_saw(house.db, AUDITOR, patient.id, limit=9)
    assert [(one.row.actor, one.row.action) for one in found.items] == [
        ("auditor", "read audit"),  # their name was shown
        ("agent2", watch_store.OPENED),
        ("agent1", "list patients"),
        ("system", "register patient"),
    ]


def test_a_look_is_new_when_somebody_new_is_seen_or_nothing_was_looked_for() -> None:
    one, two = PatientId(1), PatientId(2)
    before = watching.Watched(has_listed=False, listed=frozenset(), opened=frozenset({one}))
    listing = watching.Watched(has_listed=True, listed=frozenset({one}), opened=frozenset())
    assert watching.newly_listed([], before) == []
    assert watching.newly_listed([one], before) == []
    assert watching.newly_listed([], listing) is None
    assert watching.newly_listed([one], listing) is None
    assert watching.newly_listed([one, two], listing) == [two]
    assert (watching.is_newly_opened(one, before), watching.is_newly_opened(one, listing)) == (False, True)


async def test_a_page_of_the_timeline_goes_on_though_its_last_entry_is_gone(house: House) -> None:
    patient = await house.patient()
    for number in range(4):
        async with house.db.transaction(SYSTEM) as tx:
            text = f"question {number}"
            await consultations.open_in(tx, Msisdn(f"+861390000000{number}"), "sms", text, patient.id)
    async with client(house, "api") as system:
        _, first = await system.get(f"/patients/{patient.id}/timeline?limit=2")
        async with house.db.connection() as conn:
            await conn.execute("DELETE FROM timeline_entry WHERE id = $1", first["items"][-1]["id"])
        _, rest = await system.get(f"/patients/{patient.id}/timeline?limit=2&after={first['next']}")
        assert (len(rest["items"]), rest["next"]) == (2, None)
        for wrong in ("17", "x", "****", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OS4x"):
            assert (await system.get(f"/patients/{patient.id}/timeline?after={wrong}"))[0] == 422


async def crowd(house: House, count: int) -> list[PatientId]:
    """So many people at Zhang's number."""
    people = [NewPatient(name=f"病人{n}", phones=(ZHANG,)) for n in range(count)]
    return [(await service.register(house.db, SYSTEM, one)).id for one in people]


async def test_who_adds_a_third_person_to_a_number_is_told(house: House) -> None:
    await crowd(house, 1)
    async with await house.browser("agent1", "agent") as agent:
        answers = []
        for name in ("王一", "王二"):
            form = {"name": name, "phones": "13800138000"}
            headers = {"X-CSRF-Token": agent.csrf, "Origin": agent.base}
            async with agent.http.post(agent.base + "/patients", data=form, headers=headers) as answer:
                answers.append(answer.headers["HX-Trigger"])
    assert ["people have this number" in said for said in answers] == [False, True]


async def test_a_number_of_too_many_people_is_nobodys_and_its_page_says_how_many(house: House) -> None:
    ids = await crowd(house, MOST_SHARERS)
    async with house.db.connection() as conn:
        assert len(await store.find_by_msisdn(conn, ZHANG)) == MOST_SHARERS
    ids += await crowd(house, 1)
    async with house.db.connection() as conn:
        assert await store.find_by_msisdn(conn, ZHANG) == []
    await consent.opt_out(house.db, SYSTEM, ZHANG, channel="sms", source="sms")
    async with house.db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM timeline_entry") == 0
    async with await house.browser("agent1", "agent") as agent, client(house, "api") as system:
        _, text = await agent.get(f"/patients/{ids[0]}")
        assert f"{MOST_SHARERS + 1} people have this number" in text
        _, first = await system.get(f"/patients?phone=13800138000&limit={MOST_SHARERS}")
        _, rest = await system.get(f"/patients?phone=13800138000&limit={MOST_SHARERS}&after={first['next']}")
    assert [one["id"] for one in (*first["items"], *rest["items"])] == ids
    assert rest["next"] is None


async def test_a_large_family_is_shown_in_part_with_how_many_more(house: House) -> None:
    ids = await crowd(house, lookup.RELATIVES + 4)
    async with await house.browser("agent1", "agent") as agent:
        _, text = await agent.get(f"/patients/{ids[0]}")
    shared = text[text.index("Shares a telephone with") :]
    assert len(re.findall(r'<a href="/patients/\d+"[^>]*>病人', shared)) == lookup.RELATIVES
    assert "and 3 more" in text


async def test_a_stranger_who_asked_is_found_answered_and_recognised_when_they_register(house: House) -> None:
    number = Msisdn("+8613900000009")
    async with house.db.transaction(SYSTEM) as tx:
        asked = await consultations.open_in(tx, number, "phone", "体检多少钱?\n周六开门吗?")
        await consultations.open_in(tx, ZHANG, "sms", "停车")
    async with await house.browser("nurse") as nurse:
        _, text = await nurse.get("/consultations")
        assert ("体检多少钱" in text, "停车" in text) == (True, True)
        for typed in ("周六", "139 0000 0009", "0009", "13900"):
            _, text = await nurse.post("/consultations/search", {"status": "open", "text": typed})
            assert ("体检" in text, "停车" in text) == (True, False)
        _, text = await nurse.post("/consultations/search", {"since": "2026-03-03"})
        assert "Nothing matches these filters." in text
        assert (await nurse.post("/consultations/search", {"status": "perhaps"}))[0] == 422
        _, text = await nurse.get(f"/patients/new?consultation={asked}")
        assert number in text
        status, text = await nurse.get(f"/consultations/{asked}")
        assert (status, "周六开门吗?" in text) == (200, True)
        assert (await nurse.post(f"/consultations/{asked}/close", {"result": ""}))[0] == 422
        assert (await nurse.post(f"/consultations/{asked}/close", {"result": "三百元，周六开"}))[0] == 200
        status, text = await nurse.post(f"/consultations/{asked}/close", {"result": "五百元"})
        assert (status, "三百元" in text, "五百元" in text) == (409, True, True)
        _, text = await nurse.post("/consultations/search", {"status": "closed"})
        assert "三百元" in text


async def test_consultations_are_paged_and_only_for_who_may_see_them(house: House) -> None:
    async with house.db.transaction(SYSTEM) as tx:
        for number in range(lists.PAGE + 1):
            await consultations.open_in(tx, Msisdn(f"+86139000001{number:02}"), "sms", f"question {number:02}.")
    async with await house.browser("marketer") as marketer:
        _, text = await marketer.get("/consultations")
        following = re.search(r'rel="next" href="([^"]+)"', text)
        assert following is not None
        assert text.count("question") == lists.PAGE
        _, text = await marketer.get(unescape(following[1]))
        assert ("question 00." in text, text.count("question")) == (True, 1)
    async with await house.browser("auditor") as auditor:
        assert (await auditor.get("/consultations"))[0] == 403
    async with house.db.connection() as conn:
        (row,) = await conn.fetch("SELECT detail FROM audit WHERE action = 'list consultations' ORDER BY id LIMIT 1")
        assert len(await consultation_store.page(conn, limit=99)) == lists.PAGE + 1
    assert (row["detail"]["by"], row["detail"]["count"]) == (["status"], lists.PAGE)


async def test_services_ask_for_the_right_themselves(house: House) -> None:
    patient = await house.patient()
    marketer = Actor(ActorKind.USER, "marketer", Role.MARKETER)
    for use in (
        lookup.find(house.db, marketer, Wanted(words="z"), limit=9),
        lookup.open_page(house.db, marketer, patient.id),
        lookup.part(house.db, marketer, patient.id, "cards"),
        lookup.entries(house.db, marketer, patient.id),
        trail.who_saw(house.db, marketer, patient.id, limit=9),
        service.change(house.db, marketer, patient.id, {"region": "x"}),
        service.register(house.db, marketer, NewPatient(name="x")),
        consent.set_hours(house.db, marketer, QuietHours()),
        consent.record(house.db, marketer, ZHANG, purpose="care", channel="sms", choice="opt_in", source="phone"),
    ):
        with pytest.raises(ForbiddenError):
            await use
