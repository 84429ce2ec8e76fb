"""Names in a canned answer that are filled when it is chosen: {name}, {hospital}, {hotline}, {appointment}. Pure.

A closed set and a plain replacement: no format string of a person's is ever run, and what a patient is called cannot
name another placeholder.
"""

import re
from collections.abc import Mapping

NAMES = ("name", "hospital", "hotline", "appointment")
_BRACED = re.compile(r"\{([^{}]*)\}")


def stray(text: str) -> str:
    """The first thing in braces that is no placeholder, or a brace without its other; "" when all is right."""
    for match in _BRACED.finditer(text):
        if match[1] not in NAMES:
            return match[0]
    rest = _BRACED.sub("", text)
    return next((char for char in rest if char in "{}"), "")


def filled(text: str, values: Mapping[str, str]) -> str:
    """What is known is put in; what is not stays to be seen, and is not sent (`gaps`)."""
    return _BRACED.sub(lambda match: values.get(match[1], "") or match[0], text)


def gaps(text: str) -> list[str]:
    """Placeholders that nobody has filled."""
    return [match[0] for match in _BRACED.finditer(text) if match[1] in NAMES]
