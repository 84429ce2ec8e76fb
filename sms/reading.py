"""What patients type, made comparable: full-width digits, traditional characters, case, punctuation around it."""

import re
import unicodedata

_TRADITIONAL = (
    "預約掛號訂內婦兒產科復確認詢問諮麻煩幫請謝個門診時間點鐘號週禮後來換業務檢體氣養鄧陳劉張楊趙黃吳許馬蔡蘇葉呂"
)
_SIMPLIFIED = (
    "预约挂号订内妇儿产科复确认询问咨麻烦帮请谢个门诊时间点钟号周礼后来换业务检体气养邓陈刘张杨赵黄吴许马蔡苏叶吕"
)
_TO_SIMPLIFIED = str.maketrans(
    _TRADITIONAL + "開關電話發會見歲腸傷膚齒鼻腦腎膽嬰牙醫師員報單藥針還誰誤過這幾結覆聯繫繼續選擇變變退訂收復讀閱",
    _SIMPLIFIED + "开关电话发会见岁肠伤肤齿鼻脑肾胆婴牙医师员报单药针还谁误过这几结复联系继续选择变变退订收复读阅",
)
_NUMERALS = {char: number for number, char in enumerate("零一二三四五六七八九十")} | {"两": 2, "〇": 0}
_CHOICE = re.compile(
    r"(?:我?选择?|第|no\.?|option)?\s*(\d{1,2}|[零〇一二两三四五六七八九十])\s*(?:个|号|项|位|吧|谢谢)?"
)
_FILLERS = re.compile(
    r"^(?:你好|您好|请问|麻烦|我想要|我想|我要|想要|想|要|请|帮我|给我|hi|hello|please|pls)[\s,，.!！:：]*"
)
_YES = frozenset(
    {"1", "一", "是", "是的", "好", "好的", "确认", "确定", "可以", "行", "对", "嗯", "y", "yes", "ok", "sure"}
)
_NO = frozenset({"2", "二", "0", "否", "不", "不是", "不要", "不行", "取消", "重选", "返回", "n", "no", "back"})
_MORE = frozenset({"更多", "下一页", "还有吗", "其他时间", "其他", "more", "next", "m"})
_BACK = frozenset({"0", "返回", "上一步", "重选", "back"})
_COURTESY = re.compile(
    r"(?:(?:非常|太|真是)?(?:感谢|谢谢|多谢|谢了|谢|辛苦|麻烦)|好的|好滴|好嘞|好|行|嗯|哦|收到|知道|明白|了解|没问题|可以|再见|"
    r"ok(?:ay)?|thanks?(?: you)?(?: (?:so|very) much)?|thank you|thx|got it|bye|"
    r"护士|医生|大夫|老师|工作人员|您们|你们|您|你|了|啦|啊|呢|哈|的|nurse|doctor|"
    r"[^\w]+)+"
)
_STOP = frozenset({"取消", "退出", "结束", "算了", "不约了", "exit", "quit", "cancel"})


def plain(text: str) -> str:
    """ "　預約！" and "预约" become the same word."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_TO_SIMPLIFIED)
    return _trimmed(folded)


def without_fillers(text: str) -> str:
    """ "你好，我想预约" -> "预约". Takes plain text."""
    while (shorter := _trimmed(_FILLERS.sub("", text))) != text and shorter:
        text = shorter
    return text


def choice(text: str, count: int) -> int | None:
    """Which of `count` options, from 1; None when it is no such number. Takes plain text."""
    match = _CHOICE.fullmatch(text)
    if match is None:
        return None
    number = _NUMERALS[match[1]] if match[1] in _NUMERALS else int(match[1])
    return number if 1 <= number <= count else None


def is_yes(text: str) -> bool:
    """Takes plain text."""
    return text in _YES


def is_no(text: str) -> bool:
    """Takes plain text."""
    return text in _NO


def wants_more(text: str) -> bool:
    """The next page of a list."""
    return text in _MORE


def wants_back(text: str) -> bool:
    """One step back."""
    return text in _BACK


def wants_to_stop(text: str) -> bool:
    """Leave the conversation, change nothing."""
    return text in _STOP


def is_courtesy(text: str) -> bool:
    """ "好的，谢谢护士": nothing is asked. Takes plain text."""
    return _COURTESY.fullmatch(text) is not None


def looks_english(text: str) -> bool:
    """Letters and no Chinese: which language a stranger is answered in."""
    return re.search(r"[a-zA-Z]{2}", text) is not None and re.search(r"[㐀-鿿]", text) is None


def _trimmed(text: str) -> str:
    """Without punctuation, symbols and space around it."""
    start, end = 0, len(text)
    while start < end and not _counts(text[start]):
        start += 1
    while end > start and not _counts(text[end - 1]):
        end -= 1
    return text[start:end]


def _counts(char: str) -> bool:
    return unicodedata.category(char)[0] in "LN"
