"""An AT command line taken apart: `AT+CMEE=1;+CREG?` is two requests (ITU-T V.250, chapter 5)."""

import re
from dataclasses import dataclass
from enum import Enum


class Op(Enum):
    """What is done to a command: `AT+X`, `AT+X?`, `AT+X=?`, `AT+X=...`."""

    EXECUTE = "execute"
    READ = "read"
    TEST = "test"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Request:
    """`name` in capitals with its sign: `+CMGS`, `E`, `&F`, `S3`. Arguments without their quotes."""

    name: str
    op: Op
    args: tuple[str, ...] = ()

    def number(self, position: int, default: int) -> int:
        """The argument as a number; the default when it is left out. Raises BadLineError."""
        text = self.args[position] if position < len(self.args) else ""
        if not text:
            return default
        if not re.fullmatch(r"-?[0-9]{1,6}", text):
            raise BadLineError
        return int(text)

    def text(self, position: int, default: str = "") -> str:
        """The argument as it stands; the default when it is left out."""
        return self.args[position] if position < len(self.args) and self.args[position] else default


class BadLineError(ValueError):
    """Not a command line a modem understands."""


_EXTENDED = re.compile(r"([+^$*%][A-Z0-9]+)(=\?|\?|=)?", re.IGNORECASE)
_BASIC = re.compile(r"(&?[A-Z])([0-9]*)", re.IGNORECASE)
_REGISTER = re.compile(r"(S[0-9]+)(\?|=([0-9]*))", re.IGNORECASE)


def parse_line(line: str) -> list[Request]:
    """The requests of a line without its `AT`, in order. Raises BadLineError when any part is wrong."""
    requests: list[Request] = []
    at = 0
    while at < len(line):
        if line[at] in " ;":
            at += 1
        elif line[at] in "+^$*%":
            request, at = _extended(line, at)
            requests.append(request)
        else:
            request, at = _basic(line, at)
            requests.append(request)
    return requests


def _extended(line: str, at: int) -> tuple[Request, int]:
    match = _EXTENDED.match(line, at)
    if not match:
        raise BadLineError
    name, sign = match.group(1).upper(), match.group(2)
    end = _end_of_command(line, match.end())
    rest = line[match.end() : end].strip()
    if sign == "=":
        return Request(name, Op.SET, split_arguments(rest)), end
    if rest:
        raise BadLineError
    return Request(name, {None: Op.EXECUTE, "?": Op.READ, "=?": Op.TEST}[sign]), end


def _end_of_command(line: str, at: int) -> int:
    quoted = False
    for position in range(at, len(line)):
        if line[position] == '"':
            quoted = not quoted
        elif line[position] == ";" and not quoted:
            return position
    return len(line)


def split_arguments(text: str) -> tuple[str, ...]:
    """At commas outside quotes."""
    parts, current, quoted = [], "", False
    for char in text:
        if char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            parts.append(current.strip())
            current = ""
        else:
            current += char
    return (*parts, current.strip())


def _basic(line: str, at: int) -> tuple[Request, int]:
    register = _REGISTER.match(line, at)
    if register:
        op = Op.READ if register.group(2) == "?" else Op.SET
        return Request(register.group(1).upper(), op, (register.group(3) or "",)), register.end()
    match = _BASIC.match(line, at)
    if not match:
        raise BadLineError
    name = match.group(1).upper()
    if name == "D":
        return Request("D", Op.EXECUTE, (line[at + 1 :],)), len(line)
    return Request(name, Op.EXECUTE, (match.group(2),)), match.end()
