"""What is said in calls: conversations from conversations.json, and what the menu says. Pure but for that file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path
from random import Random

FILE = Path(__file__).with_name("conversations.json")
PATIENT, AGENT, COLLEAGUE, MACHINE = "patient", "agent", "colleague", "machine"
WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Line:
    """Who says what."""

    side: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """`asked` and `answer` when it is a consultation; {names} in the lines are filled by `spoken`."""

    about: str
    language: str
    disposition: str
    notes: str = ""
    asked: str = ""
    answer: str = ""
    lines: tuple[Line, ...]

    def spoken(self, facts: Mapping[str, str]) -> tuple[Line, ...]:
        """With everything filled in."""
        return tuple(Line(line.side, line.text.format_map(facts)) for line in self.lines)


@cache
def conversations() -> tuple[Conversation, ...]:
    """All there are."""
    rows = json.loads(FILE.read_text("utf-8"))
    return tuple(Conversation(**row | {"lines": tuple(Line(*line) for line in row["lines"])}) for row in rows)


def one_about(about: str, language: str, rng: Random) -> Conversation:
    """Any in that language, else in Chinese."""
    return rng.choice(_about(about, language))


def next_about(about: str, language: str, number: int) -> Conversation:
    """In turn, so that the same is not asked again soon."""
    found = _about(about, language)
    return found[number % len(found)]


def _about(about: str, language: str) -> list[Conversation]:
    found = [one for one in conversations() if one.about == about]
    return [one for one in found if one.language == language] or found


def when(at: datetime, language: str, zone: tzinfo) -> str:
    """As an agent says it: 12月3日上午9点20分, Thursday at 9 20."""
    local = at.astimezone(zone)
    minutes = local.minute
    if language == "en":
        return f"{WEEKDAYS_EN[local.weekday()]} at {(local.hour - 1) % 12 + 1}" + (f" {minutes}" if minutes else "")
    half = "上午" if local.hour < 12 else "下午"
    clock = f"{(local.hour - 1) % 12 + 1}点" + (f"{minutes}分" if minutes else "")
    return f"{local.month}月{local.day}日{half}{clock}"


RECORDED = {
    "zh_CN": "您好，为了保证服务质量，本次通话将被录音。",
    "en": "Hello. This call is recorded so that we can serve you well.",
}
WELCOME = {"zh_CN": "您好，欢迎致电。", "en": "Welcome to the hospital."}
MENU = {
    "zh_CN": "预约挂号请按一，查询或更改预约请按二，医院信息请按三，人工服务请按零。",
    "en": "To book an appointment, press one. For your appointments, press two. For a person, press zero.",
}
CONNECTING = {"zh_CN": "正在为您转接，请稍候。", "en": "Please hold, we are connecting you."}
BUSY = {
    "zh_CN": "坐席正忙，请您继续等候，我们会尽快为您服务。",
    "en": "All our colleagues are busy. Please stay on the line.",
}
BOOKED = {
    "zh_CN": (
        "{department}，请按一。",
        "{practitioner}医生，{when}，请按一。",
        "预约成功。{when}，{practitioner}医生。",
    ),
    "en": ("{department}, press one.", "Doctor {practitioner}, {when}, press one.", "You are booked for {when}."),
}
OWN = {
    "zh_CN": "{when}，{practitioner}医生。确认这个预约，请按一。取消，请按二。更改时间，请按三。",
    "en": "{when}, Doctor {practitioner}. To confirm this appointment, press one. To cancel it, press two.",
}
DONE = {
    "confirm": {"zh_CN": "已经确认，请准时就诊。", "en": "It is confirmed. Please come on time."},
    "cancel": {"zh_CN": "预约已经取消。", "en": "Your appointment is cancelled."},
}
ABOUT_US = {
    "zh_CN": "门诊时间：工作日上午八点到十二点，下午一点半到五点半。急诊二十四小时开放。",
    "en": "We are open on working days from eight to twelve and from one thirty to five thirty.",
}
GOODBYE = {"zh_CN": "感谢您的来电，再见。", "en": "Thank you for calling. Goodbye."}
REMIND = {
    "zh_CN": (
        "您好，这里是医院预约中心。{who}，您的预约时间是{when}。",
        "确认按时到达，请按一。取消，请按二。更改时间，请按三。",
    ),
    "en": ("Hello. This is the hospital. {who}, you have an appointment on {when}.", "To confirm, press one."),
}
PICKED_UP = {"zh_CN": "喂，你好。", "en": "Hello?"}
MAILBOX = "您好，您拨打的用户暂时无法接听您的电话，请稍后再拨。"
NOBODY_THERE = "现在没有值班人员。留言，请按一。要我们上班后给您回电，请按二。"
LEFT_WORD = (
    "喂，你好，我是李阿姨的女儿。我妈妈在你们骨科做的手术，今天晚上腿有点肿，"
    "想问问要不要紧，明天麻烦给我回个电话，谢谢。"
)


def machine(*texts: str) -> Sequence[Line]:
    """Said by the menu."""
    return [Line(MACHINE, text) for text in texts]
