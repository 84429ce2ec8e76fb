"""A patient's record in words: its parts, its closed sets, and what is known of somebody."""

from collections.abc import Collection, Sequence

from crm_core.kernel.ids import Msisdn
from crm_core.patients.field import Field, Part
from crm_core.patients.fields import BY_NAME, FIELDS, LANGUAGES, SEXES
from crm_core.patients.kinship import KINDS
from crm_core.patients.model import Patient, Phone
from crm_core.patients.words import OWNERS, PHONE_KINDS
from web.i18n import N_, _

SEX = {code: word.english for code, word in SEXES.items()}
LANGUAGE = {code: word.english for code, word in LANGUAGES.items()}
RELATION = {code: word.english for code, word in KINDS.items()}
RECORD_PART = {
    "person": N_("Person"),
    "numbers": N_("Numbers and source"),
    "address": N_("Address"),
    "health": N_("Health"),
    "background": N_("Background and wishes"),
}


def field_words(name: str, value: str) -> str:
    """A field's value as a form shows it."""
    word = BY_NAME[name].words.get(value) if name in BY_NAME else None
    return _(word.english) if word else value.replace("\n", ", ")


def fact_words(fact: Field, value: object) -> str:
    """A field's value as the page shows it; "" when nothing is known."""
    match value:
        case None | "unknown":
            return ""
        case list() | tuple():
            return "、".join(field_words(fact.name, str(one)) for one in value)
        case _:
            return field_words(fact.name, str(value)) if fact.words else str(value)


def changed_words(name: str, value: object) -> str:
    """What stood in a field, as its history shows it; a field that is no more shows as it was kept."""
    fact = BY_NAME.get(name)
    return (fact_words(fact, value) if fact else str(value or "")) or "–"


def phone_words(numbers: Sequence[Phone], msisdn: Msisdn) -> str:
    """Whose it is, of what kind, and what to know of it."""
    phone = next((one for one in numbers if one.msisdn == msisdn), None)
    if phone is None:
        return ""
    said = [_(kinds[code].english) for kinds, code in ((OWNERS, phone.owner), (PHONE_KINDS, phone.kind)) if code]
    return " · ".join(filter(None, (*said, phone.note)))


def field_name(name: str) -> str:
    """Of a field of the record, also of one that is no more."""
    return _(BY_NAME[name].english) if name in BY_NAME else name


def record_parts(patient: Patient, left_out: Collection[str]) -> list[tuple[str, list[tuple[Field, str]]]]:
    """What is known of somebody, part by part; `left_out` stands elsewhere on the page."""
    said = [(one, fact_words(one, getattr(patient, one.name))) for one in FIELDS if one.name not in left_out]
    parts = [(RECORD_PART[part], [(one, text) for one, text in said if one.part is part and text]) for part in Part]
    return [(heading, known) for heading, known in parts if known]
