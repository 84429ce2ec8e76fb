"""Rules of the screens: the wallboard's sums, where a list goes on."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.kernel import cursor
from crm_core.kernel.cursor import Cursor
from crm_core.kernel.errors import InvalidInputError
from ivr import service
from overview import board, pop_why
from overview.board_store import HourCounts

pytestmark = pytest.mark.unit


def hour(at: int, incoming: int, missed: int, **waits: float) -> HourCounts:
    return HourCounts(
        hour=at,
        incoming=incoming,
        outgoing=1,
        missed=missed,
        waited=int(waits.get("waited", 0)),
        within=int(waits.get("within", 0)),
        waited_s=waits.get("waited_s", 0),
        longest_s=waits.get("longest_s", 0),
    )


def test_the_days_mean_wait_counts_every_patient_once() -> None:
    total = board.totals([hour(8, 10, 1, waited=9, waited_s=90), hour(9, 1, 0, waited=1, waited_s=110)])
    assert (total.incoming, total.outgoing, total.missed, total.mean_wait_s) == (11, 2, 1, 20)


def test_the_service_level_is_of_all_who_waited_for_a_person() -> None:
    total = board.totals([hour(8, 9, 1, waited=3, within=2, longest_s=70), hour(9, 1, 0, waited=1, within=1)])
    assert (total.service_level, total.abandoned, total.longest_s) == (60, 20, 70)
    nobody = board.totals([hour(8, 5, 0)])  # all of them were helped by the menu
    assert (nobody.service_level, nobody.abandoned, nobody.mean_wait_s) == (None, None, None)


def test_bars_show_opening_hours_always_and_other_hours_when_somebody_called() -> None:
    bars = board.bars([hour(3, 2, 1), hour(8, 8, 2), hour(23, 0, 0)])
    assert [bar.hour for bar in bars] == [3, *range(7, 22)]
    assert (bars[0].height, bars[0].missed_height, bars[2].height, bars[1].height) == (25, 12.5, 100, 0)
    assert {bar.height for bar in board.bars([])} == {0}


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_comes_back_as_it_left(at: datetime, id_: UUID) -> None:
    back = cursor.parse(str(Cursor(at, str(id_))))
    assert back is not None
    assert (back.at, back.uuid) == (at, id_)
    assert len(str(back)) <= 100  # what the API takes


@pytest.mark.parametrize("text", ["x", "%%%", "MTIz", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk6MQ", "é", "a" * 99])
def test_what_is_no_cursor_of_this_list_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        _ = number_of(text)


def number_of(text: str) -> int:
    found = cursor.parse(text)
    assert found is not None
    return found.number


def test_no_cursor_is_the_first_page() -> None:
    assert cursor.parse("") is None


def test_a_wrap_up_is_marked_in_the_last_third_of_its_limit() -> None:
    assert [board.wrap_up_long_s(limit) for limit in (180, 60, 0)] == [120, 40, board.WRAP_UP_LONG_S]


def test_what_a_caller_pressed_is_said_in_the_menus_own_words() -> None:
    nodes = service.shipped("hotline").nodes
    written = json.loads((Path(service.__file__).parent / "flows" / "hotline.json").read_text("utf-8"))["nodes"]
    assert set(written) == set(nodes)
    (zero,) = pop_why.pressed(written, ("recognise", "greet", "hours", "main", "person", "operators"))
    assert (zero.key, zero.said) == ("0", {"zh_CN": "人工服务请按零", "en": "For a person, press zero"})
    assert [one.key for one in pop_why.pressed(written, ("main", "who_asks"))] == ["2"]
    assert pop_why.pressed(written, ("greet", "hours", "gone", "main")) == []
