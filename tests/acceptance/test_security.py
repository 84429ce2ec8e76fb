"""Who may come in, what listens where, and what is written down about people."""

import asyncio
import json
import os
import re
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from crm_core.kernel.actor import Role
from crm_core.users.rights import Right, allows
from server import processes
from tests.acceptance import people
from tests.acceptance.browser import logged_in
from tests.acceptance.hospital import Hospital
from tests.asterisk.phone import phone
from tests.eventually import eventually
from web import routes
from web.access import Open, Route

pytestmark = pytest.mark.web

TABLE = routes.table(with_demo=True)
CLOSED = [route for route in TABLE if route.access is not Open.TO_ALL]
NEEDS_A_RIGHT = [route for route in CLOSED if isinstance(route.access, Right)]
OPEN = {
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/login/code"),
    ("POST", "/login/code"),
    ("POST", "/language"),
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/demo"),
    ("GET", "/demo/ws"),
    ("POST", "/demo/line"),
    ("POST", "/demo/thread"),
    ("POST", "/demo/send"),
}
REFUSED = "SELECT action, actor, count(*) AS n FROM audit WHERE outcome = $1 AND id > $2 GROUP BY 1, 2"
TURNED_AWAY = "SELECT coalesce(sum(count), 0)::bigint AS n FROM refusal WHERE reason = 'not logged in'"
NEWEST = "SELECT coalesce(max(id), 0) AS id FROM audit"
DEFAULT_PASSWORDS = ("admin", "password", "hcrm", "changeme", "secret", "asterisk", "amp111", "mysecret", "")
TCP_LISTEN = "0A"
LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
EPHEMERAL_FROM = 32_768


def path_of(route: Route) -> str:
    """One that the route matches."""
    filled = re.sub(r"\{\w+:[^}]*\}", "1", route.path)
    return filled.replace("{id}", str(uuid.UUID(int=7)) if "recordings" in filled or "call" in filled else "1")


def name_of(route: Route) -> str:
    """As the audit writes it."""
    path = re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.path)
    return f"{route.method} {path}"


async def statuses(url: str, asked: list[Route], headers: dict[str, str]) -> dict[str, int]:
    found = {}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        for route in asked:
            body: dict[str, str] | None = {} if route.path.startswith("/api/") and route.method != "GET" else None
            async with session.request(
                route.method, url + path_of(route), headers=headers, allow_redirects=False, json=body
            ) as answer:
                found[name_of(route)] = answer.status
    return found


async def refusals(hospital: Hospital, outcome: str, since: int) -> set[tuple[str, str]]:
    rows = await hospital.ask_database(REFUSED, outcome, since)
    return {(row["actor"], row["action"]) for row in rows}


def test_what_needs_no_login_is_a_short_list() -> None:
    assert {(route.method, route.path) for route in TABLE if route.access is Open.TO_ALL} == OPEN


async def test_without_login_or_token_every_other_route_refuses_and_it_is_counted(hospital: Hospital) -> None:
    (before,) = await hospital.ask_database(TURNED_AWAY)
    (newest,) = await hospital.ask_database(NEWEST)
    for headers in ({}, {"Authorization": "Bearer guessed"}):
        answered = await statuses(hospital.url, CLOSED, headers)
        assert answered == dict.fromkeys(answered, 401)
        assert len(answered) == len(CLOSED)
    (after,) = await hospital.ask_database(TURNED_AWAY)
    assert after["n"] - before["n"] >= 2 * len(CLOSED)
    assert await refusals(hospital, "not logged in", newest["id"]) == set()


def lacking(route: Route) -> Role:
    """A role that may not use it."""
    assert isinstance(route.access, Right)
    return next(role for role in (Role.AUDITOR, Role.MARKETER, Role.AGENT) if not allows(role, route.access))


async def test_a_token_without_the_right_is_refused_by_every_api_route_and_it_is_written_down(
    hospital: Hospital,
) -> None:
    (newest,) = await hospital.ask_database(NEWEST)
    api = [route for route in NEEDS_A_RIGHT if route.path.startswith("/api/")]
    for role in {lacking(route) for route in api}:
        asked = [route for route in api if lacking(route) is role]
        token = hospital.token(role.value)
        answered = await statuses(hospital.url, asked, {"Authorization": f"Bearer {token}"})
        assert answered == dict.fromkeys(answered, 403), role
    noted = await refusals(hospital, "forbidden", newest["id"])
    assert {action for _, action in noted} == {name_of(route) for route in api}


async def test_a_person_without_the_right_is_refused_by_every_page_and_it_is_written_down(hospital: Hospital) -> None:
    (newest,) = await hospital.ask_database(NEWEST)
    pages = [route for route in NEEDS_A_RIGHT if not route.path.startswith("/api/")]
    logins = {Role.AUDITOR: "auditor", Role.MARKETER: "marketer", Role.AGENT: "agent1"}
    for role in {lacking(route) for route in pages}:
        login = logins[role]
        async with logged_in(hospital.url, login, hospital.password(login)) as person:
            for route in pages:
                if lacking(route) is role:
                    status, _ = await person.ask(route.method, path_of(route))
                    assert status == 403, (login, name_of(route), status)
    noted = await refusals(hospital, "forbidden", newest["id"])
    assert {action for _, action in noted} == {name_of(route) for route in pages}


