"""A text as a picture that a telephone reads."""

import segno
from markupsafe import Markup

MODULE_PX = 5
QUIET_ZONE = 2


def picture(text: str) -> Markup:
    """An SVG for the page itself: no request, no file, and the policy allows it."""
    return Markup(segno.make(text, error="m", micro=False).svg_inline(scale=MODULE_PX, border=QUIET_ZONE, light="#fff"))
