"""A person in front of the web pages, without the pictures."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

TIMEOUT = aiohttp.ClientTimeout(total=60)


@dataclass(slots=True)
class Person:
    """Logged in; `csrf` as the pages carry it."""

    url: str
    session: aiohttp.ClientSession
    csrf: str = ""

    async def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and text, redirects not followed."""
        async with self.session.request(
            method, self.url + path, data=form, headers={"X-CSRF-Token": self.csrf}, allow_redirects=False
        ) as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def logged_in(url: str, login: str, password: str) -> AsyncIterator[Person]:
    """For as long as the block runs."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=jar) as session:
        person = Person(url, session)
        status, _ = await person.ask("POST", "/login", {"login": login, "password": password})
        assert status == 303, (login, status)
        _, page = await person.ask("GET", "/wallboard")
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        person.csrf = found[1] if found else ""
        yield person
