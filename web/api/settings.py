"""`/contact-hours` and `/booking-rules`: what the hospital has set, to be read by programs and changed by people."""

from typing import Annotated

from pydantic import BaseModel, Field

from crm_core.consent import service as consent
from crm_core.consent.model import ContactHours, DayName, QuietHours, Week
from crm_core.consent.model import Window as ConsentWindow
from crm_core.kernel.errors import InvalidInputError
from crm_core.scheduling import limits
from crm_core.users.rights import Right
from web.api.endpoint import Ask, Endpoint, Model, NoBody, NoQuery
from web.values import Whole

CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
Hours = Annotated[
    str,
    Field(
        pattern=rf"^{CLOCK}-({CLOCK}|24:00)$",
        description="from until before; 24:00 is midnight at the end of the day",
        examples=["08:00-20:30"],
    ),
]
_Day = Annotated[Hours | None, Field(description="null: nobody is contacted on this day")]


class WeekOfHours(Model):
    """A weekend that is worked for a holiday counts as a Monday; public holidays have hours of their own."""

    mon: _Day
    tue: _Day
    wed: _Day
    thu: _Day
    fri: _Day
    sat: _Day
    sun: _Day
    holiday: _Day

    @classmethod
    def of(cls, week: Week) -> "WeekOfHours":
        """As the API writes it."""
        return cls(**{day.value: str(week[day]) if day in week else None for day in DayName})

    def week(self, purpose: str) -> Week:
        """Raises InvalidInputError for hours that end before they begin."""
        found = {}
        for day in DayName:
            text: str | None = getattr(self, day)
            if text is not None:
                found[day] = _window(text, f"{purpose}.{day}")
        return found


def _window(text: str, field: str) -> ConsentWindow:
    try:
        return ConsentWindow.of(text)
    except ValueError as error:
        raise InvalidInputError(str(error), field=field) from None


class ContactHoursIn(Model):
    """Both weeks as a whole."""

    care: WeekOfHours
    marketing: WeekOfHours


class ContactHoursOut(BaseModel):
    """When machines may call and text; `version` counts the changes, it is the `ETag` too."""

    care: WeekOfHours = Field(description="treatment, appointments and notices")
    marketing: WeekOfHours
    version: int

    @classmethod
    def of(cls, now: ContactHours) -> "ContactHoursOut":
        """As they are."""
        care, marketing = WeekOfHours.of(now.hours.care), WeekOfHours.of(now.hours.marketing)
        return cls(care=care, marketing=marketing, version=now.version)


class BookingRulesIn(Model):
    """From the next booking on."""

    most_a_day: Whole = Field(ge=1, le=limits.MOST)


class BookingRulesOut(BaseModel):
    """How many appointments one patient may have on one day; `version` counts the changes."""

    most_a_day: int
    version: int


async def contact_hours(ask: Ask[NoQuery, NoBody]) -> ContactHoursOut:
    """As they are."""
    return ContactHoursOut.of(await consent.contact_hours(ask.deps.db, ask.actor))


async def set_contact_hours(ask: Ask[NoQuery, ContactHoursIn]) -> ContactHoursOut:
    """For what waits too."""
    weeks = {"care": ask.body.care.week("care"), "marketing": ask.body.marketing.week("marketing")}
    try:
        hours = QuietHours(**weeks)
    except ValueError as error:
        raise InvalidInputError(str(error)) from None
    await consent.set_hours(ask.deps.db, ask.actor, hours, expected_version=ask.expected_version)
    return ContactHoursOut.of(await consent.contact_hours(ask.deps.db, ask.actor))


async def booking_rules(ask: Ask[NoQuery, NoBody]) -> BookingRulesOut:
    """As they are."""
    return BookingRulesOut.model_validate(await limits.rule(ask.deps.db, ask.actor), from_attributes=True)


async def set_booking_rules(ask: Ask[NoQuery, BookingRulesIn]) -> BookingRulesOut:
    """What is booked stays."""
    made = await limits.set_most_a_day(
        ask.deps.db, ask.actor, ask.body.most_a_day, expected_version=ask.expected_version
    )
    return BookingRulesOut.model_validate(made, from_attributes=True)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/contact-hours",
        right=Right.SEE_SCHEDULE,
        handle=contact_hours,
        response=ContactHoursOut,
        summary="When machines may call and text people",
    ),
    Endpoint(
        method="PUT",
        path="/contact-hours",
        right=Right.SET_HOURS,
        handle=set_contact_hours,
        body=ContactHoursIn,
        response=ContactHoursOut,
        is_versioned=True,
        problems=(412,),
        summary="Set them, for what waits too",
    ),
    Endpoint(
        method="GET",
        path="/booking-rules",
        right=Right.SEE_SCHEDULE,
        handle=booking_rules,
        response=BookingRulesOut,
        summary="What one patient may book",
    ),
    Endpoint(
        method="PUT",
        path="/booking-rules",
        right=Right.SET_BOOKING_RULES,
        handle=set_booking_rules,
        body=BookingRulesIn,
        response=BookingRulesOut,
        is_versioned=True,
        problems=(412,),
        summary="Set it, from the next booking on",
    ),
)
