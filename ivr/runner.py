"""A caller on the telephone, a flow and the hospital: does what the engine decides, effect by effect.

When anything here fails HCRM_NEXT stays empty: the dialplan then apologises and sends the caller to a person.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Protocol, assert_never

from crm_core.calls import service as calls
from crm_core.calls.model import Call
from crm_core.kernel.db import Database
from crm_core.kernel.errors import HcrmError
from ivr.engine import advance
from ivr.flow import (
    Ask,
    Book,
    Cancel,
    Confirm,
    CountStaff,
    Digits,
    Effect,
    Enqueue,
    Failed,
    FindByCallerId,
    FindByCard,
    Flow,
    FreeSlots,
    Hangup,
    Input,
    ListDepartments,
    Play,
    Played,
    Refused,
    Request,
    RequestCallback,
    Reschedule,
    Session,
    SetLanguage,
    TimedOut,
    Upcoming,
    Voicemail,
)
from ivr.hospital import Hospital
from ivr.prompt_files import PromptFiles
from ivr.tts import SpeechError
from telephony import names
from telephony.agi_channel import ANY_KEY, DigitsRead, End
from telephony.agi_protocol import AgiRequest

log = logging.getLogger("ivr")

LOG_WITHIN_S = 3.0
LONGEST_CALL_S = 30 * 60.0  # in the machine's hands; then a person takes over


class Telephone(Protocol):
    """The part of telephony.fastagi.AgiChannel that a flow needs."""

    @property
    def request(self) -> AgiRequest:
        """Who calls."""

    async def play(self, sounds: Sequence[str], escape_digits: str = "") -> str:
        """The key that stopped it, or ""."""

    async def wait_key(self, timeout_s: float) -> str:
        """The next key, or ""."""

    async def read_digits(
        self,
        sounds: Sequence[str],
        *,
        max_digits: int,
        first_timeout_s: float = 5.0,
        next_timeout_s: float = 3.0,
        terminator: str = "#",
    ) -> DigitsRead:
        """What was typed."""

    async def forget_keys(self) -> None:
        """What was typed ahead does not count."""

    async def set_variable(self, name: str, value: str) -> None:
        """A channel variable."""

    async def get_variable(self, name: str) -> str | None:
        """None when it is not set."""


@dataclass(slots=True)
class Conversation:
    """One call. `logged` is how many nodes of the path the call log knows, `logged_language` what it is spoken in.

    `logging` may just be writing more of the path.
    """

    db: Database
    prompts: PromptFiles
    hospital: Hospital
    telephone: Telephone
    flow: Flow
    call: Call
    session: Session
    effect: Effect
    logged_language: str
    logged: int = 0
    logging: asyncio.Task[None] | None = None
    clock_s: Callable[[], float] = monotonic  # for how long the call lasts

    async def run(self) -> None:
        """From the first word to HCRM_NEXT. Raises CallerHungUp; the path is in the call log either way."""
        deadline = self.clock_s() + LONGEST_CALL_S
        try:
            if self.session.language != self.session.facts.language:
                await self._speak_language()
            while (said := await self._execute(self.effect)) is not None:
                before = self.session
                if self.clock_s() > deadline:
                    said = Failed("call_too_long")
                self.session, self.effect = advance(self.flow, before, said)
                await self._note_changes(before)
        finally:
            await self._log_path()

    async def _execute(self, effect: Effect) -> Input | None:
        """What the world answers; None when the flow is over."""
        match effect:
            case Play() | Ask():
                return await self._say(effect)
            case Enqueue(_):
                await self.telephone.set_variable(names.VAR_NEXT, names.NEXT_QUEUE)
                return None
            case Voicemail():
                await self.telephone.set_variable(names.VAR_NEXT, names.NEXT_VOICEMAIL)
                return None
            case Hangup():
                await self.telephone.set_variable(names.VAR_NEXT, names.NEXT_HANGUP)
                return None
            case Book() | Cancel() | Confirm() | Reschedule() | RequestCallback() | SetLanguage():
                return await self._change(effect)
            case FindByCallerId() | FindByCard() | ListDepartments() | FreeSlots() | Upcoming() | CountStaff():
                return await self.hospital.answer(effect)
            case _:
                assert_never(effect)

    async def _change(self, request: Request) -> Input:
        """After a refusal, keys typed ahead do not count: the caller meant them for another question."""
        said = await self.hospital.answer(request)
        if isinstance(said, Refused):
            await self.telephone.forget_keys()
        return said

    async def _say(self, effect: Play | Ask) -> Input:
        try:
            sounds = await self.prompts.paths(effect.prompt)
        except SpeechError as error:
            log.warning("a prompt cannot be spoken", extra=self._fields() | {"error": str(error)})
            return Failed(error.code)
        self._log_path_meanwhile()
        if isinstance(effect, Play):
            return Played(await self.telephone.play(sounds, ANY_KEY if effect.barge_in else ""))
        return await self._ask(effect, sounds)

    async def _ask(self, ask: Ask, sounds: list[str]) -> Input:
        if ask.already:
            return Digits(await self._rest(ask))
        read = await self.telephone.read_digits(
            sounds,
            max_digits=ask.max_digits,
            first_timeout_s=ask.first_s,
            next_timeout_s=ask.next_s,
            terminator=ask.terminator,
        )
        return TimedOut() if not read.digits and read.end is End.TIMEOUT else Digits(read.digits)

    async def _rest(self, ask: Ask) -> str:
        """The caller has begun to type before the question was asked."""
        keys = ask.already
        while len(keys) < ask.max_digits and (key := await self.telephone.wait_key(ask.next_s)):
            if key == ask.terminator:
                break
            keys += key
        return keys

    async def _note_changes(self, before: Session) -> None:
        """Language and patient go into the call log when they change, so that an agent's page shows them."""
        now = self.session
        if now.language != before.language:
            await self._speak_language()
        if now.patient and now.patient != before.patient and now.patient.id != self.call.patient_id:
            await self._quietly(calls.set_patient(self.db, self.call.id, now.patient.id))

    async def _speak_language(self) -> None:
        """The dialplan's own prompts follow."""
        language = self.session.language
        await self.telephone.set_variable(names.VAR_LANGUAGE, language)
        if language != self.logged_language:
            self.logged_language = language
            await self._quietly(calls.set_language(self.db, self.call.id, language))

    def _log_path_meanwhile(self) -> None:
        """While the caller listens and types, so that a process that is killed takes little with it."""
        if self.logging is None or self.logging.done():
            self.logging = asyncio.create_task(self._put_path())

    async def _log_path(self) -> None:
        """The rest of it. The caller waits meanwhile, so not for long, whatever PostgreSQL does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOG_WITHIN_S):
                if self.logging is not None:
                    await self.logging
                await self._put_path()

    async def _put_path(self) -> None:
        path = self.session.path
        if len(path) == self.logged:
            return
        version = f"{self.flow.name}/{self.flow.version}"
        if await self._quietly(calls.visit(self.db, self.call.id, path, version, before=len(self.call.path))):
            self.logged = len(path)

    async def _quietly(self, note: Coroutine[object, object, object]) -> bool:
        """Whether the call log was written; the call goes on when it cannot be."""
        try:
            async with asyncio.timeout(LOG_WITHIN_S):
                await note
            return True
        except (HcrmError, TimeoutError) as error:
            log.warning("the call log was not written", extra=self._fields() | {"error": type(error).__name__})
            return False

    def _fields(self) -> dict[str, str]:
        return {"call_id": str(self.call.id), "node": self.session.node}
