"""Reminder calls from the wish to the recording: two real Asterisks, a real database, the dialer, the voice menu.

The hospital's Asterisk runs asterisk_conf/, the other one is the demo's carrier with its patients.
"""

import asyncio
import struct
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from crm_core.calls import store as call_store
from crm_core.calls.model import Call
from crm_core.consent import service as consent
from crm_core.consent.model import QuietHours, every_day
from crm_core.directory import store as directory
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.crypto import MasterKey
from crm_core.kernel.db import Database, open_database
from crm_core.kernel.ids import AppointmentId, SlotId
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from crm_core.scheduling import service as scheduling
from crm_core.scheduling import store as appointments
from crm_core.scheduling.model import Status
from crm_core.tasks import handlers as task_handlers
from crm_core.tasks import service as tasks
from demo.carrier import Carrier, command, provision
from dialer import handlers as dialer_handlers
from dialer import service as dialer
from dialer import store as attempts
from dialer.attempt import Attempt, State
from dialer.settings import DialerSettings
from dialer.worker import Worker
from ivr import service as flows
from ivr.prompt import Text
from ivr.prompt_files import PromptFiles
from ivr.reception import Reception
from recordings import handlers as recording_handlers
from recordings import keeping
from recordings import service as recordings
from recordings.errors import StillRecordingError
from recordings.model import Recording
from recordings.monitor import Monitor
from recordings.vault import Vault
from telephony.provision import tools
from telephony.tracker import CallTracker
from tests.asterisk.carrier_tree import asterisk_here
from tests.asterisk.real_asterisk import RealAsterisk, answering, linked, running_asterisk
from tests.db.ivr_fixtures import Beeping
from tests.eventually import eventually
from tests.hearing import hearing

pytestmark = pytest.mark.asterisk

API = Actor(ActorKind.TOKEN, "token:1", Role.API)
ANY_TIME = every_day("00:00-24:00")
SHANGHAI = ZoneInfo("Asia/Shanghai")
SETTINGS = DialerSettings(caller_id="02088886666", timezone=SHANGHAI, ring_s=15, max_calls=12, plan_from=None)


@dataclass
class Stage:
    db: Database
    vault: Vault
    monitor: Monitor
    slots: list[SlotId]

    async def book(self, phone: str, slot: int = 0) -> AppointmentId:
        patient = await patients.register(self.db, SYSTEM, NewPatient(name="张三丰", phones=(phone,)))
        booked = await scheduling.book(
            self.db, SYSTEM, patient_id=patient.id, slot_id=self.slots[slot], channel="agent"
        )
        return booked.id

    async def remind(self, appointment_id: AppointmentId) -> None:
        await dialer.remind(self.db, API, appointment_id, timezone=SHANGHAI)

    async def attempts(self, appointment_id: AppointmentId) -> list[Attempt]:
        async with self.db.connection() as conn:
            return await attempts.of_appointment(conn, appointment_id)

    async def status(self, appointment_id: AppointmentId) -> Status:
        async with self.db.connection() as conn:
            found = await appointments.get(conn, appointment_id)
        assert found
        return found.status

    async def ended(self, appointment_id: AppointmentId, *, within_s: float = 60.0) -> Attempt:
        """The first try, once it is over."""

        async def over() -> Attempt | None:
            first = (await self.attempts(appointment_id))[0]
            return None if first.is_open else first

        found = await eventually(over, within_s=within_s, every_s=0.2, what="the try is over")
        assert found
        return found

    async def call(self, attempt: Attempt) -> Call:
        async with self.db.connection() as conn:
            found = await call_store.get_by_linkedid(conn, attempt.linkedid)
        assert found
        return found

    async def recording(self, call: Call) -> Recording:
        async def stored() -> list[Recording]:
            with suppress(StillRecordingError):
                await keeping.store_call(self.db, self.vault, self.monitor, call.id)
            return (await recordings.of_call(self.db, API, call.id))[0]

        return (await eventually(stored, every_s=0.5, what="a recording"))[0]


