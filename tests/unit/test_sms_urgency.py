"""Who may need an ambulance, and who only says thanks."""

import pytest

from sms import reading, urgency

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text",
    [
        "孩子发烧39度怎么办",
        "体温39.5℃",
        "烧到40度了",
        "我爸胸口痛，喘不上气",
        "她突然昏迷了！",
        "不想活了",
        "要不要打120",
        "My son has a seizure",
        "CHEST PAIN since this morning",
        "I can't breathe",
    ],
)
def test_words_of_an_emergency_are_noticed(text: str) -> None:
    assert urgency.is_urgent(reading.plain(text))


@pytest.mark.parametrize(
    "text", ["预约 内科", "1", "139号", "1390000", "订单12045", "I was stroking the cat", "明天9点可以吗", "39号床"]
)
def test_words_of_every_day_are_none(text: str) -> None:
    assert not urgency.is_urgent(reading.plain(text))


@pytest.mark.parametrize(
    "text",
    ["好的，谢谢护士", "谢谢", "收到！", "嗯嗯", "好的好的", "知道了，谢谢医生", "OK", "Thank you, nurse", "👌好"],
)
def test_thanks_ask_nothing(text: str) -> None:
    assert reading.is_courtesy(reading.plain(text))


@pytest.mark.parametrize(
    "text", ["好的，那周三可以吗", "谢谢，药怎么吃", "可以停药吗", "明白，不过还在疼", "thanks, when?"]
)
def test_a_question_after_thanks_is_a_question(text: str) -> None:
    assert not reading.is_courtesy(reading.plain(text))
