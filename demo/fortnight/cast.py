"""Who works in the demo hospital, and who phones it."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from crm_core.kernel.actor import Actor, ActorKind, Role
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import Msisdn, PatientId, UserId

GROWN_UP = timedelta(days=16 * 365)


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody with an account."""

    actor: Actor
    name: str
    user_id: UserId


@dataclass(frozen=True, slots=True)
class Cast:
    """`agents` take the calls by turns; to the nurse they transfer."""

    agents: tuple[Staff, ...]
    nurse: Staff
    supervisor: Staff
    marketer: Staff

    def agent(self, rng: Random) -> Staff:
        """Whose turn it is."""
        return rng.choice(self.agents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A patient on the telephone. `id` None: nobody the hospital knows."""

    id: PatientId | None
    name: str = field(repr=False)
    sex: str
    language: str
    msisdn: Msisdn = field(repr=False)
    is_shared: bool = False
    is_grown_up: bool = True

    @property
    def is_recognised(self) -> bool:
        """By the number alone."""
        return self.id is not None and not self.is_shared

    @property
    def as_heard(self) -> "Person":
        """As far as a machine knows them: of a family's telephone it knows nobody."""
        return self if self.is_recognised else replace(self, id=None)

    @property
    def surname(self) -> str:
        """欧阳 is one."""
        if self.language == "en":
            return self.name.rpartition(" ")[2]
        return self.name[: 2 if self.name.startswith("欧阳") else 1]

    @property
    def polite(self) -> str:
        """How an agent says it: 张先生, Ms Carter."""
        if not self.is_grown_up:
            return f"{self.name}小朋友"
        if self.language == "en":
            return f"{'Mr' if self.sex == 'male' else 'Ms'} {self.surname}"
        return self.surname + ("先生" if self.sex == "male" else "女士")


async def staff(conn: Connection) -> Cast | None:
    """None when the first accounts are not there: then nobody has worked here yet."""
    rows = await conn.fetch("SELECT id, login, name, role FROM app_user WHERE is_active ORDER BY id")
    found: dict[str, list[Staff]] = {}
    for row in rows:
        actor = Actor(ActorKind.USER, row["login"], Role(row["role"]), UserId(row["id"]))
        found.setdefault(row["role"], []).append(Staff(actor, row["name"], UserId(row["id"])))
    if not all(found.get(role) for role in (Role.AGENT, Role.NURSE, Role.SUPERVISOR, Role.MARKETER)):
        return None
    nurse, supervisor, marketer = (found[role][0] for role in (Role.NURSE, Role.SUPERVISOR, Role.MARKETER))
    return Cast(tuple(found[Role.AGENT]), nurse, supervisor, marketer)


async def everybody(conn: Connection, today: date) -> list[Person]:
    """All patients, by id, at the number they use first."""
    rows = await conn.fetch(
        """
        SELECT p.id, p.name, p.sex, p.language, f.msisdn,
               p.birth_date < $1 AS is_grown_up,
               (SELECT count(*) FROM patient_phone o WHERE o.msisdn = f.msisdn) > 1 AS is_shared
        FROM patient p JOIN patient_phone f ON f.patient_id = p.id AND f.position = 0
        ORDER BY p.id
        """,
        today - GROWN_UP,
    )
    return [Person(**dict(row)) for row in rows]
