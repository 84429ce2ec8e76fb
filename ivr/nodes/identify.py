"""identify: find out which patient is calling."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from ivr.facts import Person
from ivr.flow import (
    Ask,
    Digits,
    Exit,
    FindByCallerId,
    FindByCard,
    Goto,
    Input,
    Move,
    PatientsFound,
    Play,
    Played,
    Session,
    TimedOut,
    Way,
    unexpected,
)
from ivr.nodes.asking import PERSON_KEY, Asking, NodeId, understood
from ivr.phrases import numbered, phrase
from ivr.prompt import Text

CARD_DIGITS = 20
BIRTH_DATE_DIGITS = 8
LARGEST_FAMILY = 8
OLDEST = date(1900, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify(Asking):
    """`caller_id` only looks the number up and goes on. `keys` also asks: whose of a shared phone, else card number
    and date of birth. `known` with one patient, `unknown` without; by `keys` that is after `tries` wrong entries."""

    type: Literal["identify"] = "identify"
    by: Literal["caller_id", "keys"]
    known: NodeId
    unknown: NodeId

    def exits(self) -> Iterator[Exit]:
        """Known or not."""
        yield Exit("known", self.known, waits=False)
        yield Exit("unknown", self.unknown, waits=self.by == "keys")
        yield from Asking.exits(self)

    def texts(self) -> Iterator[Text]:
        """Only its own pardons."""
        yield from Asking.texts(self)

    def enter(self, call: Session) -> Move:
        """Nothing is asked of a caller we know."""
        if call.patient:
            return call, Goto(self.known)
        if call.candidates is None and call.facts.caller:
            return call.remember(phase="looking_up"), FindByCallerId(call.facts.caller)
        return self._ask_more(call)

    def hear(self, call: Session, said: Input) -> Move:
        """Each phase hears one kind of answer."""
        match call.memo.phase, said:
            case "looking_up", PatientsFound(people):
                return self._looked_up(call, people)
            case "whose", Digits() | TimedOut():
                return self._whose(call, said)
            case "card", Digits() | TimedOut():
                return self._card(call, said)
            case "birth_date", Digits() | TimedOut():
                return self._birth_date(call, said)
            case "checking", PatientsFound(people):
                return self._checked(call, people)
            case "greeting", Played():
                return call, Goto(self.known)
            case _:
                raise unexpected(call, said)

    def _looked_up(self, call: Session, people: tuple[Person, ...]) -> Move:
        call = replace(call, candidates=people)
        if len(people) == 1:
            return _is(call, people[0]), Goto(self.known)
        return self._ask_more(call)

    def _ask_more(self, call: Session) -> Move:
        if self.by == "caller_id":
            return call, Goto(self.unknown)
        if call.candidates:
            return call.remember(phase="whose"), _ask_whose(call)
        return call.remember(phase="card"), _ask_card(call)

    def _whose(self, call: Session, said: Input) -> Move:
        family = (call.candidates or ())[:LARGEST_FAMILY]
        match said:
            case Digits(key) if key.isdecimal() and 1 <= int(key) <= len(family):
                return self._greet(_is(call, family[int(key) - 1]))
            case Digits(key) if key == str(len(family) + 1):
                return understood(call, "card"), _ask_card(call)
            case Digits(key) if key == PERSON_KEY:
                return call, Goto(Way.PERSON)
            case _:
                return self.again(call, said, _ask_whose(call))

    def _card(self, call: Session, said: Input) -> Move:
        match said:
            case Digits(keys) if keys == PERSON_KEY:
                return call, Goto(Way.PERSON)
            case Digits(keys) if keys.isdecimal():
                return call.remember(phase="birth_date", card_no=keys), _ask_birth_date(call)
            case _:
                return self.again(call, said, _ask_card(call))

    def _birth_date(self, call: Session, said: Input) -> Move:
        match said:
            case Digits(keys) if (born := _date(keys, call.facts.now.date())) is not None:
                return call.remember(phase="checking"), FindByCard(call.memo.card_no, born)
            case Digits(keys) if len(keys) == BIRTH_DATE_DIGITS:
                return self.again(call, said, _ask_birth_date(call), wrong="bad_birth_date")
            case _:
                return self.again(call, said, _ask_birth_date(call))

    def _checked(self, call: Session, people: tuple[Person, ...]) -> Move:
        if people:
            return self._greet(replace(_is(call, people[0]), is_verified=True))
        wrong = call.memo.mismatches + 1
        call = call.remember(phase="card", mismatches=wrong, card_no="")
        if wrong >= self.tries:
            return call, Goto(self.unknown)
        ask = _ask_card(call)
        return call, replace(ask, prompt=phrase(call.language, "not_found") + ask.prompt)

    def _greet(self, call: Session) -> Move:
        name = call.patient.name if call.patient else ""
        return call.remember(phase="greeting"), Play(phrase(call.language, "identified", {"name": name}))


def _is(call: Session, person: Person) -> Session:
    """Their language from now on, unless the caller has just chosen another."""
    has_chosen = call.language != call.facts.language
    return replace(call, patient=person, language=call.language if has_chosen else person.language)


def _ask_whose(call: Session) -> Ask:
    family = (call.candidates or ())[:LARGEST_FAMILY]
    choices = [phrase(call.language, "whose_name", {"name": person.name}) for person in family]
    choices.append(phrase(call.language, "whose_other"))
    return Ask(phrase(call.language, "whose") + numbered(call, choices))


def _ask_card(call: Session) -> Ask:
    return Ask(phrase(call.language, "card"), max_digits=CARD_DIGITS, terminator="#", first_s=8.0, next_s=4.0)


def _ask_birth_date(call: Session) -> Ask:
    return Ask(
        phrase(call.language, "birth_date"), max_digits=BIRTH_DATE_DIGITS, terminator="#", first_s=8.0, next_s=4.0
    )


def _date(keys: str, today: date) -> date | None:
    if len(keys) != BIRTH_DATE_DIGITS or not keys.isdecimal():
        return None
    try:
        born = date(int(keys[:4]), int(keys[4:6]), int(keys[6:]))
    except ValueError:
        return None
    return born if OLDEST <= born <= today else None
