"""Where a list ordered by time goes on, as an address may carry it: opaque, and checked on its way back."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from crm_core.kernel.errors import InvalidInputError
from sms.model import Place

LONGEST = 120


def written(place: Place) -> str:
    """What `read` takes."""
    return urlsafe_b64encode(json.dumps([place.at.isoformat(), place.id]).encode()).rstrip(b"=").decode()


def read(text: str) -> Place | None:
    """None for the first page. Raises InvalidInputError for what this program did not write."""
    if not text:
        return None
    try:
        if len(text) > LONGEST:
            raise ValueError(text)
        at, number = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        place = Place(datetime.fromisoformat(at), number)
        if place.at.tzinfo is None or type(number) is not int or not 0 < number < 2**63:
            raise ValueError(text)
    except (ValueError, TypeError):
        raise InvalidInputError("not a cursor of this list", field="after") from None
    return place
