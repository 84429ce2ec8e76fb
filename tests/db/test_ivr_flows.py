"""Versions of flows: what is published runs, what was published can come back, what is broken never runs."""

import copy
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from crm_core.events import FlowPublished
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database, open_database
from crm_core.kernel.event import Event
from ivr import service, store
from ivr.definition import InvalidFlowError
from ivr.library import FlowLibrary

pytestmark = pytest.mark.db

HOTLINE: dict[str, Any] = json.loads((service.SHIPPED / "hotline.json").read_text("utf-8"))


def with_goodbye(text: str) -> dict[str, Any]:
    changed = copy.deepcopy(HOTLINE)
    changed["nodes"]["goodbye"]["say"]["en"] = text
    return changed


@pytest.fixture
async def published() -> list[Event]:
    return []


@pytest.fixture
async def db(database_url: str, published: list[Event]) -> AsyncIterator[Database]:
    async def note(event: Event, _: object) -> None:
        published.append(event)

    async with open_database(database_url, subscriptions=[(FlowPublished, note)]) as db:
        yield db


async def current(db: Database, library: FlowLibrary) -> int:
    async with db.connection() as conn:
        return (await library.current(conn, "hotline")).version


async def test_the_shipped_flows_are_published_once(db: Database, published: list[Event]) -> None:
    for _ in range(2):
        await service.ensure_shipped(db)
    assert published == [FlowPublished(flow="hotline", version=1), FlowPublished(flow="reminder", version=1)]
    assert [version.status for version in await service.versions(db, "hotline")] == ["published"]


async def test_the_next_call_gets_the_new_version_and_one_step_brings_the_old_one_back(db: Database) -> None:
    await service.ensure_shipped(db)
    library = FlowLibrary()
    assert await current(db, library) == 1
    second = await service.draft(db, SYSTEM, "hotline", with_goodbye("Bye."))
    assert await current(db, library) == 1
    await service.publish(db, SYSTEM, "hotline", second)
    assert await current(db, library) == 2
    assert await service.rollback(db, SYSTEM, "hotline") == 1
    assert await current(db, library) == 1
    assert await service.rollback(db, SYSTEM, "hotline") == 2
    statuses = [(version.version, version.status) for version in await service.versions(db, "hotline")]
    assert statuses == [(2, "published"), (1, "retired")]


async def test_a_broken_flow_stays_a_draft(db: Database) -> None:
    await service.ensure_shipped(db)
    broken = copy.deepcopy(HOTLINE)
    broken["nodes"]["main"]["keys"]["3"] = "bok"
    version = await service.draft(db, SYSTEM, "hotline", broken)
    with pytest.raises(InvalidFlowError, match="key 3 leads to 'bok'"):
        await service.publish(db, SYSTEM, "hotline", version)
    unknown = copy.deepcopy(HOTLINE)
    unknown["nodes"]["operators"]["queue"] = "nurses"
    version = await service.draft(db, SYSTEM, "hotline", unknown)
    with pytest.raises(InvalidFlowError, match="there is no queue 'nurses'"):
        await service.publish(db, SYSTEM, "hotline", version)
    version = await service.draft(db, SYSTEM, "reminder", HOTLINE)
    with pytest.raises(InvalidFlowError, match="is called 'hotline' and should be 'reminder'"):
        await service.publish(db, SYSTEM, "reminder", version)
    assert await current(db, FlowLibrary()) == 1


async def test_a_new_release_replaces_its_own_flow_and_never_somebody_elses(db: Database) -> None:
    async with db.transaction(SYSTEM) as tx:
        version = await store.insert(
            tx.conn, "hotline", with_goodbye("Old."), created_by=service.SHIPPED_BY, now=tx.now
        )
        await store.publish(tx.conn, "hotline", version, now=tx.now)
    await service.ensure_shipped(db)
    assert await current(db, FlowLibrary()) == 2
    mine = await service.draft(db, SYSTEM, "hotline", with_goodbye("Mine."))
    await service.publish(db, SYSTEM, "hotline", mine)
    await service.ensure_shipped(db)
    assert await current(db, FlowLibrary()) == mine


async def test_without_a_usable_published_flow_the_shipped_one_runs(db: Database) -> None:
    async with db.connection() as conn:
        assert (await FlowLibrary().current(conn, "hotline")).version == 0
    async with db.transaction(SYSTEM) as tx:
        version = await store.insert(tx.conn, "hotline", {"schema": 99}, created_by="somebody", now=tx.now)
        await store.publish(tx.conn, "hotline", version, now=tx.now)
    async with db.connection() as conn:
        assert (await FlowLibrary().current(conn, "hotline")).name == "hotline"


async def test_what_does_not_exist_is_not_published(db: Database) -> None:
    with pytest.raises(service.FlowNotFoundError):
        await service.publish(db, SYSTEM, "hotline", 7)
    with pytest.raises(service.NothingToRollBackError):
        await service.rollback(db, SYSTEM, "hotline")
