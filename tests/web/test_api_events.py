"""The change feed as another system reads it."""

from typing import Any

import pytest

from crm_core.kernel.actor import SYSTEM
from tests.eventually import eventually
from tests.web.api_client import Client, client
from tests.web.house import ZHANG, House

pytestmark = pytest.mark.web


async def told(api: Client, cursor: str, patient_id: int) -> Any:
    """The page in which this patient is registered. Another test's transaction on this server may hold it up."""

    async def page() -> Any:
        _status, found = await api.get("/events", after=cursor)
        return found if any(one["about"] == {"patient_id": patient_id} for one in found["items"]) else None

    return await eventually(page, what="events can be read")


async def test_a_program_reads_all_there_is_and_then_only_what_is_new(house: House) -> None:
    async with client(house) as his:
        before = await house.patient("李四", "+8613900139000")
        _status, page = await his.get("/events", start="now")
        assert (page["items"], page["next"]) == ([], None)
        patient = await house.patient()
        news = await told(his, page["position"], patient.id)
        assert (news["items"][-1]["type"], news["items"][-1]["about"]) == (
            "PatientRegistered",
            {"patient_id": patient.id},
        )
        assert ZHANG.removeprefix("+86") not in str(news)
        assert (await his.get("/events", cursor=news["position"]))[1]["items"] == []
        _status, one = await his.get("/events", limit="1")
        assert one["next"] == one["position"] == one["items"][0]["position"]
        assert one["items"][0]["about"] == {"patient_id": before.id}
        _status, rest = await his.get("/events", cursor=one["next"], type="PatientRegistered,PatientChanged")
        assert [each["about"]["patient_id"] for each in rest["items"]] == [patient.id]
        assert (await his.get("/events", type="PatientChanged"))[1]["items"] == []


async def test_a_place_that_is_not_kept_is_gone_and_a_foreign_one_is_wrong(house: House) -> None:
    patient = await house.patient()
    async with client(house) as his:
        _status, page = await his.get("/events", start="now")
        async with house.db.transaction(SYSTEM) as tx:
            await tx.conn.execute("UPDATE event_log_start SET era = era + 1")
        status, problem = await his.get("/events", cursor=page["position"])
        assert (status, problem["code"]) == (410, "events_forgotten")
        _status, patients = await his.get("/patients", limit="1")
        assert patients["items"][0]["id"] == patient.id
        assert (await his.get("/events", cursor="MTox"))[0] == 422
        assert (await his.get("/events", type="a b"))[0] == 422


async def test_whoever_may_not_is_refused(house: House) -> None:
    async with client(house, "agent") as agent:
        assert (await agent.get("/events"))[0] == 403
