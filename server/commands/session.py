"""A database for one command, with every reaction wired as in the server."""

import os
import pwd
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crm_core.kernel import log
from crm_core.kernel.actor import Actor, ActorKind, Role
from crm_core.kernel.db import Database, open_database
from server import config as configuration
from server.postgres import database_url
from server.secret_store import load_or_make


def _who() -> str:
    """The account of this machine; behind sudo the one that asked for it."""
    asked = os.environ.get("SUDO_USER", "")
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # an account without a name
        account = str(os.getuid())
    return f"{asked} as {account}" if asked and asked != account else account


COMMAND_LINE = Actor(ActorKind.SYSTEM, "command line", Role.ADMIN, session=f"os:{_who()}")


@asynccontextmanager
async def database() -> AsyncIterator[Database]:
    """The hospital's own. Raises DatabaseUnavailableError when it is not running."""
    from server.wiring import SUBSCRIPTIONS

    config = configuration.load()
    log.configure(level="WARNING")
    url = database_url(config, load_or_make(config.places.secrets))
    async with open_database(url, subscriptions=SUBSCRIPTIONS, zone=config.hospital.timezone, max_size=2) as db:
        yield db
