"""Domain events: frozen facts in the past tense, their reactions, and the notice that wakes others."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from crm_core.kernel.db import Tx

NOTIFY_CHANNEL = "hcrm_event"
_PLAIN = (int, str, bool, tuple, type(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. `public` names the fields a notice may carry: ids and states, nothing personal.

    By these ids an open page knows whether it shows what happened (web/topics.py).
    """

    public: ClassVar[tuple[str, ...]] = ()
    is_told: ClassVar[bool] = True  # False: it is written down, but no notice leaves; an import makes thousands


# A handler takes the event and the open transaction; `Any` because each handler names its own event class.
Handler = Callable[[Any, "Tx"], Awaitable[None]]
Subscription = tuple[type[Event], Handler]


def public_of(event: Event) -> dict[str, object]:
    """The public fields as JSON values: what the log keeps and a notice carries."""
    values = {name: getattr(event, name) for name in event.public}
    return {name: value if isinstance(value, _PLAIN) else str(value) for name, value in values.items()}


def notice(event: Event) -> str:
    """The JSON that NOTIFY carries: type and public fields. Raises ValueError past PostgreSQL's 8,000 bytes."""
    text = json.dumps({"type": type(event).__name__, **public_of(event)}, separators=(",", ":"))
    if len(text.encode()) > 7_900:
        raise ValueError("event notice too long")
    return text
