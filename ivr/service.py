"""Versions of flows: draft, publish, roll back. New calls run the published one, calls under way end on theirs."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crm_core.events import FlowPublished
from crm_core.kernel import audit
from crm_core.kernel.actor import SYSTEM, Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import ConflictError, NotFoundError
from ivr import store
from ivr.definition import InvalidFlowError, read
from ivr.flow import Flow
from ivr.nodes.queue import Queue
from ivr.store import FlowVersion
from telephony.names import QUEUES

log = logging.getLogger("ivr")

SHIPPED = Path(__file__).parent / "flows"
SHIPPED_BY = "hcrm"


class FlowNotFoundError(NotFoundError):
    """There is no such flow or version."""

    code = "flow_not_found"


class NothingToRollBackError(ConflictError):
    """No other version of this flow was ever published."""

    code = "nothing_to_roll_back"


async def versions(db: Database, flow: str) -> list[FlowVersion]:
    """The newest first."""
    async with db.connection() as conn:
        return await store.versions(conn, flow)


async def draft(db: Database, actor: Actor, flow: str, definition: Mapping[str, Any]) -> int:
    """Keep a version that need not be right yet. Returns its number."""
    async with db.transaction(actor) as tx:
        return await _draft_in(tx, flow, definition, created_by=actor.name)


async def publish(db: Database, actor: Actor, flow: str, version: int) -> Flow:
    """New calls run this from now on. Raises FlowNotFoundError, InvalidFlowError."""
    async with db.transaction(actor) as tx:
        return await _publish_in(tx, flow, version)


async def rollback(db: Database, actor: Actor, flow: str) -> int:
    """Publish what was published before; doing it twice changes nothing in the end. Returns the version."""
    async with db.transaction(actor) as tx:
        await store.lock(tx.conn, flow)
        version = await store.published_before(tx.conn, flow)
        if version is None:
            raise NothingToRollBackError("no other version was published")
        await _publish_in(tx, flow, version)
        return version


async def ensure_shipped(db: Database) -> None:
    """Publish the flows of this release where nobody has published another of their name."""
    for path in sorted(SHIPPED.glob("*.json")):
        definition = json.loads(path.read_text("utf-8"))
        async with db.transaction(SYSTEM) as tx:
            await _ship_in(tx, path.stem, definition)


def check(definition: Mapping[str, Any], flow: str, *, version: int = 0) -> Flow:
    """A definition as a flow of this name that can run here. Raises InvalidFlowError."""
    made = read(definition, version=version)
    problems = [] if made.name == flow else [f"the flow is called '{made.name}' and should be '{flow}'"]
    problems += [
        f"node '{name}': there is no queue '{node.queue}'; possible are {', '.join(QUEUES)}"
        for name, node in made.nodes.items()
        if isinstance(node, Queue) and node.queue not in QUEUES
    ]
    if problems:
        raise InvalidFlowError(problems)
    return made


def shipped(flow: str) -> Flow:
    """As this release brings it along: what runs when the database cannot be asked."""
    path = SHIPPED / f"{flow}.json"
    if not path.exists():
        raise FlowNotFoundError("no such shipped flow")
    return check(json.loads(path.read_text("utf-8")), flow)


async def _ship_in(tx: Tx, flow: str, definition: Mapping[str, Any]) -> None:
    await store.lock(tx.conn, flow)
    known = await store.versions(tx.conn, flow)
    published = next((version for version in known if version.status == "published"), None)
    if published and (published.created_by != SHIPPED_BY or published.definition == definition):
        return
    version = await _draft_in(tx, flow, definition, created_by=SHIPPED_BY)
    await _publish_in(tx, flow, version)
    log.info("shipped flow published", extra={"flow": flow, "version": version})


async def _draft_in(tx: Tx, flow: str, definition: Mapping[str, Any], *, created_by: str) -> int:
    await store.lock(tx.conn, flow)
    version = await store.insert(tx.conn, flow, definition, created_by=created_by, now=tx.now)
    await audit.record(tx, "draft flow", "ivr_flow_version", flow, detail={"version": version})
    return version


async def _publish_in(tx: Tx, flow: str, version: int) -> Flow:
    await store.lock(tx.conn, flow)
    found = await store.get(tx.conn, flow, version)
    if found is None:
        raise FlowNotFoundError("no such version of this flow")
    made = check(found.definition, flow, version=version)
    if found.status != "published":
        await store.publish(tx.conn, flow, version, now=tx.now)
        await audit.record(tx, "publish flow", "ivr_flow_version", flow, detail={"version": version})
        await tx.emit(FlowPublished(flow=flow, version=version))
    return made
