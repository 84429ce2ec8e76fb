"""The one question, decided from values only, and what STOP and START mean."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from crm_core.consent.model import Choice, ContactChannel, Permission, Purpose, QuietHours, Rule, Window

DISTURBING = frozenset({ContactChannel.SMS, ContactChannel.CALL})  # mail and letters wake nobody
LONGEST_WAIT_DAYS = 4  # a zone may skip a day when it moves over the date line


def permission(
    purpose: Purpose,
    channel: ContactChannel,
    *,
    now: datetime,
    zone: tzinfo,
    hours: QuietHours,
    newest: Choice | None,
    is_reply: bool,
    is_never_dial: bool,
) -> Permission:
    """The first rule that forbids answers. `newest` is what was last said about this purpose and channel.

    An answer in a conversation that the person began is always allowed: they asked, now.
    """
    if is_reply:
        return Permission(True, Rule.REPLY)
    if is_never_dial:
        return Permission(False, Rule.NEVER_DIAL)
    if newest is Choice.OPT_OUT:
        return Permission(False, Rule.OPTED_OUT)
    if purpose is Purpose.MARKETING and newest is not Choice.OPT_IN:
        return Permission(False, Rule.NO_CONSENT)
    opening = next_opening(hours.window(purpose), now, zone) if channel in DISTURBING else now
    if opening > now:
        return Permission(False, Rule.QUIET_HOURS, opening)
    return Permission(True, Rule.ALLOWED)


def wants(purpose: Purpose, newest: Choice | None) -> bool:
    """Whether somebody who last said this may be contacted for the purpose, the hour and the number aside."""
    return newest is Choice.OPT_IN if purpose is Purpose.MARKETING else newest is not Choice.OPT_OUT


def is_open(window: Window, at: datetime, zone: tzinfo) -> bool:
    """Whether people may be disturbed at this instant."""
    return window.opens <= at.astimezone(zone).time() < window.closes


def next_opening(window: Window, now: datetime, zone: tzinfo) -> datetime:
    """`now` when the window is open, else the instant when it opens next, in UTC."""
    if is_open(window, now, zone):
        return now
    today = now.astimezone(zone).date()
    for days in range(LONGEST_WAIT_DAYS):
        opening = _instant(today + timedelta(days=days), window.opens, zone)
        if opening > now and is_open(window, opening, zone):
            return opening
    raise ValueError("the window never opens in this zone")


def _instant(day: date, opens: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, opens, zone).astimezone(UTC)


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
