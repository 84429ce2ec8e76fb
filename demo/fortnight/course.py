"""How a call goes, second by second from its answer: what the menu does, who speaks when, when it is over. Pure.

The audio is made long afterwards, so how long a sentence lasts is reckoned here, generously: what is spoken begins at
the reckoned moment and ends before the next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from demo.fortnight import words
from demo.fortnight.words import AGENT, COLLEAGUE, MACHINE, PATIENT, Conversation, Line

SECONDS_A_CHARACTER = {"zh_CN": 0.24, "en": 0.07}
BREATH_S = 0.5
PAUSE_S = 0.5  # before the other side answers
KEY_S = 1.5  # until somebody has pressed one
HANG_UP_S = 0.8
TRANSFER_S = 9.0
PITCHES = {MACHINE: 1.0, AGENT: 1.1, COLLEAGUE: 1.18, PATIENT: 1.0}
LEFT, RIGHT = 0, 1  # channels: the patient, the hospital

KNOWN = ("recognise", "greet_by_name", "hours", "main")
STRANGER = ("recognise", "greet", "hours", "main")
TO_A_PERSON = ("person", "operators")
BY_KEYS = ("who_books", "book", "anything_else", "goodbye")
OWN_APPOINTMENT = ("who_asks", "appointments", "appointment")
ABOUT_US = ("hospital", "anything_else", "goodbye")
AT_NIGHT = ("recognise", "greet", "hours", "closed_notice", "main", "person", "person_by_hours", "leave_word")


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence in the recording."""

    at_s: float
    channel: int
    language: str
    pitch: float
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Seconds since the answer; None for what did not happen. `handed_s`: to a colleague."""

    said: tuple[Said, ...] = ()
    path: tuple[str, ...] = ()
    language: str = "zh_CN"
    queued_s: float | None = None
    connected_s: float | None = None
    handed_s: float | None = None
    over_s: float = 0.3


def lasts_s(text: str, language: str) -> float:
    """At most."""
    return len(text) * SECONDS_A_CHARACTER[language] + BREATH_S


def _spoken(course: Course, lines: Sequence[Line]) -> Course:
    """One after another, from where the call is now."""
    now_s, said, handed_s = course.over_s, list(course.said), course.handed_s
    for line in lines:
        if line.side == COLLEAGUE and handed_s is None:
            now_s += TRANSFER_S
            handed_s = now_s
        channel = LEFT if line.side == PATIENT else RIGHT
        said.append(Said(round(now_s, 2), channel, course.language, PITCHES[line.side], line.text))
        now_s += lasts_s(line.text, course.language) + (0.0 if line.side == MACHINE else PAUSE_S)
    return replace(course, said=tuple(said), over_s=now_s, handed_s=handed_s)


def _ended(course: Course) -> Course:
    return replace(course, over_s=round(course.over_s + HANG_UP_S))


def _menu(language: str, path: Sequence[str]) -> Course:
    greeting = words.machine(words.RECORDED[language], words.WELCOME[language], words.MENU[language])
    course = _spoken(Course(language=language, path=tuple(path)), greeting)
    return replace(course, over_s=course.over_s + KEY_S)


def _queued(language: str, *, is_known: bool) -> Course:
    course = _menu(language, (*(KNOWN if is_known else STRANGER), *TO_A_PERSON))
    course = _spoken(course, words.machine(words.CONNECTING[language]))
    return replace(course, queued_s=course.over_s)


def talked(conversation: Conversation, facts: Mapping[str, str], *, wait_s: float, is_known: bool) -> Course:
    """Through the menu to an agent, who is free after a while."""
    course = _queued(conversation.language, is_known=is_known)
    course = replace(course, over_s=course.over_s + wait_s, connected_s=course.over_s + wait_s)
    return _ended(_spoken(course, conversation.spoken(facts)))


def given_up(language: str, *, patience_s: float, is_known: bool) -> Course:
    """Nobody was free, and the caller hung up."""
    course = _spoken(_queued(language, is_known=is_known), words.machine(words.BUSY[language]))
    return _ended(replace(course, over_s=max(course.over_s, (course.queued_s or 0) + patience_s)))


def booked_by_keys(language: str, facts: Mapping[str, str]) -> Course:
    """An appointment without a word."""
    course = _menu(language, (*KNOWN, *BY_KEYS))
    for text in words.BOOKED[language]:
        course = _spoken(course, words.machine(text.format_map(facts)))
        course = replace(course, over_s=course.over_s + KEY_S)
    return _ended(_spoken(course, words.machine(words.GOODBYE[language])))


def changed_by_keys(language: str, facts: Mapping[str, str], node: str) -> Course:
    """`node` is what they chose for the appointment they have: confirm or cancel."""
    course = _menu(language, (*KNOWN, *OWN_APPOINTMENT, node, "anything_else", "goodbye"))
    for text in (words.OWN[language], words.DONE[node][language]):
        course = _spoken(course, words.machine(text.format_map(facts)))
        course = replace(course, over_s=course.over_s + KEY_S)
    return _ended(_spoken(course, words.machine(words.GOODBYE[language])))


def asked_the_menu(language: str, *, is_known: bool) -> Course:
    """When it is open, said by the menu."""
    course = _menu(language, (*(KNOWN if is_known else STRANGER), *ABOUT_US))
    return _ended(_spoken(course, words.machine(words.ABOUT_US[language], words.GOODBYE[language])))


def at_night() -> Course:
    """Nobody is there; the caller chooses to leave word, and the recording of the call ends."""
    course = _spoken(_menu("zh_CN", (*AT_NIGHT, "voicemail")), words.machine(words.NOBODY_THERE))
    return _ended(replace(course, over_s=course.over_s + KEY_S))


def left_word() -> Course:
    """After the tone: only the patient's side is kept, so it begins with them."""
    return _ended(_spoken(Course(), [Line(PATIENT, words.LEFT_WORD)]))


def phoned(conversation: Conversation, facts: Mapping[str, str]) -> Course:
    """The hospital calls, and the patient answers. Who is called hears first that it is recorded."""
    course = _spoken(Course(language=conversation.language), words.machine(words.RECORDED[conversation.language]))
    return _ended(_spoken(replace(course, connected_s=0.0), conversation.spoken(facts)))


def reminded(language: str, facts: Mapping[str, str], node: str) -> Course:
    """By the machine; the patient presses a key, which leads to `node`."""
    hello = [Line(PATIENT, words.PICKED_UP[language]), *words.machine(words.RECORDED[language])]
    course = _spoken(Course(language=language, path=("remind", "main", node, "goodbye")), hello)
    course = _spoken(course, words.machine(*(text.format_map(facts) for text in words.REMIND[language])))
    return _ended(_spoken(replace(course, over_s=course.over_s + KEY_S), words.machine(words.GOODBYE[language])))


def met_a_mailbox() -> Course:
    """The answer was a machine's, so nothing is said to it."""
    return _ended(_spoken(Course(), [Line(PATIENT, words.MAILBOX)]))
