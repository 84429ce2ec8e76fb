"""The REST API as another system uses it."""

from dataclasses import dataclass, field
from typing import Any

import aiohttp

TIMEOUT = aiohttp.ClientTimeout(total=120)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and what it said: JSON as Python values, `body` as it came."""

    status: int
    json: Any
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Api:
    """One token at one hospital. `get` and `post` expect success, `ask` takes any answer."""

    url: str
    token: str = field(repr=False)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """`path` without /api/v1."""
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            return await self.ask_in(session, method, path, query=query, body=body, headers=headers)

    async def ask_in(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """As `ask`, on connections that are shared."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with session.request(
            method, f"{self.url}/api/v1{path}", params=query, json=body, headers=own | (headers or {})
        ) as answer:
            data = await answer.read()
            said = await answer.json(content_type=None) if "json" in answer.content_type else None
            return Answer(answer.status, said, data, dict(answer.headers))

    async def get(self, path: str, **query: object) -> Any:
        """What lies there."""
        answer = await self.ask("GET", path, query={name.rstrip("_"): str(value) for name, value in query.items()})
        assert answer.status == 200, (path, answer.status, answer.json)
        return answer.json

    async def items(self, path: str, **query: object) -> list[dict[str, Any]]:
        """Every item of a list, over all its pages."""
        found: list[dict[str, Any]] = []
        after: dict[str, object] = {}
        while True:
            page = await self.get(path, **query, **after)
            found += page["items"]
            if page["next"] is None:
                return found
            after = {"after": page["next"]}

    async def post(self, path: str, body: object = None) -> Any:
        """What was made."""
        answer = await self.ask("POST", path, body={} if body is None else body)
        assert answer.status in (200, 201, 202), (path, answer.status, answer.json)
        return answer.json

    async def call_of(self, caller: str) -> dict[str, Any]:
        """The newest call of a number; empty before there is one."""
        found: list[dict[str, Any]] = (await self.get("/calls", caller=caller, limit=1))["items"]
        return found[0] if found else {}
