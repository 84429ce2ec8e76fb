"""Who does something: a user, a program with a token, a patient, or the system itself."""

from dataclasses import dataclass
from enum import StrEnum

from crm_core.kernel.ids import UserId


class Role(StrEnum):
    """What an account may do is decided by its role; see crm_core.users.rights."""

    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    AGENT = "agent"
    NURSE = "nurse"
    MARKETER = "marketer"
    AUDITOR = "auditor"
    API = "api"


class ActorKind(StrEnum):
    """Where the wish came from."""

    USER = "user"
    TOKEN = "token"
    PATIENT = "patient"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` goes into the audit table: a login, `token:3`, `ivr`, `sms`, or a service's name; never a patient's.

    `scopes` are the rights a token was given out of its role's; None: all of them. `address` is the client's,
    `session` what it proved itself by (`session:7`, `token:3`); both go into the audit too.
    """

    kind: ActorKind
    name: str
    role: Role | None = None
    user_id: UserId | None = None
    scopes: frozenset[str] | None = None
    address: str = ""
    session: str = ""


SYSTEM = Actor(ActorKind.SYSTEM, "system")
IVR_CALLER = Actor(ActorKind.PATIENT, "ivr")
SMS_SENDER = Actor(ActorKind.PATIENT, "sms")
ANONYMOUS = Actor(ActorKind.SYSTEM, "anonymous")
