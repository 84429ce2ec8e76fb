"""What a column of a file means, and what its cells say. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date

from crm_core.kernel.errors import InvalidInputError
from crm_core.patients.exchange.spreadsheet import Cell
from crm_core.patients.model import Language, NewPatient, Patient, Sex
from crm_core.patients.rules import checked, is_placeholder, phones

TITLES: dict[str, tuple[str, str]] = {  # field -> the title we write, in Chinese and English
    "name": ("姓名", "Name"),
    "sex": ("性别", "Sex"),
    "birth_date": ("出生日期", "Birth date"),
    "phones": ("电话", "Phones"),
    "card_no": ("一卡通号", "Card no."),
    "outpatient_no": ("门诊号", "Outpatient no."),
    "inpatient_no": ("住院号", "Inpatient no."),
    "region": ("地区", "Region"),
    "source": ("来源", "Source"),
    "department": ("科室", "Department"),
    "diseases": ("疾病", "Diseases"),
    "member_level": ("会员等级", "Member level"),
    "language": ("语言", "Language"),
}
_ALSO = {
    "name": "患者姓名 病人姓名 patient",
    "sex": "gender",
    "birth_date": "出生年月 出生年月日 生日 birthdate birthday dob",
    "phones": "手机 手机号 手机号码 移动电话 电话号码 联系电话 联系方式 phone mobile tel telephone",
    "card_no": "卡号 一卡通 就诊卡号 card",
    "outpatient_no": "门诊编号 outpatient",
    "inpatient_no": "住院编号 inpatient",
    "region": "区域 籍贯 area",
    "source": "患者来源",
    "department": "就诊科室 dept",
    "diseases": "病种 诊断 disease",
    "member_level": "会员级别 会员类型 会员 member",
    "language": "语种",
}
_SEX = {
    Sex.MALE: "男 男性 m male 1",
    Sex.FEMALE: "女 女性 f female 2",
    Sex.OTHER: "其他 其它 other o 9",
    Sex.UNKNOWN: "未知 不详 unknown u 0",
}
_LANGUAGE = {Language.ZH_CN: "中文 汉语 zh zh_cn zh-cn chinese", Language.EN: "英文 英语 en english"}
_SEPARATORS = re.compile(r"[;；,，、|\n/]+")
_DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]0{1,2}:00(?::00)?)?|(\d{4})(\d{2})(\d{2})"
)
_ROUNDED = re.compile(r"\d+(\.\d+)?[eE]\+?\d+")  # 1.38E+10: the digits are gone
LARGEST_EXACT = 10**15  # a spreadsheet keeps 15 digits


def _key(title: object) -> str:
    return re.sub(r"[\s._:：()（）]+", "", unicodedata.normalize("NFKC", str(title or ""))).lower()


def _words(text: str) -> list[str]:
    return [_key(word) for word in text.split()]


FIELD_BY_TITLE = {_key(title): field for field, titles in TITLES.items() for title in (*titles, field)} | {
    word: field for field, text in _ALSO.items() for word in _words(text)
}
_SEX_BY_WORD = {word: sex for sex, text in _SEX.items() for word in text.split()}
_LANGUAGE_BY_WORD = {word: language for language, text in _LANGUAGE.items() for word in text.split()}


def field_of(title: object) -> str | None:
    """The field a column's title names, in Chinese or English; phone columns may be numbered (电话2)."""
    key = _key(title)
    return FIELD_BY_TITLE.get(key) or FIELD_BY_TITLE.get(key.rstrip("0123456789"))


def given(fields: Sequence[str | None], row: Sequence[Cell]) -> dict[str, str]:
    """Field -> text of the cells that say something; several columns of phones are joined. Raises InvalidInputError."""
    found: dict[str, str] = {}
    for field, cell in zip(fields, row, strict=False):
        text = _text(field, cell) if field else ""
        if field and text:
            found[field] = f"{found[field]};{text}" if field in found and field == "phones" else text
    return found


def _text(field: str, cell: Cell) -> str:
    if isinstance(cell, bool) or cell is None:
        return ""
    if isinstance(cell, (int, float)):
        return _digits(field, cell)
    if isinstance(cell, date):
        return cell.isoformat()
    text = unicodedata.normalize("NFKC", cell).strip()
    if field in {"phones", "card_no", "outpatient_no", "inpatient_no"} and _ROUNDED.fullmatch(text):
        raise InvalidInputError("a number lost its digits in the file: make the column a text", field=field)
    return text


def _digits(field: str, number: float) -> str:
    if number != int(number) or not 0 <= number < LARGEST_EXACT:
        raise InvalidInputError("a number lost its digits in the file: make the column a text", field=field)
    return str(int(number))


def changes_of(texts: Mapping[str, str]) -> dict[str, object]:
    """Field -> value, only of what the row says; placeholders say nothing. Raises InvalidInputError."""
    values: dict[str, object] = {}
    for field, text in texts.items():
        if is_placeholder(text) and field != "sex":
            continue
        values[field] = _value(field, text)
    return values


def _value(field: str, text: str) -> object:
    match field:
        case "sex":
            return _one_of(_SEX_BY_WORD, field, text)
        case "language":
            return _one_of(_LANGUAGE_BY_WORD, field, text)
        case "birth_date":
            return _date(text)
        case "phones" | "diseases":
            return tuple(part.strip() for part in _SEPARATORS.split(text) if not is_placeholder(part))
        case _:
            return text


def _one_of(words: Mapping[str, str], field: str, text: str) -> str:
    try:
        return words[text.lower()]
    except KeyError:
        raise InvalidInputError("not one of the allowed values", field=field) from None


def _date(text: str) -> date:
    found = _DATE.fullmatch(text)
    if found is None:
        raise InvalidInputError("not a date", field="birth_date")
    try:
        return date(*(int(part) for part in found.groups() if part is not None))
    except ValueError:
        raise InvalidInputError("not a date", field="birth_date") from None


def as_new(values: Mapping[str, object]) -> NewPatient:
    """The record a row describes, checked, its phones in E.164. Raises InvalidInputError, InvalidMsisdnError."""
    if "name" not in values:
        raise InvalidInputError("a patient needs a name", field="name")
    new = checked(NewPatient(**values))  # type: ignore[arg-type]
    phones(new.phones)
    return new


def as_row(patient: Patient, *, chinese: bool) -> list[str]:
    """One line of an export, in the order of TITLES; `field_of` and `changes_of` read it back."""
    sexes = {Sex.MALE: "男", Sex.FEMALE: "女", Sex.OTHER: "其他", Sex.UNKNOWN: "未知"}
    languages = {Language.ZH_CN: "中文", Language.EN: "英文"}
    special = {
        "sex": sexes[patient.sex] if chinese else patient.sex.value,
        "language": languages[patient.language] if chinese else patient.language.value,
        "birth_date": patient.birth_date.isoformat() if patient.birth_date else "",
        "phones": ";".join(patient.phones),
        "diseases": ";".join(patient.diseases),
    }
    return [special[field] if field in special else getattr(patient, field) or "" for field in TITLES]
