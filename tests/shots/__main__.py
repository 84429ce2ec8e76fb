"""Starts a demo of its own with its history, waits for its recordings, and takes pictures into build/shots/."""

import asyncio
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from playwright.async_api import async_playwright

from demo.fortnight.calls import TO_SPEAK
from telephony.provision.errors import ProvisionError
from telephony.provision.tools import tool
from tests.acceptance.hospital import Hospital, running_hospital
from tests.browser.conftest import ARGS
from tests.eventually import eventually
from tests.shots.camera import LANGUAGES, Camera
from tests.shots.index import html
from tests.shots.pages import LOGINS, ROLES, WHOSE, Page, pages
from web.access import Open

FOLDER = Path("build/shots")
LONGEST_S = 1_500.0
SPOKEN_WITHIN_S = 400.0
AT_ONCE = 2  # browsers' windows
EVERYBODY = "everybody"


async def main() -> int:
    """0 when every page of every role has its pictures."""
    began = time.monotonic()
    _clear()
    with running_hospital(HCRM_DEMO_HISTORY="yes") as hospital:
        _say("the demo is up; waiting for its recordings")
        await eventually(lambda: not (hospital.home / TO_SPEAK).exists(), within_s=SPOKEN_WITHIN_S)
        async with asyncio.timeout(LONGEST_S):
            camera = await _take(hospital)
    (FOLDER / "index.html").write_text(html(camera.shots, camera.troubles), "utf-8")
    for trouble in camera.troubles:
        _say(trouble)
    _say(f"{len(camera.shots)} pictures in {time.monotonic() - began:.0f} s: {FOLDER / 'index.html'}")
    return 1 if camera.troubles else 0


def _clear() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)


async def _take(hospital: Hospital) -> Camera:
    ids = await _ids(hospital)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=tool("chromium"), args=ARGS)
        camera = Camera(chromium, hospital.url, FOLDER, ids)
        turns = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for role, key, theirs in _walks(hospital):
                group.create_task(_walk(camera, turns, role, theirs, key))
        await chromium.close()
    return camera


async def _walk(
    camera: Camera, turns: asyncio.Semaphore, role: str, theirs: list[Page], key: tuple[str, str] | None
) -> None:
    async with turns:
        for language in LANGUAGES:
            await camera.walk(role, language, theirs, key)
        _say(f"{role}: {len(theirs)} pages")


def _walks(hospital: Hospital) -> list[tuple[str, tuple[str, str] | None, list[Page]]]:
    """Who, with what login, through which pages; visitors first."""
    everything = pages()
    walks: list[tuple[str, tuple[str, str] | None, list[Page]]] = [
        (EVERYBODY, None, [page for page in everything if page.access is Open.TO_ALL])
    ]
    for role in ROLES:
        login = LOGINS.get(role, role.value)
        walks.append((role.value, (login, hospital.password(login)), [one for one in everything if one.is_for(role)]))
    return walks


async def _ids(hospital: Hospital) -> Mapping[str, object]:
    return {path: (await hospital.ask_database(sql))[0][0] for path, sql in WHOSE.items()}


def _say(text: str) -> None:
    sys.stdout.write(f"shots: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except ProvisionError as error:
        sys.exit(f"make shots: {error}\n  {error.mend}")
