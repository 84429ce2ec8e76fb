"""SQL of flow versions, and what a call of ours is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import AppointmentId, AttemptId, Msisdn, PatientId


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowVersion:
    """`status` is draft, published or retired; one version of a flow is published at a time."""

    flow: str
    version: int
    status: str
    definition: Mapping[str, Any] = field(repr=False)
    created_by: str
    created_at: datetime
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSubject:
    """Whom an outbound call reaches, and about which appointment."""

    appointment_id: AppointmentId
    patient_id: PatientId
    msisdn: Msisdn = field(repr=False)


async def published_version(conn: Connection, flow: str) -> int | None:
    """Which version new calls run."""
    version: int | None = await conn.fetchval(
        "SELECT version FROM ivr_flow_version WHERE flow = $1 AND status = 'published'", flow
    )
    return version


async def get(conn: Connection, flow: str, version: int) -> FlowVersion | None:
    """One version."""
    row = await conn.fetchrow(
        """
        SELECT flow, version, status, definition, created_by, created_at, published_at
        FROM ivr_flow_version WHERE flow = $1 AND version = $2
        """,
        flow,
        version,
    )
    return FlowVersion(**row) if row else None


async def versions(conn: Connection, flow: str) -> list[FlowVersion]:
    """All of a flow, the newest first."""
    rows = await conn.fetch(
        """
        SELECT flow, version, status, definition, created_by, created_at, published_at
        FROM ivr_flow_version WHERE flow = $1 ORDER BY version DESC
        """,
        flow,
    )
    return [FlowVersion(**row) for row in rows]


async def published_before(conn: Connection, flow: str) -> int | None:
    """The retired version that was published last."""
    version: int | None = await conn.fetchval(
        """
        SELECT version FROM ivr_flow_version
        WHERE flow = $1 AND status = 'retired' ORDER BY published_at DESC, version DESC LIMIT 1
        """,
        flow,
    )
    return version


async def lock(conn: Connection, flow: str) -> None:
    """Nobody else adds or publishes versions of this flow until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('ivr_flow:' || $1, 0))", flow)


async def insert(conn: Connection, flow: str, definition: Mapping[str, Any], *, created_by: str, now: datetime) -> int:
    """A new draft; under the lock. Returns its version."""
    version: int = await conn.fetchval(
        """
        INSERT INTO ivr_flow_version (flow, version, status, definition, created_by, created_at)
        SELECT $1, coalesce(max(version), 0) + 1, 'draft', $2, $3, $4 FROM ivr_flow_version WHERE flow = $1
        RETURNING version
        """,
        flow,
        dict(definition),
        created_by,
        now,
    )
    return version


async def publish(conn: Connection, flow: str, version: int, *, now: datetime) -> None:
    """Retire what was published and publish this; under the lock."""
    await conn.execute("UPDATE ivr_flow_version SET status = 'retired' WHERE flow = $1 AND status = 'published'", flow)
    await conn.execute(
        "UPDATE ivr_flow_version SET status = 'published', published_at = $3 WHERE flow = $1 AND version = $2",
        flow,
        version,
        now,
    )


async def attempt_subject(conn: Connection, attempt_id: AttemptId) -> AttemptSubject | None:
    """What the dialer called for."""
    row = await conn.fetchrow("SELECT appointment_id, patient_id, msisdn FROM dial_attempt WHERE id = $1", attempt_id)
    return AttemptSubject(**row) if row else None
