"""`hcrm user` and `hcrm token`, as a person at the machine runs them."""

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.crypto import MasterKey
from crm_core.kernel.db import Database
from crm_core.users import logins, second_factor, service, sessions, tokens
from server.__main__ import build

pytestmark = pytest.mark.db


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """A command speaks to the log in its own way."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


async def hcrm(database_url: str, home: Path, *words: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    environ = {"HCRM_DATABASE_URL": database_url, "HCRM_HOME": str(home)}
    done = await asyncio.to_thread(CliRunner().invoke, build(), list(words), env=environ)
    return done.exit_code, done.stdout, done.stderr


async def asked(database_url: str, home: Path, *words: str) -> Any:
    code, said, complained = await hcrm(database_url, home, *words, "--json")
    assert (code, complained) == (0, "")
    return json.loads(said)


async def test_somebody_is_added_listed_and_given_another_first_password(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    made = await asked(database_url, tmp_path, "user", "add", "chen", "--role", "agent", "--name", "陈静")
    assert (made["login"], made["role"], made["desk"]) == ("chen", "agent", "desk-01")
    listed = await asked(database_url, tmp_path, "user", "list")
    assert listed == [{"login": "chen", "name": "陈静", "role": "agent", "desk": "desk-01", "active": True}]
    again = await asked(database_url, tmp_path, "user", "reset-password", "chen")
    entrance = await logins.authenticate(database, "chen", again["password"])
    login = await sessions.of_browser(database, entrance.token)
    assert login is not None
    assert login.must_change_password
    key = MasterKey(b"f" * 32)
    await second_factor.begin(database, key, login, "x")
    assert (await hcrm(database_url, tmp_path, "user", "reset-second-factor", "chen"))[0] == 0
    assert await second_factor.shown_again(database, key, login, "x") is None
    code, _said, complained = await hcrm(database_url, tmp_path, "user", "reset-password", "nobody")
    assert (code, "no such user" in complained) == (1, True)


async def test_a_token_is_made_listed_and_taken_back(database: Database, database_url: str, tmp_path: Path) -> None:
    code, plain, _ = await hcrm(database_url, tmp_path, "token", "create", "--role", "api")
    assert (code, plain.startswith("hcrm_"), len(plain.split())) == (0, True, 1)
    words = ("--name", "kiosk", "--days", "7", "--scope", "dial", "--scope", "see calls")
    made = await asked(database_url, tmp_path, "token", "create", "--role", "api", *words)
    kiosk, first = await asked(database_url, tmp_path, "token", "list")
    assert (first["name"], first["scopes"], first["created_by"]) == ("command line", None, "command line")
    assert (kiosk["name"], kiosk["scopes"], kiosk["revoked_at"]) == ("kiosk", ["dial", "see calls"], None)
    async with database.connection() as conn:
        assert await tokens.actor_of(conn, made["token"], database.clock()) is not None
    assert (await hcrm(database_url, tmp_path, "token", "revoke", str(kiosk["id"])))[0] == 0
    async with database.connection() as conn:
        assert await tokens.actor_of(conn, made["token"], database.clock()) is None
    code, _said, complained = await hcrm(database_url, tmp_path, "token", "revoke", "99")
    assert (code, "no such token" in complained) == (1, True)
    assert await service.listed(database, SYSTEM) == []
