"""A day, from the login to the last task."""

import sys
from dataclasses import dataclass, field
from itertools import count

from playwright.async_api import Browser

from tests.acceptance.hospital import Hospital
from tests.browser.people import sit_down
from tests.day.agent import AVAILABLE, IDLE, NOBODY, OURS, PASSED_ON, QUESTION, RINGS, TALKS, WRAP_UP, Agent
from tests.day.agent import BOOKED as BOOKED_RESULT
from tests.day.hands import Hands
from tests.day.others import FAMILY, Others, colleague
from tests.day.plan import Call, Day
from tests.day.tally import Tally

VAIN = f"{IDLE}:has([data-phone=outcome]:not(:empty))"


@dataclass
class Player:
    """`telephones` are of patients who are expected nowhere."""

    chromium: Browser
    hospital: Hospital
    others: Others
    hands: Hands
    telephones: list[str]
    numbers: "count[int]" = field(default_factory=count)
    loud: bool = False

    @property
    def agent(self) -> Agent:
        """Whose day it is."""
        return Agent(self.hands)

    def says(self, text: str) -> None:
        """How far it is, for whoever waits."""
        if self.loud:
            sys.stdout.write(f"day: {text}\n")
            sys.stdout.flush()

    async def calls(self, kind: Call) -> None:
        """One call of this kind."""
        self.says(kind)
        if kind in OURS:
            await self._ours(kind)
            return
        async with self.others.patient(self._caller(kind)):
            await self.hands.sees(RINGS)
            with self.hands.step(f"call: {kind}"):
                await self._theirs(kind)

    def _caller(self, kind: Call) -> str:
        if kind is Call.STRANGER:
            return f"1351001{next(self.numbers):04}"
        return FAMILY if kind is Call.FAMILY else self.telephones.pop()

    async def _theirs(self, kind: Call) -> None:
        agent = self.agent
        if kind is Call.DECLINED:
            await agent.declines()
        await agent.answers()
        other = await colleague(self.chromium, self.hospital) if kind is Call.TRANSFERRED else None
        await self._talk(kind)
        if kind is Call.HELD:
            await agent.hangs_up()
            await self.hands.sees(AVAILABLE)  # written down already
        elif other:
            await other.takes_over()
            await agent.writes_result(PASSED_ON)
            await other.seat.page.context.close()
        else:
            await agent.hangs_up()
            await self.hands.sees(WRAP_UP)
            await agent.writes_result(BOOKED_RESULT if kind is Call.BOOKED else QUESTION)

    async def _talk(self, kind: Call) -> None:
        agent = self.agent
        match kind:
            case Call.STRANGER:
                await agent.registers(f"林晓{'一二三四五六七八九十'[next(self.numbers) % 10]}")
            case Call.FAMILY:
                await agent.says_who()
            case Call.MUTED:
                await agent.mutes()
            case Call.TRANSFERRED:
                await agent.passes_on()
            case Call.HELD:
                await agent.holds()
                await self._written_in_the_call()
            case Call.BOOKED:
                await agent.books(next(self.numbers))
            case _:
                pass

    async def _written_in_the_call(self) -> None:
        hands = self.hands
        with hands.step("result during the call"):
            await hands.press("Alt+r", QUESTION, "Control+Enter")
            await hands.sees("#disposition-said .alert-success")

    async def _ours(self, kind: Call) -> None:
        agent = self.agent
        with self.hands.step(f"call: {kind}"):
            match kind:
                case Call.NO_ANSWER:
                    await agent.dials(OURS[kind], "#agent-state .state-dot.calling")
                    await agent.hangs_up()
                case Call.OURS:
                    await agent.dials(OURS[kind], TALKS)
                    await agent.hangs_up()
                case _:
                    await agent.dials(OURS[kind], VAIN)
            await self.hands.sees(WRAP_UP)
            await self.hands.sees("#pop-call[data-here=wrap_up]")
            await agent.writes_result(await self._result_of(kind))

    async def _result_of(self, kind: Call) -> str:
        if kind is Call.OURS:
            return QUESTION
        is_chosen = await self.hands.shows("#pop input[name=disposition]:checked")
        return "" if is_chosen else NOBODY

    async def texts(self, how_many: int) -> None:
        """Answers to all who wait."""
        for number in range(how_many):
            self.says(f"text {number + 1}")
            has_canned = number % 5 == 4 and await self.hands.shows("select.canned option:nth-child(2)")
            await self.agent.answers_text(f"您好，请您放心，工作人员已记录。{number}", is_canned=has_canned)


async def play(
    chromium: Browser, hospital: Hospital, others: Others, day: Day, tally: Tally, *, loud: bool = False
) -> None:
    """What each step took goes into `tally`."""
    seat = await sit_down(chromium, hospital.url, locale="zh-CN")
    telephones = await others.alone(day.calls + day.bookings)
    player = Player(chromium, hospital, others, Hands(seat.page, tally), telephones, loud=loud)
    await player.agent.comes(hospital, "agent1")
    for kind in day.kinds_of_calls():
        await player.calls(kind)
    for _ in range(day.bookings - day.booked_in_calls):
        player.says("a booking from the record")
        await player.agent.books_from_the_record(player.telephones.pop()[-8:])
    await others.text(day.texts)
    await player.texts(day.texts)
    for number, task in enumerate(day.kinds_of_tasks()):
        player.says(f"task {task}")
        await player.agent.does(task, f"核对检查预约{number}")
    assert [one for one in seat.complaints if "status of 4" not in one] == []  # a time that was refused is one
