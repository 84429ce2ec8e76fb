"""Which role may do what. Pure; `docs/decisions/0020-rights.md` gives the reasons."""

from enum import StrEnum

from crm_core.kernel.actor import ANONYMOUS, Actor, ActorKind, Role
from crm_core.kernel.errors import ForbiddenError


class Right(StrEnum):
    """One thing a person or a program may do."""

    SEE_PATIENTS = "see patients"  # and their appointments and timeline
    SEE_SCHEDULE = "see the schedule"  # departments, practitioners and free times; nothing about patients
    EDIT_PATIENTS = "edit patients"
    EXPORT_PATIENTS = "export patients"
    PRINT_LETTERS = "print letters"  # envelopes and labels: names and addresses, many at once
    BOOK = "book appointments"  # also confirm, cancel, move, remind
    SET_BOOKING_RULES = "set booking rules"
    CHANGE_CONSENT = "change consent"
    SET_HOURS = "set contact hours"
    SEE_CALLS = "see calls"
    TAKE_CALLS = "take calls"  # a desk, agent states, dispositions
    DIAL = "dial"
    HEAR_RECORDINGS = "hear recordings"
    SEE_SMS = "see messages"
    SEND_SMS = "send messages"  # opens the door; what may be sent is a right of its own
    SEND_CARE = "send care and notices"
    SEND_MARKETING = "send marketing"
    SEE_CONSULTATIONS = "see consultations"
    ANSWER_CONSULTATIONS = "answer consultations"
    DO_TASKS = "do tasks"
    SEE_WALLBOARD = "see the wallboard"
    SUPERVISE = "supervise"  # change other people's states and results
    LISTEN_IN = "listen in"  # to a call under way, and speak in it or take it over
    EDIT_FLOWS = "edit flows"
    READ_EVENTS = "read what happens"  # the change feed: ids and states of everything
    SEE_AUDIT = "see the audit"
    MANAGE_USERS = "manage users"


_DESK = frozenset(
    {
        Right.SEE_PATIENTS,
        Right.SEE_SCHEDULE,
        Right.EDIT_PATIENTS,
        Right.BOOK,
        Right.CHANGE_CONSENT,
        Right.SEE_CALLS,
        Right.TAKE_CALLS,
        Right.DIAL,
        Right.SEE_SMS,
        Right.SEND_SMS,
        Right.SEND_CARE,
        Right.SEE_CONSULTATIONS,
        Right.ANSWER_CONSULTATIONS,
        Right.DO_TASKS,
        Right.SEE_WALLBOARD,
    }
)

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.SUPERVISOR: frozenset(Right) - {Right.SEE_AUDIT, Right.MANAGE_USERS},
    Role.AGENT: _DESK,
    Role.NURSE: _DESK | {Right.PRINT_LETTERS},
    Role.MARKETER: frozenset(
        {
            Right.SEE_CONSULTATIONS,
            Right.ANSWER_CONSULTATIONS,
            Right.SEND_SMS,
            Right.SEND_MARKETING,
            Right.SEE_WALLBOARD,
        }
    ),
    Role.AUDITOR: frozenset({Right.SEE_AUDIT}),
    Role.API: _DESK - {Right.TAKE_CALLS, Right.SEE_WALLBOARD}
    | {Right.HEAR_RECORDINGS, Right.SEND_MARKETING, Right.READ_EVENTS},
}


OWN = frozenset({Right.SEE_PATIENTS, Right.EDIT_PATIENTS, Right.CHANGE_CONSENT})  # a patient who speaks for themselves


def allows(role: Role, right: Right) -> bool:
    """Whether the role has the right."""
    return right in RIGHTS[role]


def may(actor: Actor, right: Right) -> bool:
    """The same of whoever asks; a token may have less than its role. The system itself has no role and asks nobody."""
    return actor.role is not None and allows(actor.role, right) and (actor.scopes is None or right in actor.scopes)


def ensure(actor: Actor, right: Right) -> None:
    """The hospital's own parts ask nobody, but nobody nameless is let through. Raises ForbiddenError."""
    is_ours = actor.kind is ActorKind.SYSTEM and actor != ANONYMOUS
    is_their_own = actor.kind is ActorKind.PATIENT and right in OWN
    if not is_ours and not is_their_own and not may(actor, right):
        raise ForbiddenError(f"may not {right}")
