"""What is typed into a form survives until it is saved, for whoever typed it and for nobody else."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from uuid import uuid4

import pytest

from crm_core.calls import desk, service
from crm_core.calls.model import Call
from crm_core.consultations import service as consultations
from crm_core.drafts import rules
from crm_core.drafts import service as drafts
from crm_core.drafts.model import Form, Subject
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.db import HOME
from crm_core.kernel.errors import ForbiddenError, InvalidInputError, NotFoundError
from crm_core.kernel.ids import CallId, ConsultationId, Msisdn, PatientId, ThreadId
from crm_core.patients import form
from crm_core.patients.model import NewPatient
from crm_core.tasks import service as tasks
from crm_core.tasks.model import NewTask, TaskKind
from overview import pop
from sms import writing
from sms.letterhead import Letterhead
from sms.model import Purpose
from tests.db.hotline import CALLER, LINK, Hotline, opened, register

pytestmark = pytest.mark.db

NEW_TEXT, NEW_TASK, NEW_PATIENT = (Subject(form=one) for one in (Form.TEXT, Form.TASK, Form.PATIENT))


@pytest.fixture
async def hotline(database_url: str) -> AsyncIterator[Hotline]:
    async with opened(database_url) as found:
        yield found


async def talking(hotline: Hotline) -> Call:
    """Chen speaks with a stranger."""
    await hotline.available("chen")
    call = await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    return call


def about(call: Call) -> Subject:
    return Subject(form=Form.CALL, call_id=call.id)


async def keep(hotline: Hotline, subject: Subject, login: str = "chen", **fields: str) -> None:
    await drafts.keep(hotline.db, hotline.agents[login], subject, fields)


async def kept(hotline: Hotline, subject: Subject, login: str = "chen") -> Mapping[str, str]:
    return (await drafts.mine(hotline.db, hotline.agents[login], subject)).fields


async def shown(hotline: Hotline, call: Call, login: str = "chen") -> Mapping[str, str]:
    return (await pop.pop(hotline.db, hotline.agents[login], call.id)).draft


async def test_a_draft_is_added_to_field_by_field_and_shown_to_its_writer_only(hotline: Hotline) -> None:
    call = await talking(hotline)
    await keep(hotline, about(call), notes="问医保")
    await keep(hotline, about(call), disposition="complaint")
    await keep(hotline, about(call), notes="问医保报销")
    assert await shown(hotline, call) == {"disposition": "complaint", "notes": "问医保报销"}
    assert await shown(hotline, call, "boss") == {"disposition": "", "notes": ""}
    await keep(hotline, about(call), "boss", notes="主管的话")
    assert (await shown(hotline, call))["notes"] == "问医保报销"
    assert (await pop.pop(hotline.db, hotline.agents["chen"], call.id)).typed.at == hotline.now


async def test_what_is_saved_goes_out_of_the_draft_and_the_rest_stays(hotline: Hotline) -> None:
    call = await talking(hotline)
    await keep(hotline, about(call), notes="稍后", text="问体检价格", name="王")
    await service.set_disposition(hotline.db, hotline.agents["chen"], call.id, "question_answered", "已答复")
    assert await shown(hotline, call) == {
        "disposition": "question_answered",
        "notes": "已答复",
        "text": "问体检价格",
        "name": "王",
    }
    await desk.consult(hotline.db, hotline.agents["chen"], call.id, "问体检价格")
    assert await kept(hotline, about(call)) == {"name": "王"}


async def test_a_cleared_field_stays_cleared_although_something_was_saved_before(hotline: Hotline) -> None:
    call = await talking(hotline)
    await service.set_disposition(hotline.db, hotline.agents["chen"], call.id, "booked", "旧")
    await keep(hotline, about(call), notes="")
    assert (await shown(hotline, call))["notes"] == ""


async def test_a_discarded_field_is_as_it_was_saved_and_the_others_stay(hotline: Hotline) -> None:
    call = await talking(hotline)
    await service.set_disposition(hotline.db, hotline.agents["chen"], call.id, "booked", "旧")
    await keep(hotline, about(call), notes="新", text="问价格")
    await drafts.discard(hotline.db, hotline.agents["chen"], about(call), ["notes"])
    assert ((await shown(hotline, call))["notes"], await kept(hotline, about(call))) == ("旧", {"text": "问价格"})


async def test_each_form_keeps_its_own_and_what_was_sent_is_kept_no_longer(hotline: Hotline) -> None:
    chen = hotline.agents["chen"]
    patient = await register(hotline, "张三丰", CALLER)
    mine, theirs = (Subject(form=one, patient_id=patient.id) for one in (Form.TASK, Form.PATIENT))
    for subject, fields in (
        (NEW_TASK, {"text": "打电话"}),
        (mine, {"text": "问检查结果"}),
        (theirs, {"region": "广州", "version": "1"}),
        (NEW_PATIENT, {"name": "李秀英"}),
        (NEW_TEXT, {"text": "您好", "to": "zsf"}),
    ):
        await keep(hotline, subject, **fields)
    await tasks.create(hotline.db, chen, NewTask(kind=TaskKind.TODO, text="问检查结果", patient_id=patient.id))
    assert (await kept(hotline, mine), await kept(hotline, NEW_TASK)) == ({}, {"text": "打电话"})
    saved = await form.save(hotline.db, chen, patient.id, {"region": "广州"}, patient.version)
    assert isinstance(saved, form.Saved)
    assert (await kept(hotline, theirs), await kept(hotline, NEW_PATIENT)) == ({}, {"name": "李秀英"})
    await form.register(hotline.db, chen, NewPatient(name="李秀英"), NEW_PATIENT)
    assert await kept(hotline, NEW_PATIENT) == {}
    text = writing.Draft(CALLER, "您好", Purpose.CARE, NEW_TEXT)
    await writing.write(hotline.db, chen, text, letterhead=Letterhead("医院", "Hospital", HOME))
    assert await kept(hotline, NEW_TEXT) == {}


async def test_what_could_not_be_saved_is_still_kept(hotline: Hotline) -> None:
    patient = await register(hotline, "张三丰", CALLER)
    await keep(hotline, NEW_PATIENT, name=patient.name)
    new = NewPatient(name=patient.name, phones=(CALLER,))
    done = await form.register(hotline.db, hotline.agents["chen"], new, NEW_PATIENT)
    assert isinstance(done, form.OnFile)
    assert await kept(hotline, NEW_PATIENT) == {"name": patient.name}


async def test_an_answer_to_a_consultation_is_kept_until_it_is_closed(hotline: Hotline) -> None:
    async with hotline.db.transaction(SYSTEM) as tx:
        asked = await consultations.open_in(tx, Msisdn("+8613900000009"), "web", "问价格")
    subject = Subject(form=Form.CONSULTATION, consultation_id=asked)
    await keep(hotline, subject, result="三百")
    await keep(hotline, subject, "li", result="五百")
    await consultations.close(hotline.db, hotline.agents["chen"], asked, result="三百元")
    assert (await kept(hotline, subject), await kept(hotline, subject, "li")) == ({}, {"result": "五百"})


async def test_a_draft_has_known_fields_of_a_bearable_length_about_something_that_is_there(hotline: Hotline) -> None:
    call = await talking(hotline)
    for fields in ({"password": "x"}, {"notes": "长" * (rules.LONGEST + 1)}):
        with pytest.raises(InvalidInputError):
            await keep(hotline, about(call), **fields)
    for subject in (Subject(form=Form.CALL), Subject(form=Form.TASK, call_id=call.id), Subject(form=Form.CONSULTATION)):
        with pytest.raises(NotFoundError):
            await keep(hotline, subject, text="x")
    for subject, name in (
        (Subject(form=Form.CALL, call_id=CallId(uuid4())), "notes"),
        (Subject(form=Form.TEXT, thread_id=ThreadId(7)), "text"),
        (Subject(form=Form.PATIENT, patient_id=PatientId(7)), "name"),
        (Subject(form=Form.CONSULTATION, consultation_id=ConsultationId(7)), "result"),
    ):
        with pytest.raises(InvalidInputError):
            await keep(hotline, subject, **{name: "x"})
    assert await shown(hotline, call) == {"disposition": "", "notes": ""}


async def test_only_people_who_may_send_the_form_type_into_it(hotline: Hotline) -> None:
    for actor in (Actor(ActorKind.USER, "m", Role.MARKETER), Actor(ActorKind.TOKEN, "token:1", Role.API)):
        for ask in (drafts.mine(hotline.db, actor, NEW_TASK), drafts.keep(hotline.db, actor, NEW_TASK, {"text": "x"})):
            with pytest.raises(ForbiddenError):
                await ask


async def test_a_draft_that_nobody_goes_on_with_is_forgotten_after_days(hotline: Hotline) -> None:
    call = await talking(hotline)
    await keep(hotline, about(call), notes="半句")
    hotline.now += drafts.KEPT - timedelta(minutes=1)
    assert await drafts.forget(hotline.db) == 0
    hotline.now += timedelta(minutes=2)
    assert await drafts.forget(hotline.db) == 1
    assert (await shown(hotline, call))["notes"] == ""


async def test_of_one_persons_drafts_only_the_newest_stay(hotline: Hotline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST", 2)
    await keep(hotline, NEW_TEXT, "li", text="别人的")
    for subject in (NEW_TEXT, NEW_TASK, NEW_PATIENT):
        hotline.now += timedelta(seconds=1)
        await keep(hotline, subject, **{"name" if subject is NEW_PATIENT else "text": "x"})
    left = [bool(await kept(hotline, subject)) for subject in (NEW_TEXT, NEW_TASK, NEW_PATIENT)]
    assert (left, await kept(hotline, NEW_TEXT, "li")) == ([False, True, True], {"text": "别人的"})


async def test_a_draft_goes_with_its_patient_and_with_its_writer(hotline: Hotline) -> None:
    patient = await register(hotline, "张三丰", CALLER)
    await keep(hotline, Subject(form=Form.TASK, patient_id=patient.id), text="关于病人的话")
    await keep(hotline, NEW_TASK, "li", text="写的人走了")
    async with hotline.db.transaction(SYSTEM) as tx:
        await tx.conn.execute("DELETE FROM patient WHERE id = $1", patient.id)
        await tx.conn.execute("DELETE FROM app_user WHERE login = 'li'")
        assert await tx.conn.fetchval("SELECT count(*) FROM draft") == 0
