"""The words of AGI, without I/O: the block Asterisk sends first, its replies, our commands."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from crm_core.kernel.ids import Linkedid, Uniqueid
from telephony.errors import AgiProtocolError

HEADER_BYTES = 64 * 1024
LINE_BYTES = 4 * 1024
COMMAND_BYTES = 2_000  # Asterisk reads lines of at most 2,047 bytes
MOST_QUERY_FIELDS = 50
HANGUP_LINE = "HANGUP"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\([A-Za-z0-9_,-]*\))?")
_RESULT = re.compile(r"result=(?P<result>-?[0-9*#A-Da-d]*)(?P<rest>.*)", re.DOTALL)
_ENDPOS = re.compile(r" endpos=(\d+)$")


@dataclass(frozen=True, slots=True)
class AgiRequest:
    """Who calls, and which route the dialplan asked for. `caller` is "" when withheld."""

    path: str
    uniqueid: Uniqueid
    linkedid: Linkedid
    channel: str
    did: str
    language: str
    caller: str = field(repr=False)
    args: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgiReply:
    """`200 result=1 (Alice B) endpos=8000` -> code 200, result "1", data "Alice B", endpos 8000 (samples, 8 per ms)."""

    code: int
    result: str
    data: str | None = field(default=None, repr=False)
    endpos: int | None = None

    @property
    def is_failure(self) -> bool:
        """Whether the command reports -1: mostly that the caller is gone."""
        return self.result == "-1"


def parse_request(block: bytes) -> AgiRequest:
    """The environment block. Raises AgiProtocolError when it is not one."""
    env = _parse_env(block)
    request, uniqueid = env.get("agi_request", ""), env.get("agi_uniqueid", "")
    if not request or not uniqueid:
        raise AgiProtocolError("no agi_request or agi_uniqueid")
    path, query = _parse_address(request)
    args = tuple(env[f"agi_arg_{n}"] for n in range(1, 100) if f"agi_arg_{n}" in env)
    return AgiRequest(
        path=path,
        uniqueid=Uniqueid(uniqueid),
        linkedid=Linkedid(args[0] if args and args[0] else uniqueid),
        channel=env.get("agi_channel", ""),
        did=_known(env.get("agi_dnid", "")) or _known(env.get("agi_extension", "")),
        language=env.get("agi_language", ""),
        caller=_known(env.get("agi_callerid", "")),
        args=args,
        query=query,
    )


def _parse_address(request: str) -> tuple[str, dict[str, str]]:
    try:
        url = urlsplit(request)
        return url.path.strip("/"), dict(parse_qsl(url.query, max_num_fields=MOST_QUERY_FIELDS))
    except ValueError:
        raise AgiProtocolError("agi_request is no address of ours") from None


def _parse_env(block: bytes) -> dict[str, str]:
    env: dict[str, str] = {}
    for line in block.rstrip(b"\n").split(b"\n"):
        if len(line) > LINE_BYTES:
            raise AgiProtocolError("header line too long")
        name, separator, value = line.rstrip(b"\r").decode("utf-8", errors="replace").partition(":")
        if not separator or not name.startswith("agi_"):
            raise AgiProtocolError("not an AGI header")
        env[name] = value.removeprefix(" ")
    return env


def _known(value: str) -> str:
    return "" if value in ("unknown", "<unknown>") else value


def parse_reply(line: str) -> AgiReply:
    """One complete reply line (`520-` blocks: their last line). Raises AgiProtocolError for anything else."""
    code, _, rest = line.partition(" ")
    if len(code) != 3 or not (code.isascii() and code.isdigit()):
        raise AgiProtocolError("not an AGI reply")
    match = _RESULT.match(rest)
    if match is None:
        if code == "200":
            raise AgiProtocolError("an AGI reply without result")
        return AgiReply(int(code), "", rest)
    data, endpos = _split_tail(match["rest"])
    return AgiReply(int(code), match["result"], data, endpos)


def _split_tail(tail: str) -> tuple[str | None, int | None]:
    end = _ENDPOS.search(tail)
    endpos = int(end[1]) if end else None
    tail = (tail[: end.start()] if end else tail).strip(" ")
    if tail.startswith("(") and tail.endswith(")"):
        return tail[1:-1], endpos
    return (tail or None), endpos


def command_line(*words: object) -> bytes:
    """`words[0]` as it is (STREAM FILE), the others quoted. Raises ValueError for line breaks and too long a line."""
    head, *arguments = (str(word) for word in words)
    line = " ".join([head, *(quoted(word) for word in arguments)])
    encoded = line.encode("utf-8") + b"\n"
    if len(encoded) > COMMAND_BYTES:
        raise ValueError("AGI command too long")
    return encoded


def quoted(value: str) -> str:
    """One AGI argument. Raises ValueError for a line break or a NUL: they would be a second command."""
    if any(character in value for character in "\r\n\0"):
        raise ValueError("line break in an AGI argument")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def checked_name(name: str) -> str:
    """A variable's or function's name. Raises ValueError when it could be anything else."""
    if not NAME.fullmatch(name):
        raise ValueError("not a channel variable's name")
    return name
