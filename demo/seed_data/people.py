"""Two hundred and more fictitious patients: a few named in docs/demo.md, the others drawn by a seed number. Pure."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from random import Random
from typing import Any

from crm_core.patients.model import NewPatient

PATIENTS = 216
FAMILIES = 28
FIRST_CARD = 10_000_001
FIRST_PHONE = 19_900_010_000
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾单仇解区欧阳"
ONE_CHARACTER = "伟芳娜敏静丽强磊军洋勇艳杰涛明超霞平刚辉玲红鹏宁波凯婷琳"
FIRST_CHARACTER = "建志秀晓雅文国海春玉思佳子梓雨欣嘉宇俊慧"
SECOND_CHARACTER = "华英兰平军峰杰敏琴燕涵轩萱怡然宁博远辰悦"
ENGLISH_NAMES = (
    ("Emily Carter", "female"),
    ("Michael O'Brien", "male"),
    ("Maria Garcia", "female"),
    ("David Schmidt", "male"),
    ("Anna Kowalska", "female"),
    ("James Wilson", "male"),
    ("Priya Sharma", "female"),
    ("Lucas Martin", "male"),
    ("Sofia Rossi", "female"),
)
REGIONS = ("西湖区", "拱墅区", "上城区", "滨江区", "萧山区", "余杭区", "临平区", "钱塘区", "富阳区")
SOURCES = ("门诊", "网络", "亲友介绍", "体检", "社区转诊", "热线")
DISEASES = ("高血压", "2型糖尿病", "慢性胃炎", "过敏性鼻炎", "颈椎病", "白内障", "湿疹", "冠心病", "哮喘", "甲状腺结节")
ALLERGIES = ((), (), (), ("青霉素",), ("磺胺",), ("青霉素", "海鲜"), ("花粉",))
OCCUPATIONS = ("农民", "教师", "职员", "工人", "个体经营者", "退休人员", "自由职业者", "公务员")
EDUCATIONS = ("primary", "junior", "senior", "vocational", "college", "bachelor", "master")
STREETS = ("文三路", "建国路", "人民路", "解放街", "新华路")
MEMBER_LEVELS = ("", "", "", "普通", "银卡", "金卡")

KNOWN = (
    ("张三丰", "male", date(1957, 4, 9), "13800138000", "zh_CN", ("高血压",)),
    ("李秀英", "female", date(1962, 8, 15), "19900000002", "zh_CN", ("2型糖尿病",)),
    ("王建国", "male", date(1958, 3, 2), "19900000003", "zh_CN", ("冠心病",)),
    ("刘桂芳", "female", date(1960, 11, 23), "19900000003", "zh_CN", ()),
    ("王小明", "male", date(2016, 6, 1), "19900000003", "zh_CN", ("哮喘",)),
    ("John Smith", "male", date(1985, 5, 20), "19900000004", "en", ()),
    ("单丽华", "female", date(1979, 9, 30), "19900000005", "zh_CN", ("湿疹",)),
    ("曾国强", "male", date(1990, 1, 12), "19900000008", "zh_CN", ()),
)


def telephones() -> dict[str, list[str]]:
    """Who can be reached at which of the known numbers."""
    whose: dict[str, list[str]] = {}
    for name, _sex, _born, phone, _language, _diseases in KNOWN:
        whose.setdefault(phone, []).append(name)
    return whose


def patients(rng: Random, today: date) -> list[NewPatient]:
    """Those known by name first. The same seed and day give the same people."""
    cards, phones = count(FIRST_CARD), count(FIRST_PHONE)
    known = list(_known(cards))
    families = [one for _ in range(FAMILIES) for one in _family(rng, today, cards, str(next(phones)))]
    english = [_english(rng, today, cards, str(next(phones)), *who) for who in ENGLISH_NAMES]
    rest = PATIENTS - len(known) - len(families) - len(english)
    singles = [_single(rng, today, cards, phones) for _ in range(max(0, rest))]
    return known + families + english + singles


def _known(cards: Iterator[int]) -> Iterator[NewPatient]:
    for name, sex, born, phone, language, diseases in KNOWN:
        card = next(cards)
        yield NewPatient(
            name=name,
            sex=sex,
            birth_date=born,
            phones=(phone,),
            card_no=str(card),
            outpatient_no=f"MZ{card}",
            region="杭州市西湖区",
            source="门诊",
            diseases=diseases,
            language=language,
            **_background(card, "西湖区"),
        )


def _family(rng: Random, today: date, cards: Iterator[int], phone: str) -> Iterator[NewPatient]:
    """Father, mother and a child or two, who all are reached at the mother's telephone."""
    surname, region = _surname(rng), rng.choice(REGIONS)
    parents_age = rng.randint(28, 45)
    members = [("male", parents_age + 2, surname, "配偶"), ("female", parents_age, _surname(rng), "本人")]
    members += [(rng.choice(("male", "female")), rng.randint(1, 14), surname, "母亲") for _ in range(rng.randint(1, 2))]
    for sex, age, family_name, whose in members:
        number = (f"{phone} {whose}",)
        yield _person(rng, next(cards), family_name + _given(rng), sex, _born(rng, today, age), number, region)


def _english(rng: Random, today: date, cards: Iterator[int], phone: str, name: str, sex: str) -> NewPatient:
    born = _born(rng, today, rng.randint(22, 60))
    return _person(rng, next(cards), name, sex, born, (phone,), "滨江区", language="en")


def _single(rng: Random, today: date, cards: Iterator[int], phones: Iterator[int]) -> NewPatient:
    numbers = tuple(str(next(phones)) for _ in range(rng.choice((1, 1, 1, 1, 2))))
    sex, born = rng.choice(("male", "female")), _born(rng, today, rng.randint(18, 88))
    return _person(rng, next(cards), _surname(rng) + _given(rng), sex, born, numbers, rng.choice(REGIONS))


def _person(
    rng: Random,
    card: int,
    name: str,
    sex: str,
    born: date,
    phones: tuple[str, ...],
    region: str,
    *,
    language: str = "zh_CN",
) -> NewPatient:
    return NewPatient(
        name=name,
        sex=sex,
        birth_date=born,
        phones=phones,
        card_no=str(card),
        outpatient_no=f"MZ{card}",
        inpatient_no=f"ZY{card}" if rng.random() < 0.15 else None,
        region=f"杭州市{region}",
        source=rng.choice(SOURCES),
        diseases=tuple(rng.sample(DISEASES, rng.choice((0, 0, 1, 1, 2)))),
        member_level=rng.choice(MEMBER_LEVELS),
        language=language,
        **_background(card, region),
    )


def _background(card: int, region: str) -> dict[str, Any]:
    """Of the card's number, so that the rest stays as it was drawn."""
    return {
        "province": "浙江省",
        "city": "杭州市",
        "district": region,
        "street": f"{STREETS[card % 5]} {card % 90 + 1} 号",
        "postcode": f"3100{card % 30:02}",
        "allergies": ALLERGIES[card % 7],
        "education": EDUCATIONS[card * 5 % 7],
        "occupation": OCCUPATIONS[card * 3 % 8],
    }


def _surname(rng: Random) -> str:
    at = rng.randrange(len(SURNAMES) - 1)
    return "欧阳" if SURNAMES[at] == "欧" else SURNAMES[at]


def _given(rng: Random) -> str:
    if rng.random() < 0.3:
        return rng.choice(ONE_CHARACTER)
    return rng.choice(FIRST_CHARACTER) + rng.choice(SECOND_CHARACTER)


def _born(rng: Random, today: date, age: int) -> date:
    return today - timedelta(days=age * 365 + rng.randrange(365))
