"""People of the benchmark's hospital in front of its pages."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.bench.hospital import Hospital

CSRF = re.compile(r'name="csrf-token" content="([^"]+)"')


@asynccontextmanager
async def logged_in(hospital: Hospital, login: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser without a picture; forms are taken from it."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(hospital.url, cookie_jar=jar) as browser:
        form = {"login": login, "password": hospital.logins[login]}
        async with browser.post("/login", data=form, allow_redirects=False) as answer:
            answer.raise_for_status()
        async with browser.get("/account") as answer:
            found = CSRF.search(await answer.text())
        if found is None:
            raise RuntimeError(f"{login} did not get in")
        browser.headers["X-CSRF-Token"] = found[1]
        yield browser
