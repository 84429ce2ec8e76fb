"""The one question, decided from values only, and what STOP and START mean."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from crm_core.consent.model import (
    CHILD_UNTIL,
    Choice,
    ContactChannel,
    DayName,
    GivenBy,
    Permission,
    Purpose,
    QuietHours,
    Rule,
    Week,
    Word,
)
from crm_core.kernel import calendar

DISTURBING = frozenset({ContactChannel.SMS, ContactChannel.CALL})  # mail and letters wake nobody
LONGEST_WAIT_DAYS = 60  # open on Wednesdays only, and the holidays of October lie over two of them


def permission(
    purpose: Purpose,
    channel: ContactChannel,
    *,
    now: datetime,
    zone: tzinfo,
    hours: QuietHours,
    words: Sequence[Word],
    is_reply: bool,
    is_never_dial: bool,
    is_child: bool = False,
) -> Permission:
    """The first rule that forbids answers. `words` are what was last said about this purpose and channel: of the
    address, of the person, or of both. A child is somebody under 14: who cares for them decides on offers.

    An answer in a conversation that the person began is always allowed: they asked, now.
    """
    if is_reply:
        return Permission(True, Rule.REPLY)
    if is_never_dial:
        return Permission(False, Rule.NEVER_DIAL)
    forbidding = _forbidding(purpose, words, is_child=is_child)
    if forbidding:
        return Permission(False, forbidding)
    opening = next_opening(hours.week(purpose), now, zone) if channel in DISTURBING else now
    if opening > now:
        return Permission(False, Rule.QUIET_HOURS, opening)
    return Permission(True, Rule.ALLOWED)


def _forbidding(purpose: Purpose, words: Sequence[Word], *, is_child: bool) -> Rule | None:
    if any(word.choice is Choice.OPT_OUT for word in words):
        return Rule.OPTED_OUT
    if purpose is not Purpose.MARKETING:
        return None
    if not words:
        return Rule.NO_CONSENT
    is_theirs = all(word.given_by is GivenBy.PERSON for word in words)
    return Rule.NO_GUARDIAN if is_child and is_theirs else None


def is_child(born: date | None, today: date) -> bool:
    """Younger than a law lets somebody consent for themselves; of whom no birthday is known, nobody says so."""
    if born is None:
        return False
    had_birthday = (today.month, today.day) >= (born.month, born.day)
    return today.year - born.year - (not had_birthday) < CHILD_UNTIL


def wants(purpose: Purpose, newest: Choice | None) -> bool:
    """Whether somebody who last said this may be contacted for the purpose, the hour and the number aside."""
    return newest is Choice.OPT_IN if purpose is Purpose.MARKETING else newest is not Choice.OPT_OUT


def day_name(day: date) -> DayName:
    """Which row of the hours holds on this day, by the State Council's calendar."""
    kind = calendar.day_kind(day)
    if kind.holiday:
        return DayName.HOLIDAY
    is_exchanged = kind.is_working and day.weekday() >= calendar.SATURDAY
    return DayName.MONDAY if is_exchanged else tuple(DayName)[day.weekday()]


def is_open(week: Week, at: datetime, zone: tzinfo) -> bool:
    """Whether people may be disturbed at this instant."""
    local = at.astimezone(zone)
    window = week.get(day_name(local.date()))
    return window is not None and window.opens_min <= local.hour * 60 + local.minute < window.closes_min


def next_opening(week: Week, now: datetime, zone: tzinfo) -> datetime:
    """`now` when the window is open, else the instant when it opens next, in UTC."""
    if is_open(week, now, zone):
        return now
    today = now.astimezone(zone).date()
    for days in range(LONGEST_WAIT_DAYS):
        opening = _opening(week, today + timedelta(days=days), zone)
        if opening and opening > now and is_open(week, opening, zone):
            return opening
    raise ValueError("the window never opens in this zone")


def _opening(week: Week, day: date, zone: tzinfo) -> datetime | None:
    window = week.get(day_name(day))
    if window is None:
        return None
    return datetime.combine(day, time(*divmod(window.opens_min, 60)), zone).astimezone(UTC)


def changed_days(before: Week, now: Week) -> list[str]:
    """What the audit says of a change: `mon 08:00-20:30`, or `sun -` for a day on which nobody is contacted."""
    return [f"{day} {now.get(day, '-')}" for day in DayName if before.get(day) != now.get(day)]


def refused_by_stop(channel: ContactChannel, *, everything: bool) -> tuple[tuple[Purpose, ContactChannel], ...]:
    """What somebody refuses who says STOP by this channel.

    Offers by every channel: who does not want them here does not want them elsewhere. Notices by this channel.
    Reminders of their own appointments go on, unless they said everything: nobody loses care by refusing advertising.
    """
    refused = [(Purpose.MARKETING, every) for every in ContactChannel]
    refused.append((Purpose.NOTICE, channel))
    if everything:
        refused.append((Purpose.CARE, channel))
    return tuple(refused)


def resumed_by_start(channel: ContactChannel, *, wanted_marketing: bool) -> tuple[tuple[Purpose, ContactChannel], ...]:
    """What somebody wants again who says START by this channel: care and notices here.

    Offers only when they had asked for them once; START alone is no consent to advertising.
    """
    resumed = [(Purpose.CARE, channel), (Purpose.NOTICE, channel)]
    if wanted_marketing:
        resumed.append((Purpose.MARKETING, channel))
    return tuple(resumed)
