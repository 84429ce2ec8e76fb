"""The recordings of the demo's past: each call can be heard, on the right side, at the right time, as of its day."""

import asyncio
import io
import os
import sys
import wave
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from crm_core.kernel.actor import Actor, ActorKind, Role
from crm_core.kernel.crypto import MasterKey
from crm_core.kernel.db import Database, open_database
from crm_core.kernel.ids import CallId
from crm_core.users.service import ensure_first_users
from demo.fortnight import calls
from demo.fortnight.calls import TO_SPEAK, ToSpeak
from demo.fortnight.course import LEFT, RIGHT, Said, lasts_s
from demo.fortnight.speaking import Recorder, Voices, mixed
from demo.seed import Telling, seed
from ivr.prompt import Language
from ivr.tts import EspeakNg
from recordings import service, store
from recordings.model import Kind
from recordings.retention import Retention
from recordings.vault import Vault
from sms.letterhead import Letterhead
from telephony.provision.tools import tool
from tests import databases
from tests.acceptance.sound import sides

pytestmark = pytest.mark.db

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=SHANGHAI)
SUPERVISOR = Actor(ActorKind.SYSTEM, "test", Role.SUPERVISOR)
RATE_HZ = 8_000
ROOT = Path(__file__).parents[2]
KEPT = ("HCRM_CACHE",)


def at_now() -> datetime:
    return NOW.astimezone(UTC)


@dataclass
class Hum:
    """Stands for the engine: hums as long as a sentence takes, and counts what it was asked for."""

    name: str = "hum"
    asked: list[str] = field(default_factory=list)

    async def speak(self, text: str, voice: Language, *, is_name: bool = False) -> bytes:
        self.asked.append(text)
        times = np.arange(int(lasts_s(text, voice) * 0.8 * RATE_HZ)) / RATE_HZ
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
            file.writeframes((np.sin(2 * np.pi * 220 * times) * 9_000).astype("<i2").tobytes())
        return buffer.getvalue()


@pytest.fixture(scope="module")
def told(
    postgres_url: str, migrated_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """A database after the first start, and the list of what is to be spoken. Copied by each test."""
    folder = tmp_path_factory.mktemp("told")
    with databases.created(postgres_url, template=migrated_database) as name:
        asyncio.run(_fill(databases.named(postgres_url, name), folder))
        yield name, folder / TO_SPEAK


async def _fill(url: str, folder: Path) -> None:
    async with open_database(url, clock=at_now) as database:
        await ensure_first_users(database, one_time=False)
        letterhead = Letterhead("示例医院", "Example Hospital", SHANGHAI)
        assert await seed(database, zone=SHANGHAI, telling=Telling(letterhead, folder / TO_SPEAK))


@pytest.fixture
async def hospital(postgres_url: str, told: tuple[str, Path]) -> AsyncIterator[Database]:
    with databases.created(postgres_url, template=told[0]) as name:
        async with open_database(databases.named(postgres_url, name), clock=at_now) as database:
            yield database


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "recordings", MasterKey(bytes(32)))


def recorder(hospital: Database, vault: Vault, engine: Hum | EspeakNg, tmp_path: Path) -> Recorder:
    return Recorder(hospital, vault, tmp_path / "speaking", Voices(engine, tmp_path / "voices"))


def listed(tmp_path: Path, wanted: list[ToSpeak]) -> Path:
    path = tmp_path / TO_SPEAK
    calls.keep(path, wanted)
    return path


def silent(_done: int, _total: int) -> None:
    pass


async def heard(hospital: Database, vault: Vault, one: ToSpeak) -> bytes:
    """As a supervisor hears it."""
    async with hospital.connection() as conn:
        found = await store.of_call(conn, CallId(UUID(one.call_id)))
    (recording,) = [each for each in found if each.kind == one.kind]
    assert recording.created_at == datetime.fromisoformat(one.ended_at)
    assert max(recording.peaks) > 0.1
    audio = await service.audio(hospital, vault, SUPERVISOR, recording.id)
    return b"".join([piece async for piece in audio.chunks()])


async def test_every_call_can_be_heard_where_and_when_somebody_speaks(
    hospital: Database, vault: Vault, told: tuple[str, Path], tmp_path: Path
) -> None:
    wanted = calls.kept(told[1])
    path = listed(tmp_path, wanted)
    count = await recorder(hospital, vault, Hum(), tmp_path).store_all(path, silent)
    assert count == len({one.uniqueid for one in wanted}) > 80
    assert not path.exists()
    assert list((tmp_path / "speaking").iterdir()) == []
    async with hospital.connection() as conn:
        mute = "SELECT count(*) FROM call c WHERE answered_at IS NOT NULL AND NOT EXISTS "
        assert await conn.fetchval(mute + "(SELECT FROM recording r WHERE r.call_id = c.id)") == 0
        assert await conn.fetchval("SELECT count(*) FROM recording_absence") == 0
        assert await conn.fetchval("SELECT count(*) FROM task WHERE kind = 'hear_voicemail'") == 1
    for one in wanted:
        if one.kind == Kind.CALL:
            _is_where_it_belongs(one, await heard(hospital, vault, one))


