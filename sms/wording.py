"""From an answer to the text a patient reads: times, lists and names in their language."""

from datetime import datetime
from zoneinfo import ZoneInfo

from crm_core.scheduling.model import Slot
from sms.conversations.model import Answer, AppointmentChoice, Choice, DepartmentChoice, Person, SlotChoice
from sms.letterhead import Letterhead
from sms.texts import en, zh_cn

TEXTS = {"zh_CN": zh_cn.TEXTS, "en": en.TEXTS}
EMERGENCY = "120"
_WEEKDAYS = "一二三四五六日"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def written(answer: Answer, language: str, letterhead: Letterhead) -> str:
    """The whole text, the hospital's name first."""
    texts = TEXTS.get(language, zh_cn.TEXTS)
    note = texts[f"note.{answer.note}"] if answer.note else ""
    zone = letterhead.timezone
    body = texts[answer.text].format(
        options=_options(answer, language, zone),
        slot=_slot(answer.slot, language, zone) if answer.slot else "",
        person=_person(answer.person, language),
    )
    hint = texts["urgent"] if answer.is_urgent and EMERGENCY not in body else ""
    return letterhead.signature(language) + hint + note + body


def reminder(slot: Slot, name: str, language: str, letterhead: Letterhead) -> str:
    """Before an appointment: when and with whom, and words to answer with. No department: others may read it."""
    choice = SlotChoice(slot.id, slot.starts_at, slot.practitioner_name, slot.practitioner_name_en)
    texts = TEXTS.get(language, zh_cn.TEXTS)
    text = texts["reminder"].format(name=name, slot=_slot(choice, language, letterhead.timezone))
    return letterhead.signature(language) + text


def moment(at: datetime, language: str, zone: ZoneInfo) -> str:
    """11月23日(周一)09:00, or Mon 23 Nov 09:00."""
    local = at.astimezone(zone)
    if language == "en":
        return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"
    return f"{local.month}月{local.day}日(周{_WEEKDAYS[local.weekday()]}){local:%H:%M}"


def _options(answer: Answer, language: str, zone: ZoneInfo) -> str:
    lines = [
        f"{number}. {_choice(option, language, zone, with_name=_has_many_people(answer))}"
        for number, option in enumerate(answer.options, start=1)
    ]
    if answer.has_more:
        lines.append(TEXTS.get(language, zh_cn.TEXTS)["more"])
    return "".join(f"\n{line}" for line in lines)


def _has_many_people(answer: Answer) -> bool:
    owners = {option.patient_id for option in answer.options if isinstance(option, AppointmentChoice)}
    return len(owners) > 1


def _choice(option: Choice, language: str, zone: ZoneInfo, *, with_name: bool) -> str:
    match option:
        case Person():
            return option.name
        case DepartmentChoice():
            return option.name_en if language == "en" else option.name
        case SlotChoice():
            return _slot(option, language, zone)
        case AppointmentChoice():
            name = f"{option.name} " if with_name else ""
            return name + _slot(option.slot, language, zone)


def _slot(slot: SlotChoice, language: str, zone: ZoneInfo) -> str:
    who = slot.practitioner_en if language == "en" else f"{slot.practitioner}医生"
    return f"{moment(slot.starts_at, language, zone)} {who}"


def _person(person: Person | None, language: str) -> str:
    if person is None:
        return ""
    return f"{person.name}: " if language == "en" else f"{person.name}，"
