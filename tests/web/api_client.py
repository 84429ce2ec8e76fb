"""Another system with a token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from crm_core.kernel.actor import SYSTEM
from crm_core.users import tokens
from tests.web.house import House


@dataclass
class Client:
    """JSON in, (status, JSON) out."""

    http: aiohttp.ClientSession
    base: str

    async def ask(self, method: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
        """Any request below /api/v1."""
        async with self.http.request(method, self.base + path, json=body, params=query) as answer:
            return answer.status, await answer.json(content_type=None)

    async def get(self, path: str, **query: str) -> tuple[int, Any]:
        """A GET."""
        return await self.ask("GET", path, **query)

    async def post(self, path: str, body: object = None) -> tuple[int, Any]:
        """A POST."""
        return await self.ask("POST", path, body)


@asynccontextmanager
async def client(house: House, role: str = "api") -> AsyncIterator[Client]:
    """With a fresh token of this role; "" is nobody."""
    headers = {}
    if role:
        headers["Authorization"] = f"Bearer {await tokens.create(house.db, SYSTEM, 'test', role)}"
    async with aiohttp.ClientSession(headers=headers) as http:
        yield Client(http, house.base + "/api/v1")
