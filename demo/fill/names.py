"""The names people have, as often as they are met: 王, 李 and 张 are a quarter of everybody. Pure."""

from random import Random

from crm_core.patients.pinyin import search_text
from demo.seed_data.people import FIRST_CHARACTER, ONE_CHARACTER, SECOND_CHARACTER, SURNAMES

COMMON = {"王": 100, "李": 95, "张": 90, "刘": 70, "陈": 60, "杨": 45, "黄": 35, "赵": 30, "吴": 30, "周": 28}
RARE = 9  # of a thousand, each of the others
SHORT_SHARE = 0.3  # two characters in all


def names(rng: Random, count: int) -> list[tuple[int, str, str]]:
    """(number from 0, name, what the register searches it by); names that many bear come many times."""
    surnames = [surname for surname in SURNAMES if surname not in "欧阳"]
    weights = [COMMON.get(surname, RARE) for surname in surnames]
    drawn = [surname + _given(rng) for surname in rng.choices(surnames, weights, k=count)]
    searched = {name: search_text(name) for name in set(drawn)}
    return [(number, name, searched[name]) for number, name in enumerate(drawn)]


def _given(rng: Random) -> str:
    if rng.random() < SHORT_SHARE:
        return rng.choice(ONE_CHARACTER)
    return rng.choice(FIRST_CHARACTER) + rng.choice(SECOND_CHARACTER)
