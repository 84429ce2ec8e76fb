"""The call log with two agents at desks and a supervisor, and a clock that stands still until told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from crm_core import events
from crm_core.calls import agents, service, store
from crm_core.calls.model import Call
from crm_core.kernel.actor import SYSTEM, Actor, Role
from crm_core.kernel.db import Database, Tx, open_database
from crm_core.kernel.event import Event
from crm_core.kernel.ids import Linkedid, Msisdn, Uniqueid, UserId
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient, Patient
from crm_core.users import service as users
from crm_core.users.passwords import generated_password

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
CALLER = Msisdn("+8613800138000")
LINK = Linkedid("1772424000.1")
KINDS = (
    events.CallStarted,
    events.CallQueued,
    events.AgentRang,
    events.CallConnected,
    events.CallEnded,
    events.CallMissed,
    events.DispositionSet,
    events.AgentStateChanged,
    events.DeskLineChanged,
)
OF_AGENTS = (events.AgentStateChanged, events.DeskLineChanged)


@dataclass
class Hotline:
    db: Database
    happened: list[Event]
    agents: dict[str, Actor] = field(default_factory=dict)
    now: datetime = NOON

    def names(self) -> list[str]:
        of_calls = (event for event in self.happened if not isinstance(event, OF_AGENTS))
        return [type(event).__name__ for event in of_calls]

    async def start(self, linkedid: Linkedid = LINK, caller: Msisdn | None = CALLER, direction: str = "in") -> Call:
        return await service.start(
            self.db, linkedid=linkedid, uniqueid=Uniqueid(linkedid), direction=direction, caller=caller, did="4000"
        )

    async def call(self, linkedid: Linkedid = LINK) -> Call:
        async with self.db.connection() as conn:
            found = await store.get_by_linkedid(conn, linkedid)
        assert found is not None
        return found

    async def state(self, desk: str = "desk-01") -> str:
        async with self.db.connection() as conn:
            found = await agents.by_desk(conn, desk)
        assert found is not None
        return str(found.state)

    def ids(self, *logins: str) -> list[UserId]:
        return [user_id for login in logins if (user_id := self.agents[login].user_id) is not None]

    async def available(self, *logins: str) -> None:
        for login in logins:
            user_id = self.agents[login].user_id
            assert user_id is not None
            await agents.set_state(self.db, self.agents[login], user_id, "available")


@asynccontextmanager
async def opened(database_url: str, *, connections: int = 10) -> AsyncIterator[Hotline]:
    """Two agents at desk-01 and desk-02, a supervisor, nobody available yet."""
    happened: list[Event] = []

    async def note(event: Event, tx: Tx) -> None:
        happened.append(event)

    async with open_database(database_url, subscriptions=[(kind, note) for kind in KINDS], max_size=connections) as db:
        found = Hotline(db, happened)
        for login, role in (("chen", Role.AGENT), ("li", Role.AGENT), ("boss", Role.SUPERVISOR)):
            user = await users.create(
                db, SYSTEM, login=login, name=login.title(), role=role, password=generated_password()
            )
            found.agents[login] = user.actor
            if role is Role.AGENT:
                await users.assign_desk(db, user.id)
        db.clock = lambda: found.now
        yield found


async def register(hotline: Hotline, name: str, phone: str, language: str = "zh_CN") -> Patient:
    return await patients.register(hotline.db, SYSTEM, NewPatient(name=name, phones=(phone,), language=language))
