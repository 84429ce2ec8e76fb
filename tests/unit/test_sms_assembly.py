"""Long messages from their parts, in any order."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.kernel.ids import SmsId
from sms.assembly import MISSING, WINDOW, Part, assemble, give_up
from sms.segments import split

pytestmark = pytest.mark.unit

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEXT = "预约" * 200 + "😀𠮷" + "明天" * 49


def parts_of(text: str, *, at: datetime = NOON, first_id: int = 1, sms_id: int | None = None) -> list[Part]:
    return [
        Part(
            id=first_id + segment.number - 1,
            number=segment.number,
            total=segment.total,
            alphabet=segment.alphabet,
            payload=segment.payload,
            received_at=at,
            sms_id=SmsId(sms_id) if sms_id else None,
        )
        for segment in split(text)
    ]


@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 7), max_size=5))
def test_five_hundred_characters_arrive_whole_in_any_order_with_duplicates(
    rng: random.Random, repeated: list[int]
) -> None:
    parts = parts_of(TEXT)
    parts += [replace(parts[which], id=100 + n) for n, which in enumerate(repeated)]
    times = list(range(len(parts)))
    rng.shuffle(times)
    parts = [
        replace(part, received_at=NOON + timedelta(seconds=second)) for part, second in zip(parts, times, strict=True)
    ]
    (whole,) = assemble(parts)
    assert whole.text == TEXT
    assert sorted(whole.part_ids) == sorted(part.id for part in parts)


def test_a_message_waits_for_its_last_part() -> None:
    assert assemble(parts_of(TEXT)[:-1]) == []


def test_a_reference_used_again_after_hours_is_another_message() -> None:
    old = parts_of("旧" * 100)[:1]
    new = parts_of("新" * 100, at=NOON + WINDOW + timedelta(minutes=1), first_id=10)
    (whole,) = assemble(old + new)
    assert (whole.text, whole.part_ids) == ("新" * 100, (10, 11))


def test_a_reference_used_again_at_once_does_not_mix_two_messages() -> None:
    first, second = parts_of("甲" * 100), parts_of("乙" * 100, first_id=10)
    texts = {whole.text for whole in assemble([first[0], second[0], *first[1:], *second[1:]])}
    assert texts <= {"甲" * 67 + "乙" * 33, "乙" * 67 + "甲" * 33, "甲" * 100, "乙" * 100}
    assert len(texts) == 2


def test_a_part_that_comes_again_after_its_message_belongs_to_it() -> None:
    known = parts_of("预" * 100, sms_id=7)
    late = replace(parts_of("预" * 100, at=NOON + timedelta(minutes=5))[1], id=50)
    (attached,) = assemble([*known, late])
    assert (attached.sms_id, attached.part_ids) == (7, (50,))


def test_an_emoji_cut_in_two_by_a_careless_phone_is_mended() -> None:
    data = "约😀约".encode("utf-16-be")
    cut = [replace(part, payload=body) for part, body in zip(parts_of("约" * 71), (data[:4], data[4:]), strict=True)]
    assert assemble(cut)[0].text == "约😀约"


def test_what_never_comes_is_shown_as_missing() -> None:
    parts = parts_of("早" * 67 + "中" * 67 + "晚" * 10)
    assert give_up([parts[0], parts[2]], before=NOON) == []
    (partial,) = give_up([parts[0], parts[2]], before=NOON + timedelta(hours=6))
    assert partial.text == "早" * 67 + MISSING + "晚" * 10


def test_a_part_that_comes_after_all_hope_is_not_lost() -> None:
    parts = parts_of("早" * 67 + "中" * 67 + "晚" * 10)
    given_up = [replace(part, sms_id=SmsId(9)) for part in (parts[0], parts[2])]
    late = replace(parts[1], received_at=NOON + timedelta(minutes=30))
    assert assemble([*given_up, late]) == []
    (partial,) = give_up([*given_up, late], before=NOON + timedelta(hours=6))
    assert partial.text == MISSING + "中" * 67 + MISSING
