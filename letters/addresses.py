"""What stands on an envelope of an address, and what is wrong with one. Pure."""

import re
import unicodedata

from crm_core.patients.model import Sex
from letters.model import Addressee, Why

_POSTCODE = re.compile(r"\d{6}")
_NO_POSTCODE = re.compile(r"(\d)\1{5}")  # 000000, 111111: somebody had to type something
_LATIN = re.compile(r"[\u0000-\u024f\u2010-\u2027]*")
_TITLE = {Sex.MALE: "先生", Sex.FEMALE: "女士"}
# The first two digits of a postcode name the province; some areas are served from beside.
_PREFIXES = {
    "北京": "10",
    "上海": "20",
    "天津": "30",
    "重庆": "40",
    "内蒙古": "01 02 13 16 75",
    "山西": "03 04",
    "河北": "05 06 07",
    "辽宁": "11 12",
    "吉林": "13",
    "黑龙江": "15 16",
    "江苏": "21 22",
    "安徽": "23 24",
    "山东": "25 26 27",
    "浙江": "31 32",
    "江西": "33 34",
    "福建": "35 36",
    "湖南": "41 42",
    "湖北": "43 44",
    "河南": "45 46 47",
    "广东": "51 52",
    "广西": "53 54",
    "贵州": "55 56",
    "海南": "57",
    "四川": "61 62 63 64",
    "云南": "65 66 67",
    "陕西": "71 72",
    "甘肃": "73 74",
    "宁夏": "75",
    "青海": "81",
    "新疆": "83 84",
    "西藏": "85 86",
    "香港": "99",
    "澳门": "99",
}


def tidy(text: str) -> str:
    """Full-width letters and digits as plain ones, one space for many; punctuation stays Chinese."""
    plain = "".join(unicodedata.normalize("NFKC", one) if "０" <= one <= "ｚ" else one for one in text)
    return " ".join(plain.split())


def postcode_of(one: Addressee) -> str:
    """Its digits, without what people type between them."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", one.postcode))


def fault(one: Addressee) -> Why | None:
    """Why the post could not find them; None when it can."""
    if not tidy(one.street):
        return Why.NO_STREET
    postcode = postcode_of(one)
    if not postcode:
        return Why.NO_POSTCODE
    if not _POSTCODE.fullmatch(postcode) or _NO_POSTCODE.fullmatch(postcode):
        return Why.BAD_POSTCODE
    known = next((digits for name, digits in _PREFIXES.items() if one.province.strip().startswith(name)), "")
    return Why.OTHER_PROVINCE if known and postcode[:2] not in known.split() else None


def place(one: Addressee) -> str:
    """Where they live, from the large to the small; the other way round when all of it is in Latin letters."""
    areas = [part for part in dict.fromkeys(map(tidy, (one.province, one.city, one.district))) if part]
    street = tidy(one.street)
    if is_latin("".join((*areas, street))):
        return ", ".join((street, *reversed(areas)))
    for area in areas:  # many type the whole address as the street
        street = street.removeprefix(area).lstrip()
    return "".join(areas) + street


def is_latin(text: str) -> bool:
    """Whether nothing of it is Chinese."""
    return _LATIN.fullmatch(text) is not None


def whom(one: Addressee) -> str:
    """张三丰先生 收; a name in Latin letters stands alone."""
    name = tidy(one.name)
    return name if is_latin(name) else f"{name}{_TITLE.get(one.sex, '')} 收"
