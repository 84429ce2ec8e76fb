"""A telephone with whose it is, in one line as people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.kernel.ids import Msisdn
from crm_core.kernel.msisdn import InvalidMsisdnError
from crm_core.patients import numbers
from crm_core.patients.model import Phone
from crm_core.patients.words import OWNERS, PHONE_KINDS

pytestmark = pytest.mark.unit

ZHANG = Msisdn("+8613800138000")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("138 0013 8000", Phone(ZHANG, "138 0013 8000")),
        ("13800138000 妈妈", Phone(ZHANG, "13800138000", "mother")),
        ("13800138000（母亲）", Phone(ZHANG, "13800138000", "mother")),
        ("１３８００１３８０００ 单位 爱人 晚上打", Phone(ZHANG, "１３８００１３８０００", "spouse", "work", "晚上打")),
        ("+8613800138000 father home after 6 pm", Phone(ZHANG, "+8613800138000", "father", "home", "after 6 pm")),
        ("13800138000 保姆张姐", Phone(ZHANG, "13800138000", note="保姆张姐")),
        ("母亲 13800138000", Phone(ZHANG, "13800138000", "mother")),
        ("13800138000母亲", Phone(ZHANG, "13800138000", "mother")),
        ("13800138000 2号楼", Phone(ZHANG, "13800138000", note="2号楼")),
        ("(010) 6552 9988 家", Phone(Msisdn("+861065529988"), "(010) 6552 9988", kind="home")),
    ],
)
def test_a_line_says_whose_a_number_is(line: str, expected: Phone) -> None:
    assert numbers.read(line) == expected


@pytest.mark.parametrize("line", ["", "母亲", "12", "2号楼 母亲"])
def test_a_line_without_a_number_is_refused_with_its_field(line: str) -> None:
    with pytest.raises(InvalidMsisdnError) as caught:
        numbers.read(line)
    assert caught.value.field == "phones"


@given(
    owner=st.sampled_from(["", *OWNERS]),
    kind=st.sampled_from(["", *PHONE_KINDS]),
    note=st.sampled_from(["", "晚上打", "ask for Li", "6点后"]),
    chinese=st.booleans(),
)
def test_what_is_written_is_read_back(owner: str, kind: str, note: str, chinese: bool) -> None:
    phone = Phone(ZHANG, ZHANG, owner, kind, note)
    assert numbers.read(numbers.written(phone, chinese=chinese)) == phone


def test_a_number_without_a_word_stays_whose_it_was_unless_the_whole_is_said() -> None:
    known, bare = Phone(ZHANG, "138 0013 8000", "mother", "home"), Phone(ZHANG, ZHANG)
    assert numbers.kept([known], [bare], is_whole=False) == (known,)
    assert numbers.kept([known], [bare], is_whole=True) == (Phone(ZHANG, "138 0013 8000"),)
    assert numbers.kept([known], [Phone(ZHANG, ZHANG, "father")], is_whole=False) == (
        Phone(ZHANG, "138 0013 8000", "father"),
    )
    assert numbers.kept([], [bare], is_whole=False) == (bare,)
