"""Departments in the order of menus, and who works there."""

from dataclasses import dataclass

from crm_core.scheduling.model import SessionKind


@dataclass(frozen=True, slots=True)
class SeedPractitioner:
    """`rank` decides how many patients share a slot: a chief sees them one by one."""

    name: str
    name_en: str
    rank: str


@dataclass(frozen=True, slots=True)
class SeedDepartment:
    """`keywords`: other words patients use for it."""

    code: str
    name: str
    name_en: str
    keywords: tuple[str, ...]
    staff: tuple[SeedPractitioner, ...]


@dataclass(frozen=True, slots=True)
class Rank:
    """A title, and the sessions that go with it; `fee` in fen."""

    title: str
    title_en: str
    slot_minutes: int
    capacity: int
    kind: SessionKind
    fee: int


RANKS = {
    "chief": Rank("主任医师", "Chief Physician", 20, 1, SessionKind.EXPERT, 5000),
    "deputy": Rank("副主任医师", "Associate Chief Physician", 20, 2, SessionKind.EXPERT, 3000),
    "attending": Rank("主治医师", "Attending Physician", 30, 4, SessionKind.GENERAL, 1500),
}


def _staff(*rows: tuple[str, str, str]) -> tuple[SeedPractitioner, ...]:
    return tuple(SeedPractitioner(name, name_en, rank) for name, name_en, rank in rows)


DEPARTMENTS = (
    SeedDepartment(
        "NK",
        "内科",
        "Internal Medicine",
        ("普通内科", "大内科", "感冒", "发烧", "发热", "咳嗽"),
        _staff(
            ("张伟", "Zhang Wei", "attending"), ("李静怡", "Li Jingyi", "chief"), ("陈建国", "Chen Jianguo", "deputy")
        ),
    ),
    SeedDepartment(
        "WK",
        "外科",
        "Surgery",
        ("普外科", "普通外科", "阑尾", "疝气"),
        _staff(
            ("王志强", "Wang Zhiqiang", "chief"),
            ("赵海峰", "Zhao Haifeng", "deputy"),
            ("孙立新", "Sun Lixin", "attending"),
        ),
    ),
    SeedDepartment(
        "FK",
        "妇科",
        "Gynaecology",
        ("妇女病", "月经"),
        _staff(
            ("周雅琴", "Zhou Yaqin", "chief"),
            ("吴秀兰", "Wu Xiulan", "deputy"),
            ("郑晓梅", "Zheng Xiaomei", "attending"),
        ),
    ),
    SeedDepartment(
        "CK",
        "产科",
        "Obstetrics",
        ("产检", "孕检", "怀孕"),
        _staff(("冯丽娟", "Feng Lijuan", "chief"), ("褚慧敏", "Chu Huimin", "attending")),
    ),
    SeedDepartment(
        "EK",
        "儿科",
        "Paediatrics",
        ("小儿科", "小孩", "儿童"),
        _staff(
            ("卫国平", "Wei Guoping", "deputy"), ("蒋文静", "Jiang Wenjing", "chief"), ("沈佳", "Shen Jia", "attending")
        ),
    ),
    SeedDepartment(
        "GK",
        "骨科",
        "Orthopaedics",
        ("骨伤科", "骨折", "腰椎", "颈椎"),
        _staff(("韩铁军", "Han Tiejun", "chief"), ("杨帆", "Yang Fan", "attending")),
    ),
    SeedDepartment(
        "YK",
        "眼科",
        "Ophthalmology",
        ("眼睛", "近视", "白内障"),
        _staff(("朱明亮", "Zhu Mingliang", "chief"), ("秦晓光", "Qin Xiaoguang", "deputy")),
    ),
    SeedDepartment(
        "EBH",
        "耳鼻喉科",
        "Ear, Nose and Throat",
        ("五官科", "耳科", "鼻科", "喉科", "鼻炎"),
        _staff(("尤志远", "You Zhiyuan", "deputy"), ("许薇", "Xu Wei", "attending")),
    ),
    SeedDepartment(
        "PFK",
        "皮肤科",
        "Dermatology",
        ("皮肤", "湿疹", "过敏"),
        _staff(("何思源", "He Siyuan", "chief"), ("吕春燕", "Lü Chunyan", "attending")),
    ),
    SeedDepartment(
        "ZYK",
        "中医科",
        "Traditional Chinese Medicine",
        ("中医", "针灸", "推拿"),
        _staff(("施仲景", "Shi Zhongjing", "chief"), ("曹青云", "Cao Qingyun", "deputy")),
    ),
)
