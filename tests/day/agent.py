"""What an agent does, key by key."""

from dataclasses import dataclass

from tests.acceptance.hospital import Hospital
from tests.day.hands import Hands
from tests.day.plan import Call, Task

RINGS, TALKS, IDLE = (f"#dock[data-call={state}]" for state in ("ringing", "talking", "idle"))
AVAILABLE, WRAP_UP = (f"#agent-state .state-dot.{state}" for state in ("available", "wrap_up"))
BOOKED, QUESTION, PASSED_ON, NOBODY = "1", "5", "6", "0"
CHOICE = "#pop input[name=disposition]"
SLOT, BOOKED_CARD = ".slot", ".booked-card:not(.gone)"
WAITING = "#threads a:has(.waits)"
ROW, NEW_TASK = "#tasks [data-row]", "#page:has(#tasks) a[href='/tasks/new']"
TRIES = 6


@dataclass(frozen=True, slots=True)
class Agent:
    """At the first desk."""

    hands: Hands

    async def comes(self, hospital: Hospital, login: str) -> None:
        """From the login page to the first call."""
        hands = self.hands
        await hands.page.goto("/login")
        with hands.step("log in"):
            await hands.at("#login")
            await hands.write(login)
            await hands.press("Tab")
            await hands.write(hospital.password(login))
            await hands.press("Enter")
            await hands.sees("#dock[data-line-state=ready]")
        with hands.step("take calls"):
            await hands.sees("#agent-state .agent-buttons")
            if not await hands.shows(AVAILABLE):
                await hands.press("Alt+o")
            await hands.sees(AVAILABLE)

    async def answers(self) -> None:
        """The telephone rings."""
        with self.hands.step("answer"):
            await self.hands.press("Alt+a")
            await self.hands.sees(TALKS)
        await self.hands.sees("#pop-call[data-here=on_call]")

    async def declines(self) -> None:
        """And it rings again: there is nobody else."""
        with self.hands.step("decline"):
            await self.hands.press("Alt+h")
            await self.hands.sees(IDLE)
        await self.hands.sees(RINGS)

    async def hangs_up(self) -> None:
        """The talk is over."""
        with self.hands.step("hang up"):
            await self.hands.press("Alt+h")
            await self.hands.sees(IDLE)

    async def writes_result(self, digit: str = "") -> None:
        """Of the call, and free for the next. Without a digit it is chosen already."""
        hands = self.hands
        with hands.step("result"):
            await hands.press("Alt+r")
            await hands.at(CHOICE)
            await hands.press(*digit, "Control+Enter")
            await hands.sees("#disposition-said .alert-success")
        await hands.sees(AVAILABLE)

    async def dials(self, number: str, until: str) -> None:
        """Somebody."""
        hands = self.hands
        with hands.step("dial"):
            await hands.press("Alt+n")
            await hands.at("[data-phone=dial]")
            await hands.write(number)
            await hands.press("Enter")
            await hands.sees(until)

    async def registers(self, name: str) -> None:
        """A caller nobody knows, in the pop."""
        hands = self.hands
        with hands.step("register the caller"):
            await hands.sees("#newcomer")
            await self._turns("Alt+u", "#new-name")
            await hands.write(name)
            await hands.press("Control+Enter")
            await hands.sees("#pop .patient-head h2")

    async def says_who(self) -> None:
        """The second of a family."""
        hands = self.hands
        with hands.step("say who calls"):
            await hands.sees("#pop .choose button")
            await hands.press("Alt+u")
            await hands.at("#pop .choose button")
            await hands.press("ArrowDown", "Enter")
            await hands.sees("#pop .patient-head h2")

    async def holds(self) -> None:
        """And goes on."""
        await self._twice("hold and go on", "Alt+p", "hold")

    async def mutes(self) -> None:
        """And speaks again."""
        await self._twice("mute and speak", "Alt+m", "mute")

    async def _twice(self, name: str, key: str, button: str) -> None:
        with self.hands.step(name):
            for pressed in ("true", "false"):
                await self.hands.press(key)
                await self.hands.sees(f"[data-do={button}][aria-pressed={pressed}]")

    async def passes_on(self) -> None:
        """To the colleague at the second desk, without asking."""
        hands = self.hands
        with hands.step("transfer"):
            await hands.press("Alt+t")
            await hands.at("[data-transfer-to]")
            await hands.walk("ArrowDown", "[data-transfer-to=desk-02]")
            await hands.press("Enter")
            await hands.at("[data-do=blind]:enabled")
            await hands.press("Enter")
            await hands.sees(IDLE)

    async def books(self, number: int) -> None:
        """In the pop: the next day, another department, or the first that is free."""
        hands = self.hands
        with hands.step("book"):
            await hands.sees("#desk-booking .slot")
            if number % 3 == 1:
                await self._another_department()
            await self._takes_a_time(number)

    async def _another_department(self) -> None:
        hands = self.hands
        await self._turns("Alt+b", "#booking-department")
        before = await hands.page.input_value("#booking-department")
        await hands.press("ArrowDown", "Enter")
        await hands.sees(f"#booking-department:not(:has(option[value='{before}'][selected]))")

    async def _takes_a_time(self, number: int) -> None:
        """What a rule refuses is tried on the next day."""
        hands = self.hands
        if not await hands.is_at(SLOT):
            await hands.press("Alt+b")
        await hands.at(SLOT)
        if number % 3 == 2:
            await self._next_day()
        for _ in range(TRIES):
            await hands.press("ArrowRight", "Enter")
            await hands.sees(f"{BOOKED_CARD}, [data-problem]:not([hidden])")
            if await hands.shows(BOOKED_CARD):
                return
            await hands.press("Alt+b")
            await self._next_day()
        raise AssertionError("nothing can be booked")

    async def _next_day(self) -> None:
        hands = self.hands
        await hands.at(SLOT)
        day = await hands.page.get_attribute(".strip-day[aria-current]", "id")
        await hands.press("PageDown")
        await hands.sees(f".strip-day[aria-current]:not(#{day})")
        await hands.at(f"{SLOT}, .strip-day")

    async def books_from_the_record(self, who: str) -> None:
        """Of a patient who is found by the end of their number."""
        hands = self.hands
        await hands.press("Alt+w")  # a page without a search of its own
        await hands.sees("#nav a[href='/today'][aria-current]")
        with hands.step("book from the record"):
            await hands.press("/")
            await hands.at("#find")
            await hands.write(who)
            await hands.press("Enter")
            await hands.sees("#page a[href$='/book']")
            await hands.press("Alt+b")
            await hands.at(SLOT)
            await self._takes_a_time(0)

    async def answers_text(self, text: str, *, is_canned: bool = False) -> None:
        """Of whoever waits first."""
        hands = self.hands
        with hands.step("text from a canned answer" if is_canned else "text"):
            await hands.press("Alt+s")
            await hands.at(WAITING)
            await hands.press("Enter")
            await hands.at("#sms-text")
            if is_canned:
                await self._canned()
            else:
                await hands.write(text)
            count = await hands.page.locator(".bubble.out").count()
            await hands.press("Control+Enter")
            await hands.sees(f".bubble.out >> nth={count}")

    async def _canned(self) -> None:
        hands = self.hands
        await hands.walk("Shift+Tab", "select.canned")
        await hands.press("ArrowDown")
        while "{" in await hands.page.input_value("select.canned"):  # strangers have no name to be filled in
            await hands.press("ArrowDown")
        await hands.press("Enter")
        await hands.at("#sms-text")

    async def does(self, kind: Task, text: str) -> None:
        """A task."""
        with self.hands.step(f"task {kind}"):
            match kind:
                case Task.WRITTEN:
                    await self._writes_task(text)
                case Task.DONE:
                    await self._finishes_task()
                case Task.GIVEN:
                    await self._chooses("user_id", "Home")
                case Task.PUT_OFF:
                    await self._chooses("for", "ArrowDown")

    async def _writes_task(self, text: str) -> None:
        hands = self.hands
        await hands.press("Alt+k")
        await hands.at(f"{ROW}, {NEW_TASK}")
        if not await hands.is_at(NEW_TASK):
            await hands.press("Alt+k")
            await hands.at(NEW_TASK)
        await hands.press("Enter")
        await hands.at("#task-text")
        await hands.write(text)
        await hands.press("Control+Enter")
        await hands.sees(f"#tasks .asked:has-text('{text}')")

    async def _finishes_task(self) -> None:
        hands = self.hands
        row = await self._first_task()
        await hands.press("d")
        await hands.page.wait_for_selector(row, state="detached")
        await hands.at("#tasks, #tasks *")

    async def _chooses(self, name: str, key: str) -> None:
        hands = self.hands
        await self._first_task()
        await hands.walk("Tab", f"select[name={name}]")
        async with hands.page.expect_response(lambda answer: answer.request.method == "POST"):
            await hands.press(key, "Enter")
        await hands.at("[data-row], [data-row] *, #tasks")

    async def _first_task(self) -> str:
        hands = self.hands
        for _ in range(TRIES):
            if await hands.is_at(ROW):
                break
            await hands.press("Alt+k")
            await hands.at(f"{ROW}, {NEW_TASK}")
        await hands.at(ROW)
        return f"#{await hands.page.evaluate('document.activeElement.id')}"

    async def _turns(self, key: str, selector: str) -> None:
        """A key that goes to several places of the page in turn."""
        hands = self.hands
        for _ in range(TRIES):
            await hands.press(key)
            if await hands.is_at(selector):
                return
        raise AssertionError(f"{key} does not lead to {selector}")


BUSY, NO_ANSWER, NO_NUMBER, THERE = "19900000006", "19900000007", "19900000019", "13800138000"
OURS = {Call.BUSY: BUSY, Call.NO_ANSWER: NO_ANSWER, Call.WRONG_NUMBER: NO_NUMBER, Call.OURS: THERE}
