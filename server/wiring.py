"""Who is given what. The one place that knows everybody: reactions, jobs, services, the web's ports."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import asyncpg
from aiohttp import web

from crm_core.calls import handlers as call_handlers
from crm_core.calls import wrap_up
from crm_core.consultations import handlers as consultation_handlers
from crm_core.kernel import audit_chain, jobs
from crm_core.kernel.crypto import MasterKey
from crm_core.kernel.db import CANNOT_CONNECT, CONNECT_TIMEOUT_S, LOST, Database
from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.event import Subscription
from crm_core.kernel.jobs import Job
from crm_core.kernel.notices import PART, Notices
from crm_core.kernel.status import StatusBoard
from crm_core.tasks import handlers as task_handlers
from demo.gsm.client import HandsetClient
from dialer import handlers as dialer_handlers
from dialer.settings import DialerSettings
from dialer.worker import Worker
from ivr import housekeeping
from ivr.prompt import Text
from ivr.prompt_files import PromptFiles
from ivr.reception import Reception
from ivr.tts import EspeakNg
from letters.model import Sender
from letters.pdf import Press
from letters.service import Office
from recordings import handlers as recording_handlers
from recordings import jobs as recording_jobs
from recordings.monitor import Monitor
from recordings.retention import Retention
from recordings.vault import Vault
from server import nightly, tls
from server.config import Config
from server.secret_store import Secrets
from server.supervising import Supervising
from server.supervisor import Service
from server.web_ports import DeskTelephones, Dialing, Handset, ReminderDesk
from sms import handlers as sms_handlers
from sms import jobs as sms_jobs
from sms import modems
from sms.letterhead import Letterhead
from telephony import handlers as telephony_handlers
from telephony import jobs as telephony_jobs
from telephony import silence
from telephony.ami import Ami, AmiSettings
from telephony.desk_lines import DeskLines
from telephony.ears import Ears
from telephony.fastagi import FastAgiServer
from telephony.provision import fonts, tools
from telephony.tracker import CallTracker
from web.app import create_app
from web.deps import WebDeps, WebSettings
from web.live import LiveHub

log = logging.getLogger("wiring")
DEMO_ADDRESS = ("浙江省杭州市西湖区健康路 1 号", "310012")

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    *task_handlers.SUBSCRIPTIONS,
    *call_handlers.SUBSCRIPTIONS,
    *consultation_handlers.SUBSCRIPTIONS,
    *telephony_handlers.SUBSCRIPTIONS,
    *dialer_handlers.SUBSCRIPTIONS,
    *sms_handlers.SUBSCRIPTIONS,
    *recording_handlers.SUBSCRIPTIONS,
)


@dataclass(frozen=True, slots=True)
class Server:
    """The parts of one process, made but not started."""

    config: Config
    secrets: Secrets
    url: str
    db: Database
    calls: Database  # the same with connections that pages cannot exhaust
    board: StatusBoard

    def services(self) -> tuple[Service, ...]:
        """Everything that runs until the process ends, each restarted alone."""
        ami = self._ami()
        dialer = Worker(self.calls, ami, self._dialer_settings())
        ami.subscribe(CallTracker(self.calls, ami, most_missed=self.config.desks.missed_rings).handle)
        ami.subscribe(DeskLines(self.calls, ami).handle)
        ami.subscribe(Ears(self.calls, ami).handle)
        ami.subscribe(dialer.hear)
        reception = self.reception()
        fastagi = FastAgiServer(reception.routes(), port=self.config.ports.fastagi)
        live = LiveHub(self.config.hospital.timezone)
        notices = Notices(self.db, self.board)
        notices.subscribe(dialer.told)
        notices.subscribe(live.hear)
        return (
            Service("fastagi", fastagi.run),
            Service("ami", ami.run, reports=True),
            Service("jobs", partial(self._work, notices, self._jobs(ami))),
            Service("dialer", dialer.run),
            Service("audit", partial(audit_chain.keep_sealing, self.db)),
            *self._wrap_up(),
            Service("recording pauses", partial(silence.keep_resuming, self.calls, ami)),
            Service("nightly", partial(nightly.run, self.db, self.board, self.config.hospital.timezone)),
            Service("recordings", self._sweep_recordings),
            Service("prompts", partial(self._keep_prompts, reception)),
            Service(PART, notices.run, reports=True),
            Service("web", partial(self._serve_web, self._web_deps(ami, live))),
            *(Service(name, run, reports=name.startswith("modem:")) for name, run in self._sms(notices)),
        )

    def _wrap_up(self) -> tuple[Service, ...]:
        limit = timedelta(seconds=self.config.desks.wrap_up_s)
        return (Service("wrap-up", partial(wrap_up.keep_ending, self.calls, limit)),) if limit else ()

    def _ami(self) -> Ami:
        return Ami(AmiSettings(port=self.config.ports.ami, secret=self.secrets.ami), status=self.board)

    def _dialer_settings(self) -> DialerSettings:
        hospital = self.config.hospital
        reminders = self.config.reminders
        return DialerSettings(
            caller_id=hospital.number,
            timezone=hospital.timezone,
            plan_from=reminders.plan_from,
            max_calls=reminders.lines,
            ring_s=reminders.ring_s,
        )

    @property
    def vault(self) -> Vault:
        """Where sealed audio lies."""
        return Vault(self.config.places.recordings, MasterKey(self.secrets.recordings_key))

    @property
    def letterhead(self) -> Letterhead:
        """Who writes."""
        hospital = self.config.hospital
        return Letterhead(hospital.name, hospital.name_en, hospital.timezone)

    def reception(self) -> Reception:
        """Who speaks with callers."""
        hospital = self.config.hospital
        engine = EspeakNg(tools.tool("espeak-ng", self.config.places.cache))
        return Reception(
            db=self.calls,
            prompts=PromptFiles(self.config.places.prompts, engine),
            hospital=Text(hospital.name, hospital.name_en),
            zone=hospital.timezone,
        )

    def _jobs(self, ami: Ami) -> tuple[Job, ...]:
        return (
            *telephony_jobs.jobs(self.db, ami),
            *sms_jobs.jobs(
                self.db,
                self.letterhead,
                timedelta(hours=self.config.texts.silent_hours),
                tells_bookings=self.config.texts.bookings,
            ),
            *recording_jobs.jobs(self.db, self.vault, Monitor(self.config.places.monitor)),
        )

    async def _work(self, notices: Notices, known: Sequence[Job]) -> None:
        """The job worker, on a connection of its own. Raises DatabaseUnavailableError when it breaks."""
        try:
            conn = await asyncpg.connect(self.url, timeout=CONNECT_TIMEOUT_S)
        except CANNOT_CONNECT as error:
            raise DatabaseUnavailableError(type(error).__name__) from error
        try:
            await jobs.work(conn, notices, known)
        except LOST as error:
            raise DatabaseUnavailableError(type(error).__name__) from error
        finally:
            conn.terminate()

    async def _sweep_recordings(self) -> None:
        kept = self.config.recordings
        retention = Retention(call_days=kept.call_days, voicemail_days=kept.voicemail_days)
        await recording_jobs.sweep_rounds(self.db, self.vault, Monitor(self.config.places.monitor), retention)

    async def _keep_prompts(self, reception: Reception) -> None:
        await housekeeping.run(self.db, reception.prompts, hospital=reception.hospital, zone=reception.zone)

    def _sms(self, notices: Notices) -> tuple[tuple[str, Callable[[], Awaitable[None]]], ...]:
        devices = modems.devices(self.config.modem_devices)
        return modems.services(self.db, notices, self.board, devices, zone=self.config.hospital.timezone)

    def _web_deps(self, ami: Ami, live: LiveHub) -> WebDeps:
        config = self.config
        return WebDeps(
            db=self.db,
            status=self.board,
            live=live,
            settings=WebSettings(
                timezone=config.hospital.timezone,
                default_locale=config.hospital.locale,
                hotline=config.hospital.number,
                hospital_name=config.hospital.name,
                hospital_name_en=config.hospital.name_en,
                public_url=config.public_url,
                trusted_proxies=config.web.trusted_proxies,
                asterisk_ws_url=f"ws://127.0.0.1:{config.ports.asterisk_http}/ws",
                notice_shows=config.desks.call_notice,
                wrap_up_s=config.desks.wrap_up_s,
                second_factor_for=frozenset() if config.demo.enabled else frozenset(config.accounts.second_factor),
            ),
            lines=DeskTelephones(config.ports.sip_listen, self.secrets.desks),
            dialing=Dialing(self.db, ami),
            supervising=Supervising(self.db, ami),
            reminders=ReminderDesk(self.db, self.letterhead, config.hospital.timezone),
            vault=self.vault,
            letters=self._office(),
            factor_key=MasterKey(self.secrets.factor_key),
            handset=self._handset() if config.demo.enabled else None,
        )

    def _office(self) -> Office:
        """The demo has an address, so that its envelopes show where one stands."""
        hospital = self.config.hospital
        address, postcode = hospital.address, hospital.postcode
        if self.config.demo.enabled and not address:
            address, postcode = DEMO_ADDRESS
        sender = Sender(name=hospital.name, address=address, postcode=postcode)
        return Office(Press(fonts.find(self.config.places.cache)), sender)

    def _handset(self) -> Handset:
        places, host = self.config.places, self.config.ports.sip_listen
        return Handset(self.db, HandsetClient(places.gsm_control), host, self.secrets.handsets)

    async def _serve_web(self, deps: WebDeps) -> None:
        runner = web.AppRunner(create_app(deps), access_log=None, handle_signals=False, shutdown_timeout=2.0)
        await runner.setup()
        try:
            ports = self.config.ports
            trust = tls.context(self.config.web.tls_cert, self.config.web.tls_key)
            await web.TCPSite(runner, ports.listen, ports.http, ssl_context=trust).start()
            await tls.keep_fresh(trust, self.config.web.tls_cert, self.config.web.tls_key)
        finally:
            await runner.cleanup()