@pytest.fixture(scope="module")
def carrier(started_asterisk: RealAsterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where the hospital's trunk leads."""
    with running_carrier(started_asterisk, tmp_path_factory.mktemp("carrier")):
        yield


@contextmanager
def running_carrier(asterisk: RealAsterisk, folder: Path) -> Iterator[None]:
    """The other end of this Asterisk's trunk."""
    carrier = Carrier(
        folder=folder,
        asterisk=asterisk_here(),
        espeak=tools.tool("espeak-ng"),
        sip_port=asterisk.carrier_port,
        rtp_ports=asterisk.carrier_rtp_ports,
        ring_s=0.3,
    )
    provision(carrier)
    process = subprocess.Popen(command(carrier), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
async def stage(asterisk: RealAsterisk, carrier: None, database_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """On the Asterisk that all tests of this folder share."""
    async with at_work(asterisk, database_url, tmp_path) as stage:
        yield stage
    asterisk.hang_up_all()


@asynccontextmanager
async def at_work(asterisk: RealAsterisk, database_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A hospital that calls its patients."""
    async with AsyncExitStack() as stack:
        reactions = (*task_handlers.SUBSCRIPTIONS, *dialer_handlers.SUBSCRIPTIONS, *recording_handlers.SUBSCRIPTIONS)
        db = await stack.enter_async_context(open_database(database_url, subscriptions=reactions))
        slots = await furnish(db)
        reception = Reception(
            db=db,
            prompts=PromptFiles(tmp_path / "prompts", Beeping(seconds=0.4)),
            hospital=Text("仁和医院", "Renhe Hospital"),
            zone=SETTINGS.timezone,
        )
        await stack.enter_async_context(answering(asterisk, **reception.routes()))
        ami = asterisk.ami()
        worker = Worker(db, ami, SETTINGS)
        ami.subscribe(CallTracker(db, ami).handle)
        ami.subscribe(worker.hear)
        await stack.enter_async_context(linked(ami))
        await stack.enter_async_context(hearing(db, worker.told))
        running = asyncio.create_task(worker.run())
        stack.callback(running.cancel)
        yield Stage(db, Vault(tmp_path / "recordings", MasterKey(b"m" * 32)), Monitor(asterisk.monitor), slots)


async def furnish(db: Database) -> list[SlotId]:
    """One practitioner with places tomorrow, the shipped flows, telephone hours that never end."""
    await consent.set_hours(db, SYSTEM, QuietHours(care=ANY_TIME, marketing=ANY_TIME))
    await flows.ensure_shipped(db)
    async with db.transaction(SYSTEM) as tx:
        department = await directory.put_department(tx.conn, code="gyn", name="妇科", name_en="Gynaecology")
        doctor = await directory.put_practitioner(tx.conn, department, name="林巧", name_en="Lin Qiao")
        start = tx.now.replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
        return await scheduling.open_schedule(tx, doctor, start, start + timedelta(hours=3), 30, 1)


async def test_patients_confirm_cancel_move_and_ask_for_a_person_by_keys(stage: Stage) -> None:
    """Four telephones at once; the last digit says what its owner wants."""
    confirms, cancels, moves, asks = [await stage.book(f"1380013800{digit}", slot) for slot, digit in enumerate("0234")]
    await asyncio.gather(*(stage.remind(appointment) for appointment in (confirms, cancels, moves, asks)))
    await confirmed(stage, confirms)
    await cancelled(stage, cancels)
    await waits_in_the_queue(stage, asks)
    await moved(stage, moves)


async def confirmed(stage: Stage, appointment: AppointmentId) -> None:
    attempt = await stage.ended(appointment)
    assert await stage.status(appointment) is Status.CONFIRMED
    assert (attempt.state, attempt.result) == (State.DONE, "human")
    call = await stage.call(attempt)
    assert (call.direction, call.caller, call.attempt_id) == ("out", "+8613800138000", attempt.id)
    assert call.path[0] == "remind"
    assert attempt.call_id == call.id
    recording = await stage.recording(call)
    patient, hospital = np.array(recording.peaks).reshape(-1, 2).T
    assert patient.max() > 0.1
    assert hospital.max() > 0.1
    assert recording.duration_ms > 5000


async def cancelled(stage: Stage, appointment: AppointmentId) -> None:
    await stage.ended(appointment)
    assert await stage.status(appointment) is Status.CANCELLED
    async with stage.db.connection() as conn:
        slot = await appointments.slot(conn, stage.slots[1])
    assert slot
    assert slot.free == 1


async def waits_in_the_queue(stage: Stage, appointment: AppointmentId) -> None:
    async def queued() -> bool:
        (attempt,) = await stage.attempts(appointment)
        return attempt.state is State.ANSWERED and (await stage.call(attempt)).queued_at is not None

    await eventually(queued, every_s=0.2, what="the patient is in the queue")


async def moved(stage: Stage, appointment: AppointmentId) -> None:
    attempt = await stage.ended(appointment, within_s=100)
    assert await stage.status(appointment) is Status.CANCELLED
    async with stage.db.connection() as conn:
        (instead,) = await appointments.upcoming(conn, attempt.patient_id, stage.db.clock())
    assert instead.moved_from_id == appointment


async def test_who_was_not_reached_is_tried_again_and_a_silent_person_is_no_machine(stage: Stage) -> None:
    machine, busy, absent, silent, nowhere = [
        await stage.book(f"1380013800{digit}", slot) for slot, digit in enumerate("56789")
    ]
    await asyncio.gather(*(stage.remind(one) for one in (machine, busy, absent, silent, nowhere)))
    ends = {name: await stage.ended(one) for name, one in (("busy", busy), ("failed", nowhere), ("no_answer", absent))}
    assert {name: attempt.result for name, attempt in ends.items()} == {name: name for name in ends}
    absence = ends["no_answer"]
    assert absence.dialed_at
    assert absence.ended_at
    assert absence.ended_at - absence.dialed_at >= timedelta(seconds=14)
    mailbox = await stage.ended(machine)
    assert (mailbox.result, await stage.status(machine)) == ("machine", Status.BOOKED)
    assert (await stage.recording(await stage.call(mailbox))).channels == 2
    for appointment in (machine, busy, absent, nowhere):
        _, again = await stage.attempts(appointment)
        assert again.state is State.PLANNED
        assert again.not_before > stage.db.clock() + timedelta(minutes=5)
    (heard,) = await stage.attempts(silent)
    assert (heard.state, heard.result) == (State.ANSWERED, "human")


async def test_when_asterisk_dies_while_it_rings_a_person_looks_into_it(database_url: str, tmp_path: Path) -> None:
    with running_asterisk() as asterisk, running_carrier(asterisk, tmp_path / "carrier"):
        async with at_work(asterisk, database_url, tmp_path) as stage:
            appointment = await stage.book("13800138007")
            await stage.remind(appointment)
            await eventually(lambda: "Ringing" in asterisk.cli("core show channels"), every_s=0.2, what="it rings")
            asterisk.stop(kill=True)
            attempt = await stage.ended(appointment)
            assert (attempt.state, attempt.result) == (State.UNKNOWN, "unknown")
            asterisk.start()
            async with stage.db.connection() as conn:
                (task,) = await tasks.open_tasks(conn, limit=5)
            assert (task.kind, task.ref) == ("check_outcome", attempt.ref)
            assert len(await stage.attempts(appointment)) == 1


def key_press(event: int, payload_type: int = 101) -> bytes:
    """RFC 4733 as a pcap file: 200 ms of one key, then its end three times. SIPp puts in addresses and ports."""
    packets = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)]
    for number in range(13):
        end, length = (0x80, 1600) if number >= 10 else (0, 160 * (number + 1))
        marker = 0x80 if number == 0 else 0
        rtp = struct.pack(">BBHII", 0x80, marker | payload_type, number + 1, 160, 7)
        udp = struct.pack(">HHHH", 5000, 5000, 8 + len(rtp) + 4, 0) + rtp + struct.pack(">BBH", event, end | 10, length)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\1")
        frame = bytes(12) + b"\x08\0" + ip + udp
        packets.append(struct.pack("<IIII", 0, number * 20_000, len(frame), len(frame)) + frame)
    return b"".join(packets)


@contextmanager
def sipp_as_carrier(asterisk: RealAsterisk, folder: Path, *, key: str, after_ms: int) -> Iterator[None]:
    """One patient at the other end of the trunk, who presses one key."""
    scenario = folder / "patient.xml"
    (folder / f"{key}.pcap").write_bytes(key_press("0123456789*#".index(key)))
    template = Path(__file__).with_name("carrier_patient.xml").read_text()
    scenario.write_text(template.replace("@KEY@", key).replace("@AFTER_MS@", str(after_ms)))
    host = ("-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(asterisk.carrier_port))
    media = ("-mp", str(asterisk.carrier_rtp_ports[0]))
    process = subprocess.Popen(
        [str(tools.tool("sipp")), "-sf", str(scenario), *host, *media, "-m", "1", "-nostdin"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait(60)


@pytest.mark.parametrize(
    ("key", "after_ms", "status"), [("1", 6_000, Status.CONFIRMED), ("2", 16_000, Status.CANCELLED)]
)
async def test_any_other_carrier_does_as_well(
    database_url: str, tmp_path: Path, key: str, after_ms: int, status: Status
) -> None:
    with running_asterisk() as asterisk, sipp_as_carrier(asterisk, tmp_path, key=key, after_ms=after_ms):
        async with at_work(asterisk, database_url, tmp_path) as stage:
            appointment = await stage.book("13800138000")
            await stage.remind(appointment)
            attempt = await stage.ended(appointment)
            assert (attempt.result, await stage.status(appointment)) == ("human", status)
