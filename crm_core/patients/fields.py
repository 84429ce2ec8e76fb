"""The fields of a patient's record, each on one line.

The form, files, API, history and store read FIELDS: a new field is a line of `Facts`, and a migration that adds its
column. Pure.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from crm_core.patients.field import Kind, Word, Words, choice, day, fields_of, identifier, phone_numbers, text, texts


class Sex(StrEnum):
    """As FHIR's administrative gender."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


class Language(StrEnum):
    """What the hotline and the texts speak to this person."""

    ZH_CN = "zh_CN"
    EN = "en"


SEXES: Words = {
    Sex.MALE: Word("男", "Male", "男性 m 1"),
    Sex.FEMALE: Word("女", "Female", "女性 f 2"),
    Sex.OTHER: Word("其他", "Other", "其它 o 9"),
    Sex.UNKNOWN: Word("未填", "Not stated", "未知 不详 u 0"),
}
LANGUAGES: Words = {
    Language.ZH_CN: Word("中文", "Chinese", "汉语 zh zh-cn"),
    Language.EN: Word("英文", "English", "英语"),
}
PHONES_ALSO = "手机 手机号 手机号码 移动电话 电话号码 联系电话 联系方式 phone mobile tel telephone"
BORN_ALSO = "出生年月 出生年月日 生日 birthdate birthday dob born"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Facts:
    """What the hospital knows of a person. All of it is personal: nothing of it is in a `repr`."""

    name: Annotated[str, text("姓名", "Name", "患者姓名 病人姓名 patient")]
    sex: Annotated[str, choice(Sex, SEXES, "性别", "Sex", "gender")] = Sex.UNKNOWN
    birth_date: Annotated[date | None, day("出生日期", "Birth date", BORN_ALSO)] = None
    phones: Annotated[tuple[str, ...], phone_numbers("电话", "Phones", PHONES_ALSO)] = ()
    card_no: Annotated[str | None, identifier("一卡通号", "Card no.", "卡号 一卡通 就诊卡号 card")] = None
    outpatient_no: Annotated[str | None, identifier("门诊号", "Outpatient no.", "门诊编号 outpatient")] = None
    inpatient_no: Annotated[str | None, identifier("住院号", "Inpatient no.", "住院编号 inpatient")] = None
    region: Annotated[str, text("地区", "Region", "区域 籍贯 area")] = ""
    source: Annotated[str, text("来源", "Source", "患者来源")] = ""
    department: Annotated[str, text("科室", "Department", "就诊科室 dept")] = ""
    diseases: Annotated[tuple[str, ...], texts("疾病", "Diseases", "病种 诊断 disease")] = ()
    member_level: Annotated[str, text("会员等级", "Member level", "会员级别 会员类型 会员 member")] = ""
    language: Annotated[str, choice(Language, LANGUAGES, "语言", "Language", "语种")] = Language.ZH_CN

    def __repr__(self) -> str:
        """Nobody."""
        return f"{type(self).__name__}()"


FIELDS = fields_of(Facts)
BY_NAME = {field.name: field for field in FIELDS}
COLUMNS = tuple(field for field in FIELDS if field.is_column)
IDENTIFIERS = tuple(field.name for field in FIELDS if field.kind is Kind.IDENTIFIER)
CHINESE = {field.english: field.chinese for field in FIELDS} | {
    word.english: word.chinese for field in FIELDS for word in field.words.values()
}
