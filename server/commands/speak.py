"""`hcrm demo speak`: what was said in the calls before the demo's first day becomes recordings."""

import asyncio
import os

from crm_core.kernel.crypto import MasterKey
from crm_core.kernel.db import open_database
from server import config as configuration
from server.commands import output
from server.config import Config

MODEST = 10  # whoever has opened a page does not wait for this
EVERY = 10  # calls between two lines of progress
FOLDER = "speaking"


def speak() -> None:
    """Speak and seal the recordings of the demo's first two weeks that cannot be heard yet; nothing when all can."""
    with output.errors_told():
        os.nice(MODEST)
        count = asyncio.run(_speak(configuration.load()))
    output.say(f"recordings of {count} calls can be heard")


async def _speak(config: Config) -> int:
    from demo.fortnight.calls import TO_SPEAK
    from demo.fortnight.speaking import VOICES, Recorder, Voices
    from ivr.tts import EspeakNg
    from recordings.vault import Vault
    from server.postgres import database_url
    from server.secret_store import load_or_make
    from telephony.provision import tools

    places, secrets = config.places, load_or_make(config.places.secrets)
    voices = Voices(EspeakNg(tools.tool("espeak-ng", places.cache)), places.cache / VOICES)
    async with open_database(database_url(config, secrets), zone=config.hospital.timezone, max_size=2) as db:
        vault = Vault(places.recordings, MasterKey(secrets.recordings_key))
        return await Recorder(db, vault, places.home / FOLDER, voices).store_all(places.home / TO_SPEAK, _progress)


def _progress(done: int, total: int) -> None:
    if done % EVERY == 0:
        output.say(f"recordings: {done} of {total} calls")
