"""Phrases of the hotline's own node types, in the caller's language, and the values that texts may name."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType, ModuleType

from ivr.facts import Appointment, Department, Slot
from ivr.flow import Session
from ivr.prompt import Language, Prompt, Text, compose
from ivr.wording import en, zh_cn

WORDINGS: Mapping[Language, ModuleType] = MappingProxyType({"zh_CN": zh_cn, "en": en})
TEXT_VALUES = frozenset({"hospital", "name", "department", "practitioner", "day", "clock"})


def phrase(language: Language, name: str, values: Mapping[str, str] | None = None) -> Prompt:
    """One of ours. Raises KeyError for a phrase that does not exist or a value that is missing."""
    return compose(WORDINGS[language].TEXTS[name], language, values)


def spoken(call: Session, text: Text) -> Prompt:
    """A text of the flow, filled with what is known of this call; what is not known is empty."""
    return compose(text.in_language(call.language), call.language, known(call))


def known(call: Session) -> dict[str, str]:
    """Values for texts of flows: TEXT_VALUES, empty when unknown."""
    values = dict.fromkeys(TEXT_VALUES, "")
    values["hospital"] = call.facts.hospital.in_language(call.language)
    if call.patient:
        values["name"] = call.patient.name
    if call.appointment:
        values |= slot_values(call, call.appointment.slot)
    return values


def slot_values(call: Session, slot: Slot) -> dict[str, str]:
    """A time, read in the caller's language."""
    wording = WORDINGS[call.language]
    return {
        "day": wording.day(slot.starts_at.date(), call.facts.now.date()),
        "clock": wording.clock(slot.starts_at),
        "department": department_name(call, slot.department),
        "practitioner": slot.practitioner if call.language == "zh_CN" else slot.practitioner_en,
    }


def department_name(call: Session, department: Department) -> str:
    """As the caller's language names it."""
    return department.name if call.language == "zh_CN" else department.name_en


def appointment_phrase(call: Session, appointment: Appointment, *, with_details: bool) -> Prompt:
    """Day and time; department and practitioner only to whoever may know."""
    values = slot_values(call, appointment.slot)
    details = phrase(call.language, "appointment_details", values) if with_details else ()
    return phrase(call.language, "appointment", values) + details


def press(call: Session, key: str) -> Prompt:
    """Which key it is."""
    return phrase(call.language, "press", {"key": WORDINGS[call.language].key(key)})


def numbered(call: Session, choices: Sequence[Prompt]) -> Prompt:
    """Each choice with its key, from 1."""
    return tuple(
        fragment for number, choice in enumerate(choices, start=1) for fragment in (*choice, *press(call, str(number)))
    )


def how_many(call: Session, count: int) -> dict[str, str]:
    """A count, as the caller's language says it."""
    return {"count": WORDINGS[call.language].count(count)}
