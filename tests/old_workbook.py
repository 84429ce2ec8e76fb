"""Workbooks as Excel 97 wrote them: just enough of OLE and BIFF8 for what is read here."""

import struct
from collections.abc import Sequence

SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def ole(name: str, content: bytes) -> bytes:
    """A compound file with one stream of at least 4,096 bytes."""
    content = content.ljust(4096, b"\0")
    content += b"\0" * (-len(content) % SECTOR)
    count = len(content) // SECTOR
    fat = [FAT, END, *range(3, count + 2), END]
    assert len(fat) <= SECTOR // 4
    table = struct.pack(f"<{SECTOR // 4}I", *fat, *[FREE] * (SECTOR // 4 - len(fat)))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += b"\0" * 6 + struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, END, 0, END, 0, 0)
    header = header.ljust(SECTOR, b"\xff")
    folder = _entry("Root Entry", 5, 1, END, 0) + _entry(name, 2, FREE, 2, len(content))
    return header + table + folder.ljust(SECTOR, b"\0") + content


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    said = name.encode("utf-16-le")
    packed = said.ljust(64, b"\0") + struct.pack("<HBBIII", len(said) + 2, kind, 1, FREE, FREE, child)
    return packed + b"\0" * 36 + struct.pack("<IQ", start, size)


def xls(rows: Sequence[Sequence[str | float]]) -> bytes:
    """One sheet of texts and numbers."""
    start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0x0DBB, 1996, 0, 6))
    end, name = _record(0x0A, b""), b"Sheet1"
    at = len(start) + 4 + 8 + len(name) + len(end)
    about = _record(0x85, struct.pack("<IHBB", at, 0, len(name), 0) + name)
    cells = b"".join(_cell(y, x, value) for y, row in enumerate(rows) for x, value in enumerate(row))
    size = _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    sheet = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0x0DBB, 1996, 0, 6)) + size + cells + end
    return ole("Workbook", start + about + end + sheet)


def _cell(y: int, x: int, value: str | float) -> bytes:
    if isinstance(value, str):
        said = value.encode("utf-16-le")
        return _record(0x0204, struct.pack("<HHHHB", y, x, 0, len(said) // 2, 1) + said)
    return _record(0x0203, struct.pack("<HHHd", y, x, 0, value))


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content
