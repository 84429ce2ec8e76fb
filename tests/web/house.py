"""The web application of a small hospital on a fresh database, and browsers without a screen."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web

from crm_core.calls import service as calls
from crm_core.calls.model import Call, Mode
from crm_core.consultations.handlers import SUBSCRIPTIONS
from crm_core.directory import store as directory
from crm_core.kernel.actor import SYSTEM, Actor
from crm_core.kernel.crypto import MasterKey
from crm_core.kernel.db import Database, open_database
from crm_core.kernel.ids import AppointmentId, AttemptId, CallId, Linkedid, Msisdn, SlotId, SmsId, Uniqueid, UserId
from crm_core.kernel.status import StatusBoard
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient, Patient
from crm_core.scheduling import service as scheduling
from crm_core.users import service as users
from crm_core.users.model import User
from letters.model import Sender
from letters.pdf import Press
from letters.service import Office
from recordings.vault import Vault
from sms.errors import ContactForbiddenError
from telephony.provision import fonts, roots
from web.app import create_app
from web.deps import HandsetSms, SipAccount, WebDeps, WebSettings
from web.live import LiveHub

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 3, 2, 2, tzinfo=UTC)  # ten o'clock in the hospital, a Monday
KEY = "a-long-password-for-tests"
ZHANG = Msisdn("+8613800138000")
OFFICE = Office(
    Press(fonts.find(roots.default_cache())), Sender(name="Test hospital", address="健康路 1 号", postcode="310000")
)
SETTINGS = WebSettings(timezone=ZONE, hospital_name="Test hospital", asterisk_ws_url="ws://127.0.0.1:9/ws")


class Lines:
    """Every desk has a telephone."""

    def account(self, desk: str) -> SipAccount | None:
        """The secret is the desk's name backwards."""
        return SipAccount(path="/ws", host="127.0.0.1", user=desk, password=desk[::-1])


@dataclass
class Reminders:
    """Writes down who was to be reminded; `forbidden` is the rule that stops texts."""

    asked: list[tuple[str, AppointmentId]] = field(default_factory=list)
    forbidden: str = ""

    async def by_call(self, actor: Actor, appointment_id: AppointmentId) -> AttemptId:
        """Always planned."""
        self.asked.append(("call", appointment_id))
        return AttemptId(1)

    async def by_sms(self, actor: Actor, appointment_id: AppointmentId) -> SmsId:
        """As consent says."""
        if self.forbidden:
            raise ContactForbiddenError(self.forbidden)
        self.asked.append(("sms", appointment_id))
        return SmsId(1)

    async def tell(self, actor: Actor, appointment_id: AppointmentId) -> SmsId:
        """As consent says."""
        if self.forbidden:
            raise ContactForbiddenError(self.forbidden)
        self.asked.append(("news", appointment_id))
        return SmsId(2)


@dataclass
class Dialing:
    """Nothing rings; who should have is noted."""

    brought_back: list[tuple[str, str]] = field(default_factory=list)
    rung: list[tuple[str, str]] = field(default_factory=list)

    async def dial(self, actor: Actor, desk: str, to: Msisdn) -> None:
        """Taken."""
        self.rung.append((desk, to))

    async def bring_back(self, actor: Actor, desk: str, patient: Uniqueid) -> None:
        """Taken."""
        self.brought_back.append((desk, str(patient)))


@dataclass
class Supervising:
    """Nobody hears anything; who should is noted."""

    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def begin(self, actor: Actor, agent_id: UserId, mode: Mode) -> None:
        """Taken."""
        self.asked.append(("begin", str(agent_id), mode))

    async def change(self, actor: Actor, mode: Mode) -> None:
        """Taken."""
        self.asked.append(("change", mode))

    async def stop(self, actor: Actor) -> None:
        """Taken."""
        self.asked.append(("stop",))

    async def let_in(self, actor: Actor, call_id: CallId) -> None:
        """Taken."""
        self.asked.append(("let in", str(call_id)))

    async def pause(self, actor: Actor, call_id: CallId) -> None:
        """Taken."""
        self.asked.append(("pause", str(call_id)))

    async def resume(self, actor: Actor, call_id: CallId) -> None:
        """Taken."""
        self.asked.append(("resume", str(call_id)))


@dataclass
class Handset:
    """The demo's telephones, in memory."""

    texts: list[HandsetSms] = field(default_factory=list)
    telephones: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"13800138000": ["张三丰"]})

    async def account(self, msisdn: Msisdn) -> SipAccount:
        """One for all."""
        return SipAccount(path="/demo/ws", host="127.0.0.1", user="handset-01", password="demo")

    async def send(self, msisdn: Msisdn, text: str) -> None:
        """Kept."""
        self.texts.append(HandsetSms(mine=True, text=text, at=MORNING))

    async def thread(self, msisdn: Msisdn) -> Sequence[HandsetSms]:
        """All of them."""
        return self.texts


