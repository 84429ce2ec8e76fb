"""Is every part up? The one question that needs no token, so its answer holds nothing personal."""

import asyncio

from pydantic import BaseModel

from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.status import OK
from web.api.endpoint import Ask, Endpoint, NoBody, NoQuery

DATABASE_WITHIN_S = 2.0


class SystemStatus(BaseModel):
    """`parts`: ok or a short reason for each."""

    status: str
    parts: dict[str, str]


async def status(ask: Ask[NoQuery, NoBody]) -> SystemStatus:
    """The database is asked now; the others report by themselves."""
    parts = {**ask.deps.status.parts(), "database": await _database(ask)}
    return SystemStatus(status="ok" if all(state == OK for state in parts.values()) else "degraded", parts=parts)


async def _database(ask: Ask[NoQuery, NoBody]) -> str:
    try:
        async with asyncio.timeout(DATABASE_WITHIN_S), ask.deps.db.connection() as conn:
            await conn.fetchval("SELECT 1")
    except (DatabaseUnavailableError, TimeoutError):
        return "away"
    return OK


ENDPOINTS = (
    Endpoint(
        method="GET", path="/status", right=None, handle=status, response=SystemStatus, summary="Is every part up?"
    ),
)
