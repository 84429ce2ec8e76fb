"""A text in lines of a width, in the largest type that fits. Pure: `measure` tells how many ems a text is wide."""

import re
from collections.abc import Callable, Iterator, Sequence

from letters.model import POINT_MM

Measure = Callable[[str], float]
_PIECE = re.compile(
    r"[A-Za-z0-9\u00c0-\u024f#&'./@_+-]+(?:[,;:)]| ?(?:号|室|楼|栋|幢|层|座|弄|单元))?|\s+|.", re.DOTALL
)
_NOT_FIRST = frozenset("，。、；：！？）】》”’,;:!?)]}·")
_ROUNDING = 1e-6


def fitted(
    text: str, width: float, sizes: Sequence[float], most: int, measure: Measure
) -> tuple[float, list[str]] | None:
    """The size in points and the lines, at most so many; None when not even the smallest size fits."""
    for points in sizes:
        lines = wrapped(text, width / (points * POINT_MM), measure)
        if len(lines) <= most:
            return points, lines
    return None


def wrapped(text: str, ems: float, measure: Measure) -> list[str]:
    """Broken between Chinese characters and at spaces, inside a word only when it is wider than a line."""
    lines = [""]
    for piece in _pieces(text, ems, measure):
        if measure((lines[-1] + piece).strip()) <= ems + _ROUNDING or not lines[-1]:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.strip() for line in lines if line.strip()]


def _pieces(text: str, ems: float, measure: Measure) -> Iterator[str]:
    whole = ""
    for piece in (*_PIECE.findall(text), ""):
        if piece in _NOT_FIRST:
            whole += piece
        else:
            yield from [whole] if measure(whole) <= ems else whole
            whole = piece
