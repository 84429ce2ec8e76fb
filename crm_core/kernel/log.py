"""One JSON line per record; fields that start with `pii_` are hidden unless told otherwise."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """A constant sentence plus fields. Exceptions keep type and place, never their values."""

    def __init__(self, *, show_personal: bool) -> None:
        super().__init__()
        self._show_personal = show_personal

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "msg": record.getMessage(),
        }
        for key, value in record.__dict__.items():
            if key not in _STANDARD:
                line[key] = "***" if key.startswith("pii_") and not self._show_personal else value
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info) if self._show_personal else _where(record)
        return json.dumps(line, ensure_ascii=False, default=str)


def _where(record: logging.LogRecord) -> str:
    exc_info = record.exc_info
    if not exc_info or not exc_info[0]:
        return ""
    frames = []
    trace = exc_info[2]
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{exc_info[0].__name__} at {' > '.join(frames[-6:])}"


def configure(*, level: str = "INFO", show_personal: bool = False, stream: TextIO | None = None) -> None:
    """Root logger to stderr as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(show_personal=show_personal))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("asyncio", "panoramisk", "aiohttp.access", "pgqueuer"):
        logging.getLogger(noisy).setLevel("WARNING")
