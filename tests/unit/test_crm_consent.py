"""Nobody is disturbed at night, advertised to without asking, or contacted after saying no."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.consent import rules
from crm_core.consent.model import Choice, ContactChannel, Permission, Purpose, QuietHours, Rule, Window

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
        newest=newest,
        is_reply=is_reply,
        is_never_dial=is_never_dial,
    )


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
    opens=st.integers(0, 22),
)
def test_nothing_leaves_outside_the_window_and_what_waits_leaves_in_it(
    now: datetime, zone: ZoneInfo, purpose: Purpose, channel: ContactChannel, newest: Choice | None, opens: int
) -> None:
    window = Window(time(opens), time(opens + 1, 30)) if opens < 22 else Window(time(22), time(23, 59))
    hours = QuietHours(care=window)
    answer = ask(now, purpose, channel, newest=newest, zone=zone, hours=hours)
    if answer.allowed:
        used = hours.window(purpose)
        assert used.opens <= now.astimezone(zone).time() < used.closes
        assert answer.not_before is None
    if answer.not_before is not None:
        assert answer.rule == Rule.QUIET_HOURS
        assert now < answer.not_before < now + timedelta(days=2, hours=2)
        assert ask(answer.not_before, purpose, channel, newest=newest, zone=zone, hours=hours).allowed


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


def test_a_window_that_never_opens_is_refused() -> None:
    with pytest.raises(ValueError, match="opens before it closes"):
        Window(time(20), time(8))
