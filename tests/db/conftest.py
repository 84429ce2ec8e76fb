"""What several files about recordings share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_core import events
from crm_core.kernel.crypto import MasterKey
from crm_core.kernel.db import Tx, open_database
from crm_core.kernel.event import Event, Subscription
from recordings import handlers
from recordings.monitor import Monitor
from recordings.vault import Vault
from tests.db.archive import Archive


@pytest.fixture
async def archive(database_url: str, tmp_path: Path) -> AsyncIterator[Archive]:
    happened: list[Event] = []

    async def note(event: Event, tx: Tx) -> None:
        happened.append(event)

    (tmp_path / "monitor").mkdir()
    subscriptions: list[Subscription] = [
        *handlers.SUBSCRIPTIONS,
        (events.RecordingStored, note),
        (events.TaskOpened, note),
    ]
    async with open_database(database_url, subscriptions=subscriptions) as db:
        yield Archive(db, Vault(tmp_path / "recordings", MasterKey(b"m" * 32)), Monitor(tmp_path / "monitor"), happened)
