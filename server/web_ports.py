"""What the web is given for its ports: telephones, dialling, reminders, and the demo's handset."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.kernel.errors import TemporarySendError
from crm_core.kernel.ids import AppointmentId, AttemptId, Msisdn, SmsId, Uniqueid
from demo.fortnight import texting
from demo.gsm.client import HandsetClient, NetworkUnavailableError, RefusedError
from demo.seed_data import people
from dialer import service as dialer
from sms import service as sms
from sms import store as sms_store
from sms import telling
from sms.letterhead import Letterhead
from sms.model import Sms, SmsState
from telephony.ami import Ami
from telephony.control import bring_to_desk, click_to_dial
from web import telephone
from web.deps import HandsetSms, SipAccount

log = logging.getLogger("web ports")

THREAD_LENGTH = 50


@dataclass(frozen=True, slots=True)
class DeskTelephones:
    """Desks' SIP accounts, from the secrets of this home."""

    host: str
    passwords: Mapping[str, str] = field(repr=False)

    def account(self, desk: str) -> SipAccount | None:
        """None when no such desk is configured in Asterisk."""
        password = self.passwords.get(desk)
        if password is None:
            return None
        return SipAccount(path=telephone.PATH, host=self.host, user=desk, password=password)


@dataclass(frozen=True, slots=True)
class Dialing:
    """Click to dial, and a call brought back to its desk, audited before anything rings."""

    db: Database
    ami: Ami

    async def dial(self, actor: Actor, desk: str, to: Msisdn) -> None:
        """Rings the desk first, then the number."""
        async with self.db.transaction(actor) as tx:
            await audit.record(tx, "dial", "desk", desk)
        await click_to_dial(self.ami, desk, to)

    async def bring_back(self, actor: Actor, desk: str, patient: Uniqueid) -> None:
        """The patient leaves the telephone that is gone and rings this one; after 15 s without an answer, the queue."""
        async with self.db.transaction(actor) as tx:
            await audit.record(tx, "bring call back", "desk", desk)
        await bring_to_desk(self.ami, patient, desk)


@dataclass(frozen=True, slots=True)
class ReminderDesk:
    """Reminders by both ways."""

    db: Database
    letterhead: Letterhead
    timezone: ZoneInfo

    async def by_call(self, actor: Actor, appointment_id: AppointmentId) -> AttemptId:
        """Plans a call now, or for the next hour in which people may be called."""
        return await dialer.remind(self.db, actor, appointment_id, timezone=self.timezone)

    async def by_sms(self, actor: Actor, appointment_id: AppointmentId) -> SmsId:
        """Queues a text."""
        return await sms.remind_by_sms(self.db, actor, appointment_id, letterhead=self.letterhead)

    async def tell(self, actor: Actor, appointment_id: AppointmentId) -> SmsId:
        """Queues the news of it."""
        return await telling.tell(self.db, actor, appointment_id, letterhead=self.letterhead)


@dataclass(frozen=True, slots=True)
class Handset:
    """The demo's telephones: SIP through Asterisk, texts through the simulated GSM network."""

    db: Database
    network: HandsetClient
    host: str
    passwords: Mapping[str, str] = field(repr=False)
    telephones: Mapping[str, Sequence[str]] = field(default_factory=people.telephones)

    async def account(self, msisdn: Msisdn) -> SipAccount:
        """Which of the demo's lines does not matter: the caller ID is what the page sends."""
        lines = sorted(self.passwords)
        line = lines[int(msisdn[1:]) % len(lines)]
        return SipAccount(path=telephone.DEMO_PATH, host=self.host, user=line, password=self.passwords[line])

    async def send(self, msisdn: Msisdn, text: str) -> None:
        """An SMS from this telephone to the hospital."""
        try:
            await self.network.send(msisdn, text)
        except (NetworkUnavailableError, RefusedError) as error:
            raise TemporarySendError("the simulated network did not take it") from error

    async def thread(self, msisdn: Msisdn) -> Sequence[HandsetSms]:
        """What the telephone received, the demo's history too, and of what it sent, what reached the hospital."""
        try:
            received = await self.network.inbox(msisdn)
        except NetworkUnavailableError as error:
            raise TemporarySendError("the simulated network does not answer") from error
        async with self.db.connection() as conn:
            sent = await sms_store.page(conn, peer=msisdn, direction="in", limit=THREAD_LENGTH)
            written = await sms_store.page(conn, peer=msisdn, direction="out", limit=THREAD_LENGTH)
        both = [HandsetSms(mine=False, text=one.text, at=one.at) for one in received[-THREAD_LENGTH:]]
        both += [HandsetSms(mine=False, text=one.text, at=one.created_at) for one in written if _is_history(one)]
        both += [HandsetSms(mine=True, text=one.text, at=one.created_at) for one in sent]
        return sorted(both, key=lambda one: one.at)


def _is_history(one: Sms) -> bool:
    """The seed wrote it down as delivered: it was never on the simulated network."""
    return one.modem == texting.MODEM and one.state is SmsState.DELIVERED
