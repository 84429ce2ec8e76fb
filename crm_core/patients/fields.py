"""The fields of a patient's record, each on one line.

The form, files, API, history and store read FIELDS: a new field is a line of `Facts`, and a migration that adds its
column. Pure.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from crm_core.patients import checks
from crm_core.patients.field import (
    Kind,
    Part,
    Word,
    Words,
    choice,
    choices,
    day,
    fields_of,
    identifier,
    long,
    phone_numbers,
    stays,
    text,
    texts,
)


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


class Education(StrEnum):
    """As the front page of a Chinese hospital record has it, in fewer steps than GB/T 4658."""

    UNKNOWN = "unknown"
    NONE = "none"
    PRIMARY = "primary"
    JUNIOR = "junior"
    SENIOR = "senior"
    VOCATIONAL = "vocational"
    COLLEGE = "college"
    BACHELOR = "bachelor"
    MASTER = "master"
    DOCTOR = "doctor"


class MaritalStatus(StrEnum):
    """GB/T 2261.2."""

    UNKNOWN = "unknown"
    SINGLE = "single"
    MARRIED = "married"
    WIDOWED = "widowed"
    DIVORCED = "divorced"
    OTHER = "other"


class PatientRole(StrEnum):
    """What a person is to the hospital besides or instead of being ill."""

    PATIENT = "patient"
    FAMILY = "family"
    CONTACT = "contact"
    HEALTHY = "healthy"
    PARTNER = "partner"
    STAFF = "staff"


PERSON, NUMBERS, ADDRESS, HEALTH, BACKGROUND = Part

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
EDUCATIONS: Words = {
    Education.UNKNOWN: Word("未填", "Not stated", "未知 不详"),
    Education.NONE: Word("未上过学", "No schooling", "文盲 半文盲 学龄前"),
    Education.PRIMARY: Word("小学", "Primary school"),
    Education.JUNIOR: Word("初中", "Junior middle school", "初级中学"),
    Education.SENIOR: Word("高中", "Senior middle school", "普通高级中学"),
    Education.VOCATIONAL: Word("中专", "Vocational school", "技校 职高 中等职业教育 中技"),
    Education.COLLEGE: Word("大专", "Junior college", "专科 大学专科"),
    Education.BACHELOR: Word("本科", "Bachelor", "大学 学士 大学本科"),
    Education.MASTER: Word("硕士", "Master", "研究生 硕士研究生"),
    Education.DOCTOR: Word("博士", "Doctor", "博士研究生"),
}
MARITAL_STATUSES: Words = {
    MaritalStatus.UNKNOWN: Word("未填", "Not stated", "未知 不详 未说明的婚姻状况"),
    MaritalStatus.SINGLE: Word("未婚", "Single"),
    MaritalStatus.MARRIED: Word("已婚", "Married", "初婚 再婚 复婚"),
    MaritalStatus.WIDOWED: Word("丧偶", "Widowed"),
    MaritalStatus.DIVORCED: Word("离婚", "Divorced", "离异"),
    MaritalStatus.OTHER: Word("其他", "Other", "其它"),
}
ROLES: Words = {
    PatientRole.PATIENT: Word("患者", "Patient", "病人"),
    PatientRole.FAMILY: Word("家属", "Family", "亲属 亲友"),
    PatientRole.CONTACT: Word("联系人", "Contact person"),
    PatientRole.HEALTHY: Word("健康人群", "Healthy or check-up customer", "体检客户 体检 亚健康 健康"),
    PatientRole.PARTNER: Word("合作伙伴", "Partner"),
    PatientRole.STAFF: Word("本院职工", "Staff", "职工 员工"),
}
CONTACT_ALSO = "联系人手机 联系人手机号 紧急联系人电话"
PHONES_ALSO = "手机 手机号 手机号码 移动电话 电话号码 联系电话 联系方式 phone mobile tel telephone"
BORN_ALSO = "出生年月 出生年月日 生日 birthdate birthday dob born"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Facts:
    """What the hospital knows of a person. All of it is personal: nothing of it is in a `repr`."""

    name: Annotated[str, text(PERSON, "姓名", "Name", "患者姓名 病人姓名 patient")]
    sex: Annotated[str, choice(PERSON, Sex, SEXES, "性别", "Sex", "gender")] = Sex.UNKNOWN
    birth_date: Annotated[date | None, day(PERSON, "出生日期", "Birth date", BORN_ALSO)] = None
    phones: Annotated[tuple[str, ...], phone_numbers("电话", "Phones", PHONES_ALSO)] = ()
    card_no: Annotated[str | None, identifier("一卡通号", "Card no.", "卡号 一卡通 就诊卡号 card")] = None
    outpatient_no: Annotated[str | None, identifier("门诊号", "Outpatient no.", "门诊编号 outpatient")] = None
    inpatient_no: Annotated[str | None, stays("住院号", "Inpatient no.", "住院编号 inpatient")] = None
    region: Annotated[str, text(ADDRESS, "地区", "Region", "区域 籍贯 area")] = ""
    source: Annotated[str, text(NUMBERS, "来源", "Source", "患者来源")] = ""
    department: Annotated[str, text(HEALTH, "科室", "Department", "就诊科室 dept")] = ""
    diseases: Annotated[tuple[str, ...], texts(HEALTH, "疾病", "Diseases", "病种 诊断 disease")] = ()
    member_level: Annotated[str, text(NUMBERS, "会员等级", "Member level", "会员级别 会员类型 会员 member")] = ""
    language: Annotated[str, choice(PERSON, Language, LANGUAGES, "语言", "Language", "语种")] = Language.ZH_CN
    roles: Annotated[
        tuple[str, ...], choices(PERSON, PatientRole, ROLES, "客户类别", "Roles", "客户类型 人员类别")
    ] = ()
    contact_name: Annotated[str, text(PERSON, "联系人", "Contact person", "联系人姓名 紧急联系人")] = ""
    contact_phone: Annotated[str, text(PERSON, "联系人电话", "Contact's phone", CONTACT_ALSO, check=checks.phone)] = ""
    province: Annotated[str, text(ADDRESS, "省份", "Province", "省 省市")] = ""
    city: Annotated[str, text(ADDRESS, "城市", "City", "市 地级市")] = ""
    district: Annotated[str, text(ADDRESS, "区县", "District", "区 县 区/县 county")] = ""
    street: Annotated[str, text(ADDRESS, "详细地址", "Street", "地址 住址 街道 家庭住址 通讯地址 现住址 address")] = ""
    postcode: Annotated[str, text(ADDRESS, "邮政编码", "Postcode", "邮编 zip", check=checks.postcode)] = ""
    allergies: Annotated[tuple[str, ...], texts(HEALTH, "过敏史", "Allergies", "过敏 过敏药物 药物过敏史 allergy")] = ()
    family_history: Annotated[str, long(HEALTH, "家族遗传史", "Family history", "家族史 遗传史 genetichistory")] = ""
    education: Annotated[str, choice(BACKGROUND, Education, EDUCATIONS, "文化程度", "Education", "学历")] = (
        Education.UNKNOWN
    )
    occupation: Annotated[str, text(BACKGROUND, "职业", "Occupation", "工作 job profession")] = ""
    marital_status: Annotated[
        str, choice(BACKGROUND, MaritalStatus, MARITAL_STATUSES, "婚姻状况", "Marital status", "婚姻 婚况")
    ] = MaritalStatus.UNKNOWN
    family_situation: Annotated[str, long(BACKGROUND, "家庭情况", "Family situation", "家庭状况")] = ""
    preferred_hospital: Annotated[str, text(BACKGROUND, "偏好医院类型", "Preferred kind of hospital", "医院类型")] = ""
    preferred_specialty: Annotated[str, text(BACKGROUND, "偏好专科", "Preferred specialty", "专科")] = ""
    needs: Annotated[str, long(BACKGROUND, "需求与备注", "Needs and notes", "需求 备注 notes remarks")] = ""

    def __repr__(self) -> str:
        """Nobody."""
        return f"{type(self).__name__}()"


FIELDS = fields_of(Facts)
BY_NAME = {field.name: field for field in FIELDS}
COLUMNS = tuple(field for field in FIELDS if field.is_column)
FILTERS = {one.name: one for one in FIELDS if one.kind not in (Kind.DAY, Kind.PHONES, Kind.IDENTIFIER)}
IDENTIFIERS = tuple(field.name for field in FIELDS if field.kind is Kind.IDENTIFIER)
SEVERAL = frozenset(field.name for field in FIELDS if field.is_many)
