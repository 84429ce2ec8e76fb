"""Where everything stands on an envelope or a label. Pure: millimetres in, boxes and lines out.

Envelopes are those of GB/T 1416: red boxes for the addressee's postcode at the upper left, inside the 90 x 26 mm that
sorting machines read and where nothing else may stand; the sender and their postcode at the lower right; nothing in the
strip along the bottom (20 mm high, 55 to 160 mm from the right edge) into which the post sprays its bars.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from letters import addresses
from letters.lines import Measure, fitted
from letters.model import POINT_MM, Addressee, Box, Sender, Sheet, Text, Why
from letters.papers import A4, Envelope, Labels, Paper

BOXES, BOX, GAP = 6, (7.0, 8.0), 2.5  # of a postcode
STAMP, STAMP_EDGE = 20.0, 8.0
LEADING = 1.35
CODE_POINTS = 16.0
PLACE, WHOM = (16, 15, 14, 13, 12, 11, 10), (22, 20, 18, 16, 14, 12)
SMALL = (11, 10, 9, 8)
ON_LABEL, NAME_ON_LABEL = (11, 10, 9, 8), (13, 12, 11, 10, 9, 8, 7, 6)
MARGIN = 15.0
LABEL_MARGIN = 4.5
BARS = 20.0  # the strip along the bottom
BARS_END = 55.0  # from the right edge, where the strip ends
ASCENT = 0.88  # of a line's type above the line that letters stand on


@dataclass(frozen=True, slots=True)
class _Area:
    x: float
    y: float
    width: float
    height: float


def laid_out(paper: Paper, one: Addressee, sender: Sender, measure: Measure, *, frames: bool) -> Sheet | Why:
    """One envelope, or one label as if it were the whole sheet."""
    match paper:
        case Envelope():
            return _envelope(paper, one, sender, measure, frames=frames)
        case Labels():
            return _label(paper, one, measure)


def _envelope(paper: Envelope, one: Addressee, sender: Sender, measure: Measure, *, frames: bool) -> Sheet | Why:
    place, whom, from_whom = _areas(paper)
    left = sender.address.strip()
    blocks = (
        _block(addresses.place(one), place, PLACE, measure),
        _block(addresses.whom(one), whom, WHOM, measure),
        _block(f"{left} {sender.name}".strip(), from_whom, SMALL, measure),
    )
    if any(block is None for block in blocks):
        return Why.NO_ROOM
    return Sheet(
        width=paper.width,
        height=paper.height,
        boxes=tuple(_frames(paper)) if frames else (),
        texts=(
            *_digits(paper, addresses.postcode_of(one), measure),
            *(text for block in blocks for text in block or ()),
            *_senders_postcode(paper, sender, measure),
        ),
    )


def _areas(paper: Envelope) -> tuple[_Area, _Area, _Area]:
    """For the address, the name and the sender, from above to below."""
    left, foot = paper.width * 0.22, paper.height - BARS
    width = paper.width - left - MARGIN
    top = max(36.0, paper.height * 0.33)
    right = paper.width * 0.48
    return (
        _Area(left, top, width, 20),
        _Area(left + 12, top + 22, width - 12, 11),
        _Area(right, foot - 13, paper.width - right - MARGIN, 13),
    )


def _block(
    text: str, area: _Area, sizes: Sequence[float], measure: Measure, *, most: int | None = None
) -> tuple[Text, ...] | None:
    """The text in its area from the top, in the largest type that fits into width and height."""
    for points in sizes:
        line = points * POINT_MM * LEADING
        rows = min(most or BOXES, int(area.height / line))
        found = fitted(text, area.width, (points,), rows, measure) if rows else None
        if found:
            return tuple(
                _text(area.x, area.y + number * line + points * POINT_MM * ASCENT, points, said, measure)
                for number, said in enumerate(found[1])
            )
    return None


def _text(x: float, y: float, points: float, said: str, measure: Measure) -> Text:
    return Text(x, y, points, said, measure(said) * points * POINT_MM)


def _digits(paper: Envelope, postcode: str, measure: Measure) -> Iterator[Text]:
    """Each in the middle of its box."""
    base = paper.code[1] + (BOX[1] + CODE_POINTS * POINT_MM * 0.72) / 2
    for box, digit in zip(_code_boxes(paper), postcode, strict=True):
        wide = measure(digit) * CODE_POINTS * POINT_MM
        yield _text(box.x + (BOX[0] - wide) / 2, base, CODE_POINTS, digit, measure)


def _code_boxes(paper: Envelope) -> Iterator[Box]:
    for number in range(BOXES):
        yield Box(paper.code[0] + number * (BOX[0] + GAP), paper.code[1], *BOX)


def _frames(paper: Envelope) -> Iterator[Box]:
    yield from _code_boxes(paper)
    yield Box(paper.width - STAMP - STAMP_EDGE, STAMP_EDGE, STAMP, STAMP)


def _senders_postcode(paper: Envelope, sender: Sender, measure: Measure) -> Iterator[Text]:
    """Right of the strip for the bars."""
    if sender.postcode:
        said = f"邮政编码 {sender.postcode}"
        wide = measure(said) * SMALL[0] * POINT_MM
        yield _text(
            max(paper.width - MARGIN - wide, paper.width - BARS_END + 1), paper.height - 8, SMALL[0], said, measure
        )


def _label(paper: Labels, one: Addressee, measure: Measure) -> Sheet | Why:
    """Postcode, address and name, one below the other."""
    width, height = paper.width - 2 * LABEL_MARGIN, paper.height - 2 * LABEL_MARGIN
    code = _block(addresses.postcode_of(one), _Area(LABEL_MARGIN, LABEL_MARGIN, width, 6), ON_LABEL, measure)
    place = _block(addresses.place(one), _Area(LABEL_MARGIN, LABEL_MARGIN + 6, width, height - 13), ON_LABEL, measure)
    whom = _block(
        addresses.whom(one), _Area(LABEL_MARGIN, LABEL_MARGIN + height - 6.5, width, 6.5), NAME_ON_LABEL, measure
    )
    if code is None or place is None or whom is None:
        return Why.NO_ROOM
    return Sheet(width=paper.width, height=paper.height, boxes=(), texts=(*code, *place, *whom))


def sheets(paper: Paper, pieces: Sequence[Sheet]) -> Iterator[Sheet]:
    """The paper that goes through the printer: an envelope each, or labels side by side on sheets."""
    match paper:
        case Envelope():
            yield from pieces
        case Labels():
            for first in range(0, len(pieces), paper.per_sheet):
                texts = _side_by_side(paper, pieces[first : first + paper.per_sheet])
                yield Sheet(width=A4[0], height=A4[1], boxes=(), texts=tuple(texts))


def _side_by_side(paper: Labels, pieces: Sequence[Sheet]) -> Iterator[Text]:
    for number, piece in enumerate(pieces):
        row, column = divmod(number, paper.columns)
        x, y = paper.left + column * paper.pitch[0], paper.top + row * paper.pitch[1]
        for text in piece.texts:
            yield replace(text, x=text.x + x, y=text.y + y)
