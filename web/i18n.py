"""Words in the reader's language. msgids are English; the catalogues are compiled at start from the .po files."""

import gettext
import io
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import date, datetime, tzinfo
from functools import cache
from pathlib import Path

from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from crm_core.patients.words import CHINESE

LOCALES = ("zh_CN", "en")
LOCALE_NAMES = {"zh_CN": "中文", "en": "English"}
FOLDER = Path(__file__).parent / "locale"
DOMAIN = "hcrm"

current_locale: ContextVar[str] = ContextVar("current_locale", default="zh_CN")


@cache
def catalogue(locale: str) -> gettext.NullTranslations:
    """English needs none: its msgids are the words."""
    path = FOLDER / locale / "LC_MESSAGES" / f"{DOMAIN}.po"
    if not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as po:
        messages = read_po(po, locale=locale, domain=DOMAIN)
    for english, chinese in CHINESE.items():  # a patient's fields are named in one place, in both languages
        if english not in messages:
            messages.add(english, chinese)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _(message: str, **args: object) -> str:
    """The message in the current reader's language, {names} filled in."""
    return filled(catalogue(current_locale.get()).gettext(message), args)


def N_(message: str) -> str:
    """Marks a msgid that is translated later, where it is shown."""
    return message


def filled(words: str, args: Mapping[str, object]) -> str:
    """{names} replaced; a name nobody gave stays visible as written."""
    for name, value in args.items():
        words = words.replace("{" + name + "}", str(value))
    return words


def choose_locale(*wishes: str | None, default: str) -> str:
    """The first wish we speak: a user's own, a cookie, what the browser accepts."""
    for wish in wishes:
        for part in (wish or "").split(","):
            language = part.split(";")[0].strip().replace("-", "_").lower()
            if language.startswith("zh"):
                return "zh_CN"
            if language.startswith("en"):
                return "en"
    return default


def say_date(value: date | datetime, zone: tzinfo) -> str:
    """Like "11月21日 周六" or "Sat 21 Nov", in the hospital's time zone."""
    day = value.astimezone(zone).date() if isinstance(value, datetime) else value
    pattern = "M月d日 EEE" if current_locale.get() == "zh_CN" else "EEE d MMM"
    return format_date(day, pattern, locale=current_locale.get())


def say_full_date(value: date | datetime, zone: tzinfo) -> str:
    """With the year."""
    day = value.astimezone(zone).date() if isinstance(value, datetime) else value
    pattern = "y年M月d日 EEE" if current_locale.get() == "zh_CN" else "EEE d MMM y"
    return format_date(day, pattern, locale=current_locale.get())


def say_time(value: datetime, zone: tzinfo) -> str:
    """Like "09:30", in the hospital's time zone."""
    return format_time(value, "HH:mm", tzinfo=zone, locale=current_locale.get())


def say_moment(value: datetime, zone: tzinfo) -> str:
    """Day and time without the year."""
    pattern = "M月d日 HH:mm" if current_locale.get() == "zh_CN" else "d MMM HH:mm"
    return format_datetime(value, pattern, tzinfo=zone, locale=current_locale.get())


def say_full_moment(value: datetime, zone: tzinfo) -> str:
    """To the second, for lists that are evidence."""
    return format_datetime(value, "yyyy-MM-dd HH:mm:ss", tzinfo=zone, locale=current_locale.get())


def say_duration(seconds: float) -> str:
    """Like "3:07"; an hour or more "1:02:03"."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"
