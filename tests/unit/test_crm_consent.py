"""Nobody is disturbed at night, advertised to without asking, or contacted after saying no."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.consent import rules
from crm_core.consent.model import (
    DAY_MIN,
    WEEKDAYS,
    Choice,
    ContactChannel,
    DayName,
    GivenBy,
    Permission,
    Purpose,
    QuietHours,
    Rule,
    Week,
    Window,
    Word,
    every_day,
)

pytestmark = pytest.mark.unit

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = [
    ZoneInfo(name) for name in ("Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin", "America/St_Johns", "Pacific/Apia")
]
HOURS = QuietHours()


def ask(
    now: datetime,
    purpose: Purpose = Purpose.CARE,
    channel: ContactChannel = ContactChannel.SMS,
    *,
    newest: Choice | None = None,
    words: Sequence[Word] = (),
    is_child: bool = False,
    is_reply: bool = False,
    is_never_dial: bool = False,
    zone: ZoneInfo = SHANGHAI,
    hours: QuietHours = HOURS,
) -> Permission:
    return rules.permission(
        purpose,
        channel,
        now=now,
        zone=zone,
        hours=hours,
        words=[Word(newest)] if newest else words,
        is_child=is_child,
        is_reply=is_reply,
        is_never_dial=is_never_dial,
    )


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    days = draw(st.sets(st.sampled_from(DayName))) | {draw(st.sampled_from(WEEKDAYS))}
    opens = st.integers(0, DAY_MIN - 90)
    return {day: Window(start, draw(st.integers(start + 90, DAY_MIN))) for day in days for start in (draw(opens),)}


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 2, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "purpose", "not_before"),
    [
        (at(7, 59), Purpose.CARE, at(8)),
        (at(8), Purpose.CARE, None),
        (at(20, 29), Purpose.NOTICE, None),
        (at(20, 30), Purpose.CARE, at(8) + timedelta(days=1)),
        (at(8, 59), Purpose.MARKETING, at(9)),
        (at(18, 59), Purpose.MARKETING, None),
        (at(19), Purpose.MARKETING, at(9) + timedelta(days=1)),
        (at(0), Purpose.CARE, at(8)),
    ],
)
def test_the_hours_in_which_people_are_left_in_peace(
    now: datetime, purpose: Purpose, not_before: datetime | None
) -> None:
    answer = ask(now, purpose, newest=Choice.OPT_IN)
    assert answer.allowed is (not_before is None)
    assert answer.not_before == not_before
    assert answer.rule == (Rule.ALLOWED if not_before is None else Rule.QUIET_HOURS)


@pytest.mark.parametrize("newest", [None, Choice.OPT_IN, Choice.OPT_OUT])
def test_marketing_needs_a_yes_and_care_only_the_absence_of_a_no(newest: Choice | None) -> None:
    marketing, care = ask(at(12), Purpose.MARKETING, newest=newest), ask(at(12), Purpose.CARE, newest=newest)
    refused = newest is Choice.OPT_OUT
    assert marketing.allowed is (newest is Choice.OPT_IN)
    assert marketing.rule == (Rule.ALLOWED if marketing.allowed else Rule.OPTED_OUT if refused else Rule.NO_CONSENT)
    assert (care.allowed, care.rule) == ((False, Rule.OPTED_OUT) if refused else (True, Rule.ALLOWED))


def test_a_number_nobody_dials_is_stronger_than_a_yes() -> None:
    answer = ask(at(12), newest=Choice.OPT_IN, is_never_dial=True)
    assert (answer.allowed, answer.rule, answer.not_before) == (False, Rule.NEVER_DIAL, None)


def test_an_answer_to_somebody_who_asks_at_night_is_allowed() -> None:
    answer = ask(at(3), newest=Choice.OPT_OUT, is_reply=True)
    assert (answer.allowed, answer.rule) == (True, Rule.REPLY)


def test_letters_and_mail_wake_nobody() -> None:
    assert ask(at(3), channel=ContactChannel.LETTER).allowed
    assert ask(at(3), channel=ContactChannel.EMAIL).allowed
    assert not ask(at(3), channel=ContactChannel.CALL).allowed


@given(
    now=st.floats(1_322_000_000, 2_208_000_000).map(lambda stamp: datetime.fromtimestamp(stamp, UTC)),  # 2011 to 2039
    zone=st.sampled_from(ZONES),
    purpose=st.sampled_from(Purpose),
    channel=st.sampled_from([ContactChannel.SMS, ContactChannel.CALL]),
    newest=st.sampled_from([None, *Choice]),
    care=weeks(),
)
def test_nothing_leaves_outside_the_window_and_what_waits_leaves_in_it(
    now: datetime, zone: ZoneInfo, purpose: Purpose, channel: ContactChannel, newest: Choice | None, care: Week
) -> None:
    hours = QuietHours(care=care)
    answer = ask(now, purpose, channel, newest=newest, zone=zone, hours=hours)
    if answer.allowed:
        local = now.astimezone(zone)
        used = hours.week(purpose)[rules.day_name(local.date())]
        assert used.opens_min <= local.hour * 60 + local.minute < used.closes_min
        assert answer.not_before is None
    if answer.not_before is not None:
        assert answer.rule == Rule.QUIET_HOURS
        assert now < answer.not_before
        assert ask(answer.not_before, purpose, channel, newest=newest, zone=zone, hours=hours).allowed


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 3, 2), DayName.MONDAY),
        (date(2026, 3, 8), DayName.SUNDAY),
        (date(2026, 10, 1), DayName.HOLIDAY),
        (date(2026, 10, 4), DayName.HOLIDAY),  # a Sunday in the holidays
        (date(2026, 10, 10), DayName.MONDAY),  # a Saturday that is worked for them
        (date(2031, 10, 1), DayName.HOLIDAY),  # a year that nobody has published yet
    ],
)
def test_a_day_is_what_the_calendar_of_the_state_council_says(day: date, name: DayName) -> None:
    assert rules.day_name(day) is name


def test_until_midnight_means_until_midnight_and_a_day_without_hours_is_left_in_peace() -> None:
    care = {DayName.THURSDAY: Window.of("08:00-24:00"), DayName.FRIDAY: Window.of("00:00-24:00")}
    hours = QuietHours(care=care)
    thursday = datetime(2026, 9, 24, 23, 59, 59, tzinfo=SHANGHAI)
    assert ask(thursday, hours=hours).allowed
    holiday = thursday + timedelta(seconds=1)  # Mid-Autumn, a Friday; the next Thursday is National Day
    assert ask(holiday, hours=hours).not_before == datetime(2026, 10, 8, 8, tzinfo=SHANGHAI)
    assert str(care[DayName.THURSDAY]) == "08:00-24:00"


def test_an_audit_row_names_the_days_that_changed() -> None:
    before = every_day("08:00-20:30")
    now = {**before, DayName.SATURDAY: Window.of("09:00-24:00")}
    now.pop(DayName.SUNDAY)
    assert rules.changed_days(before, now) == ["sat 09:00-24:00", "sun -"]


def test_stop_ends_offers_everywhere_notices_here_and_leaves_care() -> None:
    refused = rules.refused_by_stop(ContactChannel.SMS, everything=False)
    assert {channel for purpose, channel in refused if purpose is Purpose.MARKETING} == set(ContactChannel)
    assert [(p, c) for p, c in refused if p is not Purpose.MARKETING] == [(Purpose.NOTICE, ContactChannel.SMS)]
    assert (Purpose.CARE, ContactChannel.SMS) in rules.refused_by_stop(ContactChannel.SMS, everything=True)


def test_start_brings_offers_back_only_to_who_had_asked_for_them() -> None:
    assert (Purpose.MARKETING, ContactChannel.SMS) not in rules.resumed_by_start(
        ContactChannel.SMS, wanted_marketing=False
    )
    assert (Purpose.MARKETING, ContactChannel.SMS) in rules.resumed_by_start(ContactChannel.SMS, wanted_marketing=True)


@pytest.mark.parametrize(
    "text", ["20:00-08:00", "08:00-08:00", "08:00-24:01", "8-20", "08:60-09:00", "", "-1:00-02:00"]
)
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hours|window"):
        Window.of(text)


def test_a_week_in_which_nothing_ever_leaves_is_refused() -> None:
    with pytest.raises(ValueError, match="one day from Monday to Friday"):
        QuietHours(care={DayName.SUNDAY: Window.of("08:00-20:00")})


def test_what_a_person_said_of_themselves_counts_beside_what_was_said_of_the_number() -> None:
    yes, no = Word(Choice.OPT_IN), Word(Choice.OPT_OUT)
    offers = Purpose.MARKETING
    asked = [ask(at(10), offers, words=said).rule for said in ([yes], [yes, yes], [yes, no], [no, yes], [])]
    assert asked == [Rule.ALLOWED, Rule.ALLOWED, Rule.OPTED_OUT, Rule.OPTED_OUT, Rule.NO_CONSENT]
    assert ask(at(10), Purpose.CARE, words=[no]).rule == Rule.OPTED_OUT


def test_a_child_gets_offers_only_when_a_guardian_said_so_and_care_always() -> None:
    child, guardian = Word(Choice.OPT_IN), Word(Choice.OPT_IN, GivenBy.GUARDIAN)
    offers = Purpose.MARKETING
    assert ask(at(10), offers, words=[child], is_child=True).rule == Rule.NO_GUARDIAN
    assert ask(at(10), offers, words=[child, guardian], is_child=True).rule == Rule.ALLOWED
    assert ask(at(10), Purpose.CARE, is_child=True).rule == Rule.ALLOWED


@pytest.mark.parametrize(
    ("born", "child"), [(date(2012, 3, 3), True), (date(2012, 3, 2), False), (date(2026, 3, 1), True), (None, False)]
)
def test_somebody_is_a_child_until_the_day_they_are_fourteen(born: date | None, child: bool) -> None:
    assert rules.is_child(born, date(2026, 3, 2)) is child
