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


def os_user() -> str:
    """Who sits before the shell, also behind sudo."""
    try:
        return os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


COMMAND_LINE = Actor(ActorKind.SYSTEM, f"command line: {os_user()}", Role.ADMIN)


@asynccontextmanager
async def database() -> AsyncIterator[Database]:
    """The hospital's own. Raises DatabaseUnavailableError when it is not running."""
    from server.wiring import SUBSCRIPTIONS

    config = configuration.load()
    log.configure(level="WARNING")
    url = database_url(config, load_or_make(config.places.secrets))
    async with open_database(url, subscriptions=SUBSCRIPTIONS, max_size=2) as db:
        yield db
