"""What people asked on the web and at the counter's telephone, with and without an answer; and work for tomorrow."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial

from crm_core.consultations import service as consultations
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Tx
from crm_core.kernel.ids import Msisdn
from crm_core.tasks import service as tasks
from crm_core.tasks.model import TaskKind
from demo.fortnight.cast import Person, Staff
from demo.fortnight.story import Story

# days ago, number, way, question, answer; None: it waits
ASKED: tuple[tuple[int, str, str, str, str | None], ...] = (
    (0, "+8619900020002", "web", "你们医院周末看骨科吗", None),
    (1, "+8619900020003", "web", "孩子反复咳嗽两周了，应该挂儿科还是耳鼻喉科？", None),
    (2, "+8619900020005", "web", "Do you have English-speaking doctors in dermatology?", None),
    (3, "+8619900020004", "phone", "询问无痛胃镜的预约流程，希望周五上午", None),
    (3, "+8619900020006", "web", "体检套餐可以团购吗，单位四十人", "已电话告知体检中心团检价目，发送至邮箱。"),
    (4, "+8619900020007", "web", "请问种植牙多少钱一颗", "我院暂未开展种植牙，建议咨询市口腔医院。"),
    (
        5,
        "+8619900020008",
        "phone",
        "产检建档需要带什么材料",
        "身份证、医保卡和孕早期检查单，工作日上午在产科门诊办理。",
    ),
    (6, "+8619900020009", "web", "颈椎病推拿一个疗程几次", ""),
    (8, "+8619900020010", "web", "你好，核磁共振要预约多久", "一般三到五天，急诊当天可做；已告知预约电话。"),
    (10, "+8619900020011", "phone", "外地医保能直接结算吗", "先在国家医保平台备案，出院时直接结算。"),
    (12, "+8619900020012", "web", "小孩包茎手术几岁做合适", ""),
)
AT_THE_COUNTER = time(16, 35)
EVENING, NOON = time(20, 3), time(12, 20)
ANSWERED_AFTER = timedelta(hours=15)
EARLIER = timedelta(minutes=25)


def tell(story: Story) -> None:
    """All of it."""
    for number, (days, msisdn, way, question, answer) in enumerate(ASKED):
        at = datetime.combine(
            story.diary.today - timedelta(days=days), NOON if number % 2 else EVENING, story.diary.zone
        )
        by = story.cast.marketer if number % 2 else story.cast.agents[0]
        story.at(_past(story, at), SYSTEM, partial(_ask, Msisdn(msisdn), way, question, answer, by))
    _left_over(story, story.people[1], due_days=0)
    _left_over(story, next(one for one in story.people if one.language == "en"), due_days=2)


def _past(story: Story, at: datetime) -> datetime:
    """Of today: as late as it can be."""
    return min(at, story.diary.now - EARLIER)


async def _ask(msisdn: Msisdn, way: str, question: str, answer: str | None, by: Staff, tx: Tx) -> None:
    opened = await consultations.open_in(tx, msisdn, way, question)
    if answer is not None:
        then = replace(tx, now=tx.now + ANSWERED_AFTER, actor=by.actor)
        await consultations.close_in(then, opened, result=answer)


def _left_over(story: Story, person: Person, *, due_days: int) -> None:
    """Yesterday at the counter somebody promised to ring them back, the same day or later."""
    at = datetime.combine(story.diary.today - timedelta(days=1), AT_THE_COUNTER, story.diary.zone)
    story.at(at, story.cast.nurse.actor, partial(_promise, person, at + timedelta(days=due_days)))


async def _promise(person: Person, due_at: datetime, tx: Tx) -> None:
    await tasks.open_in(tx, TaskKind.CALL_BACK, person.msisdn, f"patients/{person.id}", person.id, due_at)
