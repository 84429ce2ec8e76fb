"""A hospital burns down and comes back from its backup: people, texts, and recordings that can still be heard."""

import asyncio
import dataclasses
import json
import shutil
import struct
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from crm_core import migrations
from crm_core.calls import service as calls
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.crypto import MasterKey
from crm_core.kernel.db import open_database
from crm_core.kernel.ids import Linkedid, RecordingId, Uniqueid
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from recordings import service as recordings
from recordings import store
from recordings.files import Track
from recordings.model import Kind
from recordings.vault import Vault
from server.backup import database, manifest
from server.backup.make import make
from server.backup.restore import restore
from server.config import Config, build
from server.secret_store import load_or_make
from telephony.provision.errors import ProvisionError
from tests import ports

pytestmark = [pytest.mark.db, pytest.mark.timeout(180)]

NOW = datetime(2026, 11, 26, 23, tzinfo=UTC)
SUPERVISOR = Actor(ActorKind.USER, "sun", Role.SUPERVISOR)


def silent(*_: object) -> None:
    """Says nothing."""


@pytest.fixture
def places() -> Iterator[Path]:
    """A folder that services' own users may pass through."""
    with tempfile.TemporaryDirectory(prefix="hcrm-backup-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@pytest.fixture
def burnt(places: Path) -> Iterator[Config]:
    """A hospital with one patient whose call was recorded."""
    with ports.row(1) as port:
        config = _home(places / "burnt", port)
        secrets = load_or_make(config.places.secrets)
        with database.reachable(config, secrets) as url:
            migrations.upgrade(url)
            asyncio.run(_live(url, Vault(config.places.recordings, MasterKey(secrets.recordings_key)), places))
        yield config


@pytest.fixture
def new_home(places: Path) -> Iterator[Config]:
    """Nothing in it yet."""
    with ports.row(1) as port:
        yield _home(places / "new", port)


def _home(folder: Path, port: int) -> Config:
    folder.mkdir(mode=0o711)
    config = build([("env", {"HCRM_HOME": str(folder)})])
    return dataclasses.replace(config, database=dataclasses.replace(config.database, postgres_port=port))


async def _live(url: str, vault: Vault, folder: Path) -> None:
    (folder / "voice").write_bytes(struct.pack("<h", 1000) * 8000)
    async with open_database(url, max_size=2) as db:
        await patients.register(db, SYSTEM, NewPatient(name="张三丰", phones=("13800138000",)))
        line = Linkedid("1.1")
        call = await calls.start(db, linkedid=line, uniqueid=Uniqueid(line), direction="in", caller=None, did="4000")
        recording_id = RecordingId(uuid4())
        kept = vault.keep(recording_id, [Track(folder / "voice", 0, 8000), None], NOW)
        async with db.transaction(SYSTEM) as tx:
            await store.insert(tx.conn, recording_id, call.id, Kind.CALL, kept, source="1.1", now=NOW)


def back_up(config: Config, target: Path, *, at: datetime = NOW, with_secrets: bool = True) -> Path:
    """As the command does."""
    return make(config, target, now=at, with_secrets=with_secrets, say=silent, on_file=silent)


async def _heard(config: Config, url: str) -> tuple[list[str], int]:
    """Names of all patients, and how many bytes of the recording can be heard."""
    vault = Vault(config.places.recordings, MasterKey(load_or_make(config.places.secrets).recordings_key))
    async with open_database(url, max_size=2) as db:
        async with db.connection() as conn:
            names = [row["name"] for row in await conn.fetch("SELECT name FROM patient")]
            recording_id = await conn.fetchval("SELECT id FROM recording")
        audio = await recordings.audio(db, vault, SUPERVISOR, recording_id, start=0, end=None)
        return names, sum([len(piece) async for piece in audio.chunks()])


def test_everything_comes_back_in_a_new_home_and_is_heard(burnt: Config, new_home: Config, places: Path) -> None:
    made = back_up(burnt, places / "backups")
    shutil.rmtree(burnt.places.home)
    done = restore(new_home, made, say=silent, on_file=silent)
    assert dataclasses.astuple(done) == (1, 0, 0)
    with database.reachable(new_home, load_or_make(new_home.places.secrets)) as url:
        names, heard_bytes = asyncio.run(_heard(new_home, url))
    assert names == ["张三丰"]
    assert heard_bytes == 44 + 2 * 2 * 8000
    assert new_home.places.secrets.stat().st_mode & 0o077 == 0


def test_nobody_else_reads_a_backup_and_recordings_that_did_not_change_are_not_copied_again(
    burnt: Config, places: Path
) -> None:
    first = back_up(burnt, places / "backups")
    second = back_up(burnt, places / "backups", at=NOW + timedelta(days=1))
    for path in (first, *first.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
    (name,) = manifest.read(second).recordings
    assert (first / "recordings" / name).samefile(second / "recordings" / name)
    shutil.rmtree(first)
    manifest.require_whole(second, manifest.read(second))


def test_a_home_with_data_is_never_overwritten(burnt: Config, places: Path) -> None:
    made = back_up(burnt, places / "backups")
    before = sorted(burnt.places.home.rglob("*.sealed"))
    with pytest.raises(ProvisionError, match="has data"):
        restore(burnt, made, say=silent, on_file=silent)
    assert sorted(burnt.places.home.rglob("*.sealed")) == before


@pytest.mark.parametrize("damage", ["database.dump", "secrets.json", "recordings", "outside"])
def test_a_damaged_backup_is_refused_and_leaves_the_home_empty(
    burnt: Config, new_home: Config, places: Path, damage: str
) -> None:
    made = back_up(burnt, places / "backups")
    if damage == "outside":
        text = json.loads((made / manifest.NAME).read_text())
        text["recordings"] = {"../../secrets.json": 1}
        (made / manifest.NAME).write_text(json.dumps(text))
    else:
        harmed = next(made.rglob("*.sealed")) if damage == "recordings" else made / damage
        with harmed.open("ab") as file:
            file.write(b"x")
    with pytest.raises(ProvisionError, match=r"not what was written|outside of itself"):
        restore(new_home, made, say=silent, on_file=silent)
    assert not new_home.places.secrets.exists()
    assert not new_home.places.postgres.exists()


def test_a_dump_that_does_not_go_in_leaves_the_home_as_empty_as_before(
    burnt: Config, new_home: Config, places: Path
) -> None:
    made = back_up(burnt, places / "backups")
    dump = made / manifest.DATABASE
    dump.write_bytes(dump.read_bytes()[:-500])
    found = manifest.read(made)
    sums = {**found.sums, manifest.DATABASE: manifest.sum_of(dump)}
    manifest.write(made, dataclasses.replace(found, sums=sums))
    with pytest.raises(ProvisionError, match="pg_restore failed"):
        restore(new_home, made, say=silent, on_file=silent)
    assert not new_home.places.postgres.exists()
    assert not new_home.places.secrets.exists()


def test_a_key_that_was_kept_apart_must_be_there_and_the_right_one(
    burnt: Config, new_home: Config, places: Path
) -> None:
    made = back_up(burnt, places / "backups", with_secrets=False)
    with pytest.raises(ProvisionError, match="no secrets"):
        restore(new_home, made, say=silent, on_file=silent)
    load_or_make(new_home.places.secrets)  # another hospital's
    assert restore(new_home, made, say=silent, on_file=silent).unreadable == 1


def test_what_is_no_backup_is_said(new_home: Config, places: Path) -> None:
    with pytest.raises(ProvisionError, match="is no backup"):
        restore(new_home, places, say=silent, on_file=silent)