@dataclass
class Browser:
    """One person's cookies and CSRF token."""

    base: str
    http: aiohttp.ClientSession
    csrf: str = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.http.close()

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and text."""
        async with self.http.get(self.base + path, headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str]:
        """As the page does it: with the CSRF token in a header."""
        headers = {"X-CSRF-Token": self.csrf, "Origin": self.base, **headers}
        async with self.http.post(self.base + path, data=form or {}, headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.text()


@dataclass
class House:
    """The application, what it stands on, and the people of the small hospital."""

    db: Database
    deps: WebDeps
    base: str
    reminders: Reminders
    handset: Handset
    users: dict[str, User] = field(default_factory=dict)
    slots: list[SlotId] = field(default_factory=list)
    zhang: Patient | None = None

    async def user(self, login: str, role: str, *, desk: bool = False) -> User:
        """An account; its password is KEY."""
        user = await users.create(
            self.db, SYSTEM, login=login, name=login.title(), role=role, password=KEY, locale="en"
        )
        if desk:
            await users.assign_desk(self.db, user.id)
        self.users[login] = user
        return user

    def nobody(self) -> Browser:
        """A browser that is not logged in."""
        jar = aiohttp.CookieJar(unsafe=True)
        return Browser(self.base, aiohttp.ClientSession(cookie_jar=jar, headers={"Accept-Language": "en"}))

    async def browser(self, login: str, role: str = "", *, desk: bool = False) -> Browser:
        """A logged-in browser; the account is made when it is not there."""
        if login not in self.users:
            await self.user(login, role or login, desk=desk)
        browser = self.nobody()
        status, text = await browser.post("/login", {"login": login, "password": KEY})
        assert status == 303, text
        _status, page = await browser.get("/language-probe")
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found is not None
        browser.csrf = found[1]
        return browser

    async def patient(self, name: str = "张三丰", phone: str = ZHANG) -> Patient:
        """A registered patient."""
        return await patients.register(self.db, SYSTEM, NewPatient(name=name, phones=(phone,), card_no=None))

    async def sessions(self, *, capacity: int = 1) -> list[SlotId]:
        """Tomorrow morning of one practitioner."""
        async with self.db.transaction(SYSTEM) as tx:
            department = await directory.put_department(tx.conn, code="im", name="内科", name_en="Internal medicine")
            doctor = await directory.put_practitioner(tx.conn, department, name="王医生", name_en="Dr Wang")
            start = MORNING + timedelta(days=1)
            self.slots = await scheduling.open_schedule(tx, doctor, start, start + timedelta(hours=2), 30, capacity)
        return self.slots

    async def call(self, linkedid: str, caller: str | None = ZHANG) -> Call:
        """A patient's call that waits in the queue."""
        which = Linkedid(linkedid)
        call = await calls.start(
            self.db,
            linkedid=which,
            uniqueid=Uniqueid(linkedid),
            direction="in",
            caller=Msisdn(caller) if caller else None,
            did="4000",
        )
        await calls.answered(self.db, which)
        await calls.queued(self.db, which, "operators")
        return call

    async def audit(self) -> list[tuple[str, str, str]]:
        """(actor, action, outcome), oldest first."""
        async with self.db.connection() as conn:
            rows = await conn.fetch("SELECT actor, action, outcome FROM audit ORDER BY id")
        return [(row["actor"], row["action"], row["outcome"]) for row in rows]

    async def refusals(self) -> list[tuple[str, str, int]]:
        """(address, reason, how often) of who is nobody."""
        async with self.db.connection() as conn:
            rows = await conn.fetch("SELECT address, reason, count FROM refusal ORDER BY minute, address, reason")
        return [(row["address"], row["reason"], row["count"]) for row in rows]


@asynccontextmanager
async def open_house(
    url: str, folder: Path, *, with_demo: bool = True, settings: WebSettings = SETTINGS
) -> AsyncIterator[House]:
    """Serves on a port of its own until the block ends."""
    async with open_database(url, subscriptions=SUBSCRIPTIONS, clock=lambda: MORNING) as db:
        board, reminders, handset = StatusBoard(), Reminders(), Handset()
        deps = WebDeps(
            db=db,
            status=board,
            live=LiveHub(settings.timezone),
            settings=settings,
            lines=Lines(),
            dialing=Dialing(),
            supervising=Supervising(),
            reminders=reminders,
            letters=OFFICE,
            vault=Vault(folder, MasterKey(b"k" * 32)),
            factor_key=MasterKey(b"f" * 32),
            handset=handset if with_demo else None,
        )
        runner = web.AppRunner(create_app(deps), access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            yield House(db, deps, f"http://{host}:{port}", reminders, handset)
        finally:
            await runner.cleanup()
