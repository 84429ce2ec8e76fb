"""The change feed as another system reads it."""

import pytest

from crm_core.kernel.actor import SYSTEM
from tests.eventually import eventually
from tests.web.api_client import Client, client
from tests.web.house import ZHANG, House

pytestmark = pytest.mark.web


async def settled(api: Client, cursor: str) -> None:
    """Another test's transaction on this server may hold the feed up."""

    async def has_events() -> bool:
        return bool((await api.get("/events", cursor=cursor))[1]["items"])

    await eventually(has_events, what="events can be read")


async def test_a_program_reads_all_there_is_and_then_only_what_is_new(house: House) -> None:
    await house.patient("李四", "+8613900139000")
    async with client(house) as his:
        _status, page = await his.get("/events", start="now")
        assert (page["items"], page["next"]) == ([], None)
        patient = await house.patient()
        await settled(his, page["position"])
        _status, news = await his.get("/events", after=page["position"])
        assert [(one["type"], one["about"]) for one in news["items"]] == [
            ("PatientRegistered", {"patient_id": patient.id})
        ]
        assert ZHANG.removeprefix("+86") not in str(news)
        assert (await his.get("/events", cursor=news["position"]))[1]["items"] == []
        _status, one = await his.get("/events", limit="1")
        assert one["next"] == one["position"] == one["items"][0]["position"]
        _status, rest = await his.get("/events", cursor=one["next"], type="PatientRegistered,PatientChanged")
        assert [each["about"]["patient_id"] for each in rest["items"]] == [patient.id]


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