async def test_recordings_cannot_be_guessed(hospital: Hospital) -> None:
    rows = await hospital.ask_database("SELECT id, path FROM recording")
    assert all(row["id"].version == 4 for row in rows)
    for guess in (str(uuid.uuid4()), str(uuid.UUID(int=1)), "1", "../../secrets.json"):
        answer = await hospital.api.ask("GET", f"/recordings/{guess}/audio")
        assert answer.status in (404, 422), guess
    stored = [path for path in hospital.config.places.recordings.rglob("*") if path.is_file()]
    assert not [path for path in stored if path.read_bytes()[:4] == b"RIFF"]  # encrypted at rest


def _sockets(pids: set[int]) -> Iterator[tuple[str, str, int, str]]:
    """Protocol, local address in hex, port, state of each socket that these processes hold."""
    inodes = set()
    for pid in pids:
        try:
            links = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            continue
        inodes |= {match[1] for link in links if (match := re.fullmatch(r"socket:\[(\d+)\]", str(link)))}
    for protocol in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]:
            words = line.split()
            if words[9] in inodes:
                address, _, port = words[1].partition(":")
                yield protocol, address, int(port, 16), words[3]


def test_nothing_listens_beyond_this_machine(hospital: Hospital) -> None:
    """TCP: every listening socket. UDP, which knows no listening: every bound one, but for the two random ports from
    which each Asterisk's SIP library would ask a DNS server. It opens them unasked, takes only answers to its own
    questions there, and asks none, as every address here is a number."""
    asterisks = {hospital.pid("asterisk"), hospital.pid("carrier")}
    beyond = [
        (protocol, address, port)
        for protocol, address, port, state in _sockets(hospital.everyone())
        if address not in LOOPBACK and (protocol.startswith("udp") or state == TCP_LISTEN)
    ]
    asks_dns = [one for one in beyond if one[0].startswith("udp") and one[2] >= EPHEMERAL_FROM]
    held = {(protocol, address, port) for protocol, address, port, _ in _sockets(asterisks)}
    assert [one for one in beyond if one not in asks_dns] == []
    assert set(asks_dns) <= held
    assert len(asks_dns) <= 2 * len(asterisks)


async def ami_says(port: int, name: str, secret: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"Action: Login\r\nUsername: {name}\r\nSecret: {secret}\r\n\r\n".encode())
        async with asyncio.timeout(60):
            await reader.readline()
            return (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
    finally:
        writer.close()


async def test_the_manager_interface_refuses_wrong_and_usual_secrets(hospital: Hospital) -> None:
    port = hospital.config.ports.ami
    secret = json.loads((hospital.home / "secrets.json").read_text())["ami"]
    assert "Response: Success" in await ami_says(port, "hcrm", secret)
    tries = [("hcrm", wrong) for wrong in (*DEFAULT_PASSWORDS, secret[:-1], secret.swapcase())]
    tries += [(name, name) for name in ("admin", "asterisk", "manager")] + [("admin", secret)]
    for answer in await asyncio.gather(*(ami_says(port, *one) for one in tries)):  # each takes Asterisk a second
        assert "Response: Error" in answer
    await eventually(lambda: hospital.status()["ami"] == "ok")


def test_a_telephone_without_its_secret_is_not_a_desk(hospital: Hospital) -> None:
    for password in DEFAULT_PASSWORDS:
        assert asyncio.run(_registers(hospital, password)) is False


async def _registers(hospital: Hospital, password: str) -> bool:
    async with phone(hospital.sip, "desk-01", password) as desk:
        try:
            await desk.register()
        except (AssertionError, TimeoutError):
            return False
    return True


async def test_the_logs_name_nobody(hospital: Hospital) -> None:
    """After a call and a text of 张三丰, whatever else happened before."""
    async with phone(hospital.sip, people.ZHANG) as patient:
        await patient.call("4000")
        seen = len(await hospital.phones.inbox(people.ZHANG))
        await hospital.phones.send(people.ZHANG, "查询")

        async def answered() -> bool:
            return len(await hospital.phones.inbox(people.ZHANG)) > seen

        await eventually(answered, every_s=0.3, what="an answer by text")
    assert processes.began(hospital.pid("serve"))
    logs = [path for path in hospital.config.places.logs.iterdir() if path.is_file()]
    assert {"serve.log", "asterisk.log", "postgres.log"} <= {path.name for path in logs}
    logs += [path for path in (hospital.home / "asterisk" / "log").rglob("*") if path.is_file()]
    for path in logs:
        text = path.read_text("utf-8", "replace")
        for personal in (people.ZHANG, "张三丰"):
            assert personal not in text, path
    assert people.ZHANG not in hospital.said()


def test_secrets_are_readable_by_their_owner_only(hospital: Hospital) -> None:
    for name in ("secrets.json", "logins.txt", "api-token.txt"):
        assert (hospital.home / name).stat().st_mode & 0o077 == 0, name
    with socket.socket() as sock:
        sock.settimeout(2)
        sock.connect(("127.0.0.1", hospital.config.ports.http))


SPOKEN = ("asterisk/sounds/", "asterisk/music/", "asterisk/prompts/", "asterisk/data/")  # what every caller hears


def test_no_other_user_of_the_machine_reads_what_a_hospital_writes(hospital: Hospital) -> None:
    home, others_read = hospital.home, []
    for folder, folders, files in os.walk(home):
        folders[:] = [name for name in folders if (Path(folder) / name).stat().st_mode & 0o001]
        paths = [path for name in files if not (path := Path(folder) / name).is_symlink()]
        others_read += [str(path.relative_to(home)) for path in paths if path.stat().st_mode & 0o004]
    assert [name for name in others_read if not name.startswith(SPOKEN)] == []
