"""Two hundred things patients write, and what each of them starts."""

from pathlib import Path

import pytest

from crm_core.kernel.ids import PatientId
from sms import reading
from sms.conversations.engine import Begin, Command, Leave, Unclear, decide
from sms.conversations.model import Goal, Person, Step, Talk
from sms.keyword import Action, Keyword
from sms.keywords import KEYWORDS
from sms.texts import en, zh_cn

pytestmark = pytest.mark.unit

# One phrase a line: what it starts, a tab, what the patient wrote. Add a line, and it is a test.
LINES = Path(__file__).with_name("sms_phrases.tsv").read_text("utf-8").splitlines()
TABLE = [(phrase, wanted) for wanted, phrase in (line.split("\t") for line in LINES)]


def test_there_are_two_hundred_phrases() -> None:
    assert len(TABLE) >= 200
    assert len({text for text, _ in TABLE}) == len(TABLE)


@pytest.mark.parametrize(("text", "wanted"), TABLE)
def test_a_phrase_starts_what_its_writer_meant(text: str, wanted: str) -> None:
    match decide(text, None):
        case Begin(goal, _):
            assert goal.value == wanted
        case Command(action, _):
            assert action.value == wanted
        case decision:
            assert (decision, wanted) == (Unclear(), "unclear")


def test_what_follows_a_keyword_is_kept() -> None:
    assert decide("預約：婦科 週三上午", None) == Begin(Goal.BOOK, "妇科 周三上午")


@pytest.mark.parametrize("text", ["T", "退订", "STOP", "拒收"])
def test_refusing_works_in_the_middle_of_a_conversation(text: str) -> None:
    talk = Talk(goal=Goal.BOOK, people=(), step=Step.SLOT)
    assert decide(text, talk) == Command(Action.OPT_OUT)


def test_cancelling_in_a_conversation_ends_it_and_cancels_nothing() -> None:
    assert decide("取消", Talk(goal=Goal.BOOK, people=(), step=Step.SLOT)) == Leave()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *((text, 1) for text in ("1", "１", "①", "1.", "1、", "选1", "一", "1谢谢")),
        *((text, 2) for text in ("选择 2", "第2个", "二", "两", "2号", "No.2", "option 2")),
        *((text, None) for text in ("0", "7", "12", "一二", "", "1 2", "-1x", "预约")),
    ],
)
def test_numbers_are_read_however_they_are_typed(text: str, number: int | None) -> None:
    assert reading.choice(reading.plain(text), 6) == number


def test_no_word_belongs_to_two_keywords() -> None:
    words = [word for keyword in KEYWORDS for word in keyword.words]
    assert sorted(words) == sorted(set(words))


def test_words_are_written_as_they_are_compared() -> None:
    assert [word for keyword in KEYWORDS for word in keyword.words if reading.plain(word) != word] == []


@pytest.mark.parametrize("keyword", KEYWORDS, ids=lambda keyword: keyword.action)
def test_every_reply_exists_in_both_languages(keyword: Keyword) -> None:
    assert set(keyword.replies) <= set(zh_cn.TEXTS) & set(en.TEXTS)


def test_the_names_of_people_hide_from_logs() -> None:
    assert "张" not in repr(Person(PatientId(1), "张三丰"))
