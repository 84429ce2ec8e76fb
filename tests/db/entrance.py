"""People at the hospital's door: accounts, a clock that is moved, what the audit says of them."""

from datetime import UTC, datetime, timedelta

from crm_core.kernel.actor import SYSTEM, Role
from crm_core.kernel.crypto import MasterKey
from crm_core.kernel.db import Database
from crm_core.users import logins, service, sessions
from crm_core.users.model import Client, Login, User
from crm_core.users.passwords import generated_password

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
KEY = MasterKey(b"f" * 32)
WORD = generated_password()
OTHER = generated_password()
WARD = Client(address="10.0.0.5", browser="Firefox/140.0")


class Clock:
    """Stands until it is moved."""

    def __init__(self, db: Database) -> None:
        self.now = NOON
        db.clock = lambda: self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


async def make(db: Database, login: str = "agent1", role: Role = Role.AGENT, *, one_time: bool = False) -> User:
    return await service.create(db, SYSTEM, login=login, name="陈静", role=role, password=WORD, one_time=one_time)


async def entered(db: Database, login: str = "agent1", client: Client = WARD) -> Login:
    entrance = await logins.authenticate(db, login, WORD, client)
    found = await sessions.of_browser(db, entrance.token)
    assert found is not None
    return found


async def audits(db: Database) -> list[tuple[str, str, str, dict[str, object]]]:
    async with db.connection() as conn:
        rows = await conn.fetch("SELECT actor, action, outcome, detail FROM audit ORDER BY id")
    return [(row["actor"], row["action"], row["outcome"], row["detail"]) for row in rows]
