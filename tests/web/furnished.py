"""A small hospital with one of each, and the paths of all its pages and parts."""

import re
from typing import Protocol

from crm_core.calls import service as calls
from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Linkedid, Msisdn
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from crm_core.scheduling import service as scheduling
from crm_core.tasks import service as tasks
from letters import store as letters
from letters.model import Wish
from letters.store import Member
from sms import inbound, pdu
from tests.sms_deliver import deliver
from tests.web.house import MORNING, House
from web import routes

PHONE = Msisdn("+8613912345678")
NO_TEXT = ("/live", "/ws", "/login", r"/letters/{id:\d+}/file")  # the last is a PDF
GETS = [route for route in routes.PAGES if route.method == "GET" and route.path not in NO_TEXT]


async def furnish(house: House) -> dict[str, str]:
    """One of each, about one patient; the ids to put into paths."""
    slots = await house.sessions()
    new = NewPatient(name="慕容紫英", phones=(PHONE,), diseases=("高血压三级",))
    patient = await patients.register(house.db, SYSTEM, new)
    call = await house.call("1.1", PHONE)
    await calls.set_patient(house.db, call.id, patient.id, SYSTEM)
    await calls.ended(house.db, Linkedid("1.1"), "Normal Clearing")
    await calls.set_disposition(house.db, SYSTEM, call.id, "question_answered", "通话里的秘密")
    for text in deliver("短信里的秘密", PHONE, at=MORNING, reference=1):
        read = pdu.decode(text)
        assert isinstance(read, pdu.Deliver)
        await inbound.keep(house.db, "sim1", text, read)
    await scheduling.book(house.db, SYSTEM, patient_id=patient.id, slot_id=slots[0], channel="agent")
    async with house.db.transaction(SYSTEM) as tx:
        await consultations.open_in(tx, PHONE, "phone", "咨询里的秘密", patient.id)
        wish = Wish(patient_ids=[patient.id], template="dl")
        await letters.insert(tx.conn, wish, [Member(patient.id, None)], printed_by="system", now=MORNING)
        await tasks.open_in(tx, "call_back", PHONE, call.ref, patient.id)
    return {"id": "1", "session": "1", "call": str(call.id)}


class HasPath(Protocol):
    """A route, or a page of one."""

    @property
    def path(self) -> str:
        """As in the route table."""


def filled(route: HasPath, ids: dict[str, str]) -> str:
    """A path that the route matches."""
    path = re.sub(r"\{(\w+):[^}]*\}", lambda match: ids[match[1]], route.path)
    return path.replace("{id}", ids["call"])