def _is_where_it_belongs(one: ToSpeak, wav: bytes) -> None:
    both = sides(wav)
    channels = (both.patient, both.hospital)
    assert both.patient.size * 0.25 == pytest.approx(one.lasts_s, abs=0.3)
    for said in one.said:
        assert both.share_loud(channels[said.channel], said.at_s, said.at_s + 1) > 0.5
    for channel in (LEFT, RIGHT):
        if not any(said.channel == channel for said in one.said):
            assert both.share_loud(channels[channel], 0) == 0


async def test_it_goes_on_where_it_was_stopped_and_says_nothing_twice(
    hospital: Database, vault: Vault, told: tuple[str, Path], tmp_path: Path
) -> None:
    wanted = calls.kept(told[1])[:4]
    hum = Hum()
    await recorder(hospital, vault, hum, tmp_path).store_all(listed(tmp_path, wanted[:2]), silent)
    before = len(hum.asked)
    assert before == len(set(hum.asked))
    await recorder(hospital, vault, hum, tmp_path).store_all(listed(tmp_path, wanted), silent)
    assert len(hum.asked) == len({said.text for one in wanted for said in one.said})
    async with hospital.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM recording") == len(wanted)


async def test_a_second_home_takes_the_voices_from_the_cache(
    postgres_url: str, hospital: Database, vault: Vault, told: tuple[str, Path], tmp_path: Path
) -> None:
    wanted = calls.kept(told[1])[:3]
    await recorder(hospital, vault, Hum(), tmp_path).store_all(listed(tmp_path, wanted), silent)
    mute = Hum()
    with databases.created(postgres_url, template=told[0]) as name:
        async with open_database(databases.named(postgres_url, name), clock=at_now) as other:
            await recorder(other, vault, mute, tmp_path).store_all(listed(tmp_path, wanted), silent)
    assert mute.asked == []


async def test_a_recording_of_the_past_is_deleted_as_any_other(
    hospital: Database, vault: Vault, told: tuple[str, Path], tmp_path: Path
) -> None:
    wanted = calls.kept(told[1])[-2:]
    await recorder(hospital, vault, Hum(), tmp_path).store_all(listed(tmp_path, wanted), silent)
    gone = await service.forget(hospital, vault, SUPERVISOR, Retention(call_days=7), dry_run=False)
    assert len(gone) == len(wanted)
    assert [path for path in vault.folder.rglob("*") if path.is_file()] == []


async def test_the_hotlines_own_voice_says_it_on_both_sides(
    hospital: Database, vault: Vault, told: tuple[str, Path], tmp_path: Path
) -> None:
    spoken = [one for one in calls.kept(told[1]) if {said.channel for said in one.said} == {LEFT, RIGHT}]
    english = next(one for one in spoken if one.said[0].language == "en")
    chinese = next(one for one in spoken if one.said[0].language == "zh_CN")
    engine = EspeakNg(tool("espeak-ng"), limit_s=30)
    await recorder(hospital, vault, engine, tmp_path).store_all(listed(tmp_path, [chinese, english]), silent)
    for one in (chinese, english):
        both = sides(await heard(hospital, vault, one))
        for channel, side in ((LEFT, both.patient), (RIGHT, both.hospital)):
            for said in one.said:
                if said.channel == channel:
                    assert both.share_loud(side, said.at_s, said.at_s + 1) > 0.4, said.text


async def test_the_command_speaks_what_a_start_has_left_and_then_nothing(
    postgres_url: str, told: tuple[str, Path], tmp_path: Path
) -> None:
    listed(tmp_path, calls.kept(told[1])[:1])
    with databases.created(postgres_url, template=told[0]) as name:
        url = databases.as_app(databases.named(postgres_url, name))
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HCRM_") or name in KEPT}
        settings = {"HCRM_DATABASE_URL": url, "HCRM_HOME": str(tmp_path)}
        said = [await _hcrm(clean | settings, "demo", "speak") for _ in range(2)]
        async with open_database(url, clock=at_now) as database, database.connection() as conn:
            assert await conn.fetchval("SELECT count(*) FROM recording") == 1
    assert [text.splitlines()[-1] for text in said] == [
        "recordings of 1 calls can be heard",
        "recordings of 0 calls can be heard",
    ]


async def _hcrm(environment: dict[str, str], *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", *words), cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(120):
        said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


def test_two_who_speak_at_once_are_both_heard_and_nothing_is_longer_than_the_call() -> None:
    one, other = np.full(8_000, 1_000, dtype=np.int16), np.full(8_000, 32_000, dtype=np.int16)
    side = mixed([(0.0, one), (0.5, other), (1.9, one)], 2.0)
    assert side.size == 16_000
    assert (side[0], side[6_000], side[-1], side.max()) == (1_000, 32_767, 1_000, 32_767)


def test_a_mailbox_and_a_voicemail_are_of_one_side() -> None:
    said = Said(0.0, LEFT, "zh_CN", 1.0, "喂")
    one = ToSpeak(call_id="", uniqueid="", kind="voicemail", ended_at="", lasts_s=1.0, channels=1, said=(said,))
    assert calls.sides(one) == [[said]]
