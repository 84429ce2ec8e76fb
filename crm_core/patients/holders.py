"""Everything in the database that holds a person: what a merge moves, a person's copy contains and an erasure visits.

A table is in HOLDERS with each of its columns that hold a person, or in NOBODY. A test over the schema fails for one
that is in neither, so no new one is forgotten. Pure.
"""

from dataclasses import dataclass
from enum import StrEnum


class Holds(StrEnum):
    """How a column names a person."""

    ID = "id"  # the patient's: a merge points it to the survivor
    NUMBER = "number"  # a telephone of theirs, as E.164
    TEXT = "text"  # words of or about them
    REF = "ref"  # the path of something that may be theirs, e.g. patients/12
    JSON = "json"  # values among which any of these may be


@dataclass(frozen=True, slots=True)
class Holder:
    """One column."""

    table: str
    column: str
    holds: Holds


def _columns(table: str, **columns: Holds) -> tuple[Holder, ...]:
    return tuple(Holder(table, column, holds) for column, holds in columns.items())


ID, NUMBER, TEXT, REF, JSON = Holds.ID, Holds.NUMBER, Holds.TEXT, Holds.REF, Holds.JSON

HOLDERS: tuple[Holder, ...] = (
    *_columns(
        "patient",
        merged_into_id=ID,
        name=TEXT,
        search=TEXT,
        region=TEXT,
        source=TEXT,
        department=TEXT,
        member_level=TEXT,
        diseases=TEXT,
        province=TEXT,
        city=TEXT,
        district=TEXT,
        street=TEXT,
        postcode=TEXT,
        contact_name=TEXT,
        contact_phone=NUMBER,
        occupation=TEXT,
        family_situation=TEXT,
        preferred_hospital=TEXT,
        preferred_specialty=TEXT,
        allergies=TEXT,
        family_history=TEXT,
        needs=TEXT,
    ),
    *_columns("patient_identifier", patient_id=ID, value=TEXT),
    *_columns("patient_relation", patient_id=ID, other_id=ID),
    *_columns("patient_phone", patient_id=ID, msisdn=NUMBER, as_typed=TEXT, note=TEXT),
    *_columns("patient_change", patient_id=ID, old_value=JSON, new_value=JSON),
    *_columns("timeline_entry", patient_id=ID, args=JSON, ref=REF),
    *_columns("appointment", patient_id=ID),
    *_columns("consent", patient_id=ID, msisdn=NUMBER, address=NUMBER, evidence=REF),
    *_columns("never_dial", msisdn=NUMBER, reason=TEXT),
    *_columns("consultation", patient_id=ID, msisdn=NUMBER, text=TEXT, result=TEXT),
    *_columns("task", patient_id=ID, msisdn=NUMBER, ref=REF, title=TEXT, text=TEXT, result=TEXT, settled_by=REF),
    *_columns("call", patient_id=ID, caller=NUMBER, notes=TEXT),
    *_columns("call_leg", notes=TEXT),
    *_columns("dial_attempt", patient_id=ID, msisdn=NUMBER),
    *_columns("recording", path=REF),  # their voice
    *_columns("recording_note", text=TEXT),
    *_columns("sms", patient_id=ID, peer=NUMBER, text=TEXT, dedupe_key=REF),
    *_columns("sms_inbound_part", peer=NUMBER, text=TEXT, pdu=TEXT),
    *_columns("sms_conversation", peer=NUMBER, state=JSON),
    *_columns("sms_thread", peer=NUMBER),
    *_columns("draft", patient_id=ID, fields=JSON),
    *_columns("print_run_member", patient_id=ID),
    *_columns("audit", subject_id=REF, detail=JSON),
    *_columns("event_log", public=JSON),
    *_columns("pgqueuer", payload=JSON, headers=JSON, dedupe_key=REF),
    *_columns("pgqueuer_log", traceback=JSON),
)
NOBODY = frozenset(
    {
        "alembic_version",
        "agent_state",
        "api_token",
        "app_user",
        "audit_gap",
        "audit_seal",
        "booking_rule",
        "campus",
        "contact_hours",
        "contact_window",
        "department",
        "desk_line",
        "door_throttle",
        "event_log_start",
        "idempotency_key",
        "ivr_flow_version",
        "pgqueuer_schedules",
        "pgqueuer_statistics",
        "practitioner",
        "print_run",
        "recording_absence",
        "recording_pause",
        "recovery_code",
        "refusal",
        "schedule",
        "second_factor",
        "slot",
        "sms_canned",
        "sms_segment",
        "supervision",
        "task_kind",
        "user_session",
    }
)
