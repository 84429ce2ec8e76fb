"""Mandarin as an operator would say it."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

DIGITS = "零一二三四五六七八九"
WEEKDAYS = "一二三四五六日"
KEYS = MappingProxyType({"*": "星号键", "#": "井号键"})


def number(value: int) -> str:
    """0..99 as spoken: 12 is 十二, 20 is 二十."""
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{DIGITS[tens]}十"
    return head + (DIGITS[ones] if ones or not tens else "")


def count(value: int) -> str:
    """How many of something: two is 两."""
    return "两" if value == 2 else number(value)


def key(pressed: str) -> str:
    """A key of the telephone."""
    return KEYS.get(pressed) or DIGITS[int(pressed)]


def day(when: date, today: date) -> str:
    """十一月二十二日星期日, with 今天, 明天 or 后天 before it when it is that near; the year when it is another."""
    near = {0: "今天，", 1: "明天，", 2: "后天，"}.get((when - today).days, "")
    year = "" if when.year == today.year else "".join(DIGITS[int(char)] for char in str(when.year)) + "年"
    return f"{near}{year}{number(when.month)}月{number(when.day)}日星期{WEEKDAYS[when.weekday()]}"


def clock(when: datetime) -> str:
    """上午九点半; a quarter is 一刻, five past is 零五分."""
    return f"{_part_of_day(when.hour)}{count((when.hour - 1) % 12 + 1)}点{_minutes(when.minute)}"


def _part_of_day(hour: int) -> str:
    parts = ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"))
    return next((name for until, name in parts if hour < until), "晚上")


def _minutes(minute: int) -> str:
    named = {0: "", 15: "一刻", 30: "半"}
    if minute in named:
        return named[minute]
    return f"零{number(minute)}分" if minute < 10 else f"{number(minute)}分"


TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "no_input_1": "没有听到您的按键。",
        "no_input_2": "还是没有听到按键，您也可以等待人工服务。",
        "no_match_1": "对不起，您的按键无效。",
        "no_match_2": "按键仍然无效，您也可以等待人工服务。",
        "apology": "对不起，系统暂时不可用，正在为您转接人工服务，请稍候。",
        "press": "请按{key}。",
        "more": "其他选择，请按九。",
        "list_tail": "返回，请按星号键。|人工服务，请按零。",
        "departments": "请选择科室。",
        "no_departments": "对不起，现在没有可以预约的科室。",
        "department": "{department}，",
        "slots": "可以预约的时间有：",
        "slot": "{day}，|{clock}，|?{practitioner}，",
        "no_slots": "对不起，这个科室最近没有可以预约的时间。",
        "no_more_slots": "没有更多的时间了。",
        "read_back": "您选择的是|{department}，|?{practitioner}，|{day}，|{clock}。",
        "read_back_keys": "确认预约，请按一。重新选择，请按二。|人工服务，请按零。",
        "booked": "预约成功。|{day}，|{clock}，|{department}，|?{practitioner}。|请按时就诊。",
        "slot_full": "对不起，这个时间刚刚被约满了，请重新选择。",
        "slot_over": "对不起，这个时间已经过了，请重新选择。",
        "already_booked": "您已经预约过这个时间了，请选择别的时间。",
        "overlap": "您在这个时间已有其他预约，请选择别的时间。",
        "day_full": "您当天的预约数已达上限，请选择别的日期。",
        "no_appointments": "您目前没有预约。",
        "appointments": "您有{count}个预约。",
        "one_appointment": "您有一个预约：",
        "appointment": "{day}，|{clock}，",
        "appointment_details": "{department}，|?{practitioner}，",
        "confirmed": "已为您确认，请按时就诊。",
        "cancel_question": "要取消|{day}，|{clock}|的预约，请按一。保留预约，请按二。",
        "cancelled": "{day}，|{clock}|的预约已经取消。",
        "kept": "好的，预约保留。",
        "moved": "已为您改约到|{day}，|{clock}。|原来的预约已经取消。",
        "move_read_back": "改到|{day}，|{clock}，|?{practitioner}。",
        "move_read_back_keys": "确认改约，请按一。重新选择，请按二。|人工服务，请按零。",
        "too_late": "对不起，这个预约已经不能更改了。",
        "settled": "您好，您的预约已经变更，不需要再确认。再见。",
        "whose": "请问您是哪一位？",
        "whose_name": "?{name}，",
        "whose_other": "以上都不是，",
        "card": "请输入您的就诊卡号，按井号键结束。",
        "birth_date": "请输入您的八位出生日期。例如，一九八零年一月二日，请输入|一九八零零一零二。",
        "bad_birth_date": "这不是一个有效的日期。",
        "not_found": "对不起，没有找到您的资料，请重新输入。",
        "identified": "?{name}，|您好。",
        "callback_this": "要我们回电到您现在的号码，请按一。回电到其他号码，请按二。",
        "callback_number": "请输入您的电话号码，按井号键结束。",
        "callback_bad_number": "这个号码无法拨打，请重新输入。",
        "callback_taken": "好的，我们会尽快给您回电。",
    }
)
