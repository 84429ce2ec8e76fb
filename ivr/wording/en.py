"""English as an operator would say it."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

UNDER_TEN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    "ten",
    "eleven",
    "twelve",
    *(f"{stem}teen" for stem in ("thir", "four", "fif", "six", "seven", "eigh", "nine")),
)
ONES = (*UNDER_TEN, *TEENS)
TENS = ("", "", "twenty", "thirty", "forty", "fifty")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
KEYS = MappingProxyType({"*": "star", "#": "pound"})
SUFFIXES = MappingProxyType({1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"})


def number(value: int) -> str:
    """0..59 in words."""
    if value < len(ONES):
        return ONES[value]
    tens, ones = divmod(value, 10)
    return TENS[tens] + (f" {ONES[ones]}" if ones else "")


def count(value: int) -> str:
    """How many of something."""
    return number(value)


def key(pressed: str) -> str:
    """A key of the telephone."""
    return KEYS.get(pressed) or ONES[int(pressed)]


def day(when: date, today: date) -> str:
    """Sunday, November 22nd, with today or tomorrow before it; the year when it is another."""
    near = {0: "today, ", 1: "tomorrow, "}.get((when - today).days, "")
    year = "" if when.year == today.year else f", {when.year}"
    suffix = SUFFIXES.get(when.day, "th")
    return f"{near}{WEEKDAYS[when.weekday()]}, {MONTHS[when.month - 1]} {when.day}{suffix}{year}"


def clock(when: datetime) -> str:
    """Nine thirty a.m.; noon and midnight by name."""
    if when.minute == 0 and when.hour in (0, 12):
        return "noon" if when.hour else "midnight"
    half = "a.m." if when.hour < 12 else "p.m."
    return f"{number((when.hour - 1) % 12 + 1)}{_minutes(when.minute)} {half}"


def _minutes(minute: int) -> str:
    if minute == 0:
        return " o'clock"
    return f" oh {number(minute)}" if minute < 10 else f" {number(minute)}"


TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "no_input_1": "Sorry, I did not get a key.",
        "no_input_2": "Still no key. You may also wait for a person.",
        "no_match_1": "Sorry, that key is not valid.",
        "no_match_2": "That key is not valid either. You may also wait for a person.",
        "apology": "Sorry, our system is not available now. Please hold, you are being connected to a person.",
        "press": "press {key}.",
        "more": "For other choices, press nine.",
        "list_tail": "To go back, press star.|For a person, press zero.",
        "departments": "Please choose a department.",
        "no_departments": "Sorry, there is no department to book at the moment.",
        "department": "For {department},",
        "slots": "These times are free:",
        "slot": "{day},|{clock},|?{practitioner},",
        "no_slots": "Sorry, this department has no free time in the next days.",
        "no_more_slots": "There are no more times.",
        "read_back": "You have chosen|{department},|?{practitioner},|{day},|{clock}.",
        "read_back_keys": "To book this, press one. To choose again, press two.|For a person, press zero.",
        "booked": "Your appointment is booked.|{day},|{clock},|{department},|?{practitioner}.|Please be on time.",
        "slot_full": "Sorry, that time has just been taken. Please choose again.",
        "slot_over": "Sorry, that time is over. Please choose again.",
        "already_booked": "You already have an appointment at that time. Please choose another one.",
        "overlap": "You have another appointment at that time. Please choose another one.",
        "day_full": "You have as many appointments on that day as one may have. Please choose another day.",
        "no_appointments": "You have no appointments.",
        "appointments": "You have {count} appointments.",
        "one_appointment": "You have one appointment:",
        "appointment": "{day},|{clock},",
        "appointment_details": "{department},|?{practitioner},",
        "confirmed": "Your appointment is confirmed. Please be on time.",
        "cancel_question": "To cancel the appointment on|{day},|{clock},|press one. To keep it, press two.",
        "cancelled": "The appointment on|{day},|{clock},|is cancelled.",
        "kept": "Your appointment stays as it is.",
        "moved": "Your appointment is now on|{day},|{clock}.|The old one is cancelled.",
        "move_read_back": "The new time would be|{day},|{clock},|?{practitioner}.",
        "move_read_back_keys": "To move your appointment, press one. To choose again, press two.|"
        "For a person, press zero.",
        "too_late": "Sorry, this appointment can no longer be changed.",
        "settled": "Hello. Your appointment has changed and needs no answer any more. Goodbye.",
        "whose": "Who is calling?",
        "whose_name": "?For {name},",
        "whose_other": "For somebody else,",
        "card": "Please enter the number of your patient card, then press pound.",
        "birth_date": "Please enter your date of birth, eight digits, the year first. "
        "For January second, nineteen eighty, enter|one nine eight zero, zero one, zero two.",
        "bad_birth_date": "That is not a date.",
        "not_found": "Sorry, we did not find you. Please enter it again.",
        "identified": "Hello,|?{name}.",
        "callback_this": "To be called back at the number you are calling from, press one. "
        "For another number, press two.",
        "callback_number": "Please enter your telephone number, then press pound.",
        "callback_bad_number": "That number cannot be called. Please enter it again.",
        "callback_taken": "We will call you back as soon as we can.",
    }
)
