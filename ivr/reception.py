"""Where the dialplan hands callers over: who is it, which flow, and off it goes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from zoneinfo import ZoneInfo

from crm_core.calls import service as calls
from crm_core.calls.model import Call, Direction
from crm_core.events import AttemptAnswered
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.calendar import USUAL_HOURS, OpeningHours, opening
from crm_core.kernel.db import Database
from crm_core.kernel.errors import HcrmError, NotFoundError
from crm_core.kernel.ids import AttemptId, Msisdn
from crm_core.kernel.msisdn import try_parse_msisdn
from crm_core.patients import store as patients
from crm_core.scheduling import store as schedules
from crm_core.scheduling.model import Channel
from ivr import store
from ivr.engine import start
from ivr.facts import Appointment, Facts, Person
from ivr.flow import Flow
from ivr.hospital import Hospital, appointment, person
from ivr.library import FlowLibrary
from ivr.phrases import phrase
from ivr.prompt import Language, Text
from ivr.prompt_files import PromptFiles
from ivr.runner import Conversation, Telephone
from telephony import names
from telephony.fastagi import Handler

log = logging.getLogger("ivr")

BEGIN_WITHIN_S = 4.0  # of silence, before a caller is told and sent to a person


class NothingToSayError(NotFoundError):
    """An outbound call without an attempt, an appointment or a patient."""

    code = "nothing_to_say"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """`hospital` is its name in both languages."""

    db: Database
    prompts: PromptFiles
    hospital: Text
    zone: ZoneInfo
    hours: OpeningHours = USUAL_HOURS
    flows: FlowLibrary = field(default_factory=FlowLibrary)
    clock_s: Callable[[], float] = monotonic  # for how long a call lasts

    def routes(self) -> Mapping[str, Handler]:
        """By AGI path."""
        return {names.AGI_HOTLINE: self.hotline, names.AGI_REMINDER: self.reminder}

    async def hotline(self, channel: Telephone) -> None:
        """A patient calls."""
        conversation = await _or_give_back(channel, self._begin_hotline)
        if conversation:
            await conversation.run()

    async def reminder(self, channel: Telephone) -> None:
        """A patient has answered our call about an appointment."""
        conversation = await _or_give_back(channel, self._begin_reminder)
        if conversation is None:
            return
        about = conversation.session.appointment
        if about is None:
            await self._say_settled(channel, conversation.session.language)
        else:
            await conversation.run()

    async def _begin_hotline(self, channel: Telephone) -> Conversation:
        request = channel.request
        caller = try_parse_msisdn(request.caller) if request.caller else None
        call = await self._call(channel, Direction.IN, caller, None)
        async with self.db.connection() as conn:
            flow = await self.flows.current(conn, "hotline")
        return self._conversation(channel, call, flow, self._facts(caller), Channel.IVR)

    async def _begin_reminder(self, channel: Telephone) -> Conversation:
        attempt_id = await channel.get_variable(names.VAR_ATTEMPT_ID) or ""
        if not attempt_id.isdecimal():
            raise NothingToSayError("no attempt")
        attempt = AttemptId(int(attempt_id))
        facts, flow = await self._about(attempt)
        call = await self._call(channel, Direction.OUT, facts.caller, attempt)
        async with self.db.transaction(SYSTEM) as tx:
            await tx.emit(
                AttemptAnswered(
                    attempt_id=attempt,
                    by=names.BY_HUMAN,
                    call_id=call.id,
                    patient_id=facts.patient.id if facts.patient else None,
                    starts_at=facts.appointment.slot.starts_at if facts.appointment else None,
                )
            )
        return self._conversation(channel, call, flow, facts, Channel.CALL)

    async def _about(self, attempt_id: AttemptId) -> tuple[Facts, Flow]:
        async with self.db.connection() as conn:
            subject = await store.attempt_subject(conn, attempt_id)
            if subject is None:
                raise NothingToSayError("no such attempt")
            booked = await schedules.get(conn, subject.appointment_id)
            patient = await patients.get(conn, subject.patient_id)
            if booked is None or patient is None:
                raise NothingToSayError("no such appointment or patient")
            facts = self._facts(
                subject.msisdn,
                patient=person(patient),
                appointment=appointment(booked, self.zone) if booked.is_open else None,
            )
            return facts, await self.flows.current(conn, "reminder")

    async def _call(
        self, channel: Telephone, direction: Direction, caller: Msisdn | None, attempt_id: AttemptId | None
    ) -> Call:
        request = channel.request
        return await calls.start(
            self.db,
            linkedid=request.linkedid,
            uniqueid=request.uniqueid,
            direction=direction,
            caller=caller,
            did=request.did if direction is Direction.IN else "",
            attempt_id=attempt_id,
        )

    def _facts(
        self, caller: Msisdn | None, *, patient: Person | None = None, appointment: Appointment | None = None
    ) -> Facts:
        now = self.db.clock().astimezone(self.zone)
        return Facts(
            now=now,
            hospital=self.hospital,
            hours=opening(self.hours, now, self.zone),
            caller=caller,
            patient=patient,
            appointment=appointment,
        )

    def _conversation(
        self, channel: Telephone, call: Call, flow: Flow, facts: Facts, booked_by: Channel
    ) -> Conversation:
        session, effect = start(flow, facts)
        return Conversation(
            db=self.db,
            prompts=self.prompts,
            hospital=Hospital(self.db, call.id, booked_by, self.zone),
            telephone=channel,
            flow=flow,
            call=call,
            session=session,
            effect=effect,
            logged_language=call.language,
            clock_s=self.clock_s,
        )

    async def _say_settled(self, channel: Telephone, language: Language) -> None:
        """The appointment was cancelled or moved while the telephone rang."""
        await channel.play(await self.prompts.paths(phrase(language, "settled")))
        await channel.set_variable(names.VAR_NEXT, names.NEXT_HANGUP)


async def _or_give_back(
    channel: Telephone, begin: Callable[[Telephone], Awaitable[Conversation]]
) -> Conversation | None:
    """None when the call cannot begin: HCRM_NEXT stays empty, the dialplan apologises and finds a person."""
    try:
        async with asyncio.timeout(BEGIN_WITHIN_S):
            return await begin(channel)
    except (HcrmError, TimeoutError) as error:
        fields = {"uniqueid": channel.request.uniqueid, "error": type(error).__name__}
        log.warning("a call cannot begin and is given back to the dialplan", extra=fields)
        return None
