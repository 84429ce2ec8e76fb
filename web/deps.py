"""What the web is given: the database, the status, settings, and ports for what other parts do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from aiohttp import web

from crm_core.calls.model import Mode
from crm_core.kernel.actor import Actor
from crm_core.kernel.crypto import MasterKey
from crm_core.kernel.db import Database
from crm_core.kernel.ids import AppointmentId, AttemptId, CallId, Msisdn, SmsId, Uniqueid, UserId
from crm_core.kernel.status import StatusBoard
from letters.service import Office
from recordings.vault import Vault
from sms.letterhead import Letterhead
from web.live import LiveHub


@dataclass(frozen=True, slots=True, kw_only=True)
class SipAccount:
    """What a browser needs to be a telephone at our Asterisk. `path` is its WebSocket on our own origin."""

    path: str
    host: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Times are shown in `timezone`; `default_locale` is for people who are not logged in and said nothing.

    `asterisk_ws_url` is Asterisk's WebSocket as this process reaches it.
    """

    timezone: ZoneInfo
    default_locale: str = "zh_CN"
    hotline: str = "4000"
    hospital_name: str = "hcrm"
    hospital_name_en: str = ""
    public_url: str = ""  # as browsers write an origin
    trusted_proxies: tuple[str, ...] = ()
    second_factor_for: frozenset[str] = frozenset()  # roles that may not go without one
    notice_shows: str = "plain"  # or `number`: what a notice outside the page says of a call
    wrap_up_s: int = 180  # how long an agent may be in wrap-up; 0: as long as they like
    asterisk_ws_url: str = "ws://127.0.0.1:8088/ws"

    @property
    def letterhead(self) -> Letterhead:
        """Who writes to patients."""
        return Letterhead(self.hospital_name, self.hospital_name_en or self.hospital_name, self.timezone)

    def name_in(self, locale: str) -> str:
        """The hospital's, as readers of that language know it."""
        return (self.hospital_name_en if locale == "en" else "") or self.hospital_name

    @property
    def wrap_up(self) -> timedelta:
        """The same as a time."""
        return timedelta(seconds=self.wrap_up_s)

    @property
    def is_secure(self) -> bool:
        """Whether people come by https."""
        return self.public_url.startswith("https:")


class DeskLines(Protocol):
    """Where the secret of a desk's telephone is kept."""

    def account(self, desk: str) -> SipAccount | None:
        """None when no such desk is configured in Asterisk."""
        ...


class ClickToDial(Protocol):
    """Rings desks for calls that do not ring there by themselves."""

    async def dial(self, actor: Actor, desk: str, to: Msisdn) -> None:
        """The desk first, then the number. Raises SendError when refused, OutcomeUnknownError when nobody knows."""
        ...

    async def bring_back(self, actor: Actor, desk: str, patient: Uniqueid) -> None:
        """The patient on this channel rings the desk again. Raises SendError when refused."""
        ...


class Supervising(Protocol):
    """Puts supervisors and colleagues to calls under way, and pauses their recordings. Each is audited.

    Everything raises SendError when Asterisk refused, OutcomeUnknownError when nobody knows, and its rule's error.
    """

    async def begin(self, actor: Actor, agent_id: UserId, mode: Mode) -> None:
        """The supervisor's own telephone rings and hears this agent's call."""
        ...

    async def change(self, actor: Actor, mode: Mode) -> None:
        """Nearer to the call they hear, or less near."""
        ...

    async def stop(self, actor: Actor) -> None:
        """They hear no more."""
        ...

    async def let_in(self, actor: Actor, call_id: CallId) -> None:
        """The colleague whom this agent asks speaks with the patient too."""
        ...

    async def pause(self, actor: Actor, call_id: CallId) -> None:
        """Nothing of this agent's call is recorded for a while."""
        ...

    async def resume(self, actor: Actor, call_id: CallId) -> None:
        """It is recorded again."""
        ...


class Reminders(Protocol):
    """Asks patients whether they will come."""

    async def by_call(self, actor: Actor, appointment_id: AppointmentId) -> AttemptId:
        """Plans a call now. Raises an HcrmError with `rule` when consent forbids it."""
        ...

    async def by_sms(self, actor: Actor, appointment_id: AppointmentId) -> SmsId:
        """Queues a text now. Raises an HcrmError with `rule` when consent forbids it."""
        ...

    async def tell(self, actor: Actor, appointment_id: AppointmentId) -> SmsId:
        """Queues the text that it is booked, moved or cancelled, unless it is on its way."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HandsetSms:
    """One text on a simulated patient's telephone. `mine` when the patient wrote it."""

    mine: bool
    text: str = field(repr=False)
    at: datetime


class DemoHandset(Protocol):
    """The simulated networks, seen from a patient's telephone. Exists in the demo only."""

    @property
    def telephones(self) -> Mapping[str, Sequence[str]]:
        """The numbers of the patients one can be, and whose they are."""
        ...

    async def account(self, msisdn: Msisdn) -> SipAccount:
        """A SIP account whose calls show this caller ID."""
        ...

    async def send(self, msisdn: Msisdn, text: str) -> None:
        """An SMS from this telephone to the hospital."""
        ...

    async def thread(self, msisdn: Msisdn) -> Sequence[HandsetSms]:
        """What this telephone sent and received, oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDeps:
    """Everything a handler may use. `handset` is None outside the demo, and then /demo does not exist."""

    db: Database
    status: StatusBoard
    live: LiveHub
    settings: WebSettings
    lines: DeskLines
    dialing: ClickToDial
    supervising: Supervising
    reminders: Reminders
    vault: Vault
    letters: Office
    factor_key: MasterKey  # seals the secrets of second factors
    handset: DemoHandset | None = None


DEPS = web.AppKey("deps", WebDeps)
