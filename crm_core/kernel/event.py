"""Domain events: frozen facts in the past tense, their reactions, and the notice that wakes others."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from crm_core.kernel.db import Tx

NOTIFY_CHANNEL = "hcrm_event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. `public` names the fields a notice may carry: ids and states, nothing personal.

    By these ids an open page knows whether it shows what happened (web/topics.py).
    """

    public: ClassVar[tuple[str, ...]] = ()
    is_told: ClassVar[bool] = True  # False: for reactions only, no notice leaves; an import makes thousands


# A handler takes the event and the open transaction; `Any` because each handler names its own event class.
Handler = Callable[[Any, "Tx"], Awaitable[None]]
Subscription = tuple[type[Event], Handler]


def notice(event: Event) -> str:
    """The JSON that NOTIFY carries: type and public fields. Raises ValueError past PostgreSQL's 8,000 bytes."""
    body: dict[str, object] = {"type": type(event).__name__}
    for name in event.public:
        value = getattr(event, name)
        body[name] = value if isinstance(value, (int, str, bool, tuple, type(None))) else str(value)
    text = json.dumps(body, separators=(",", ":"))
    if len(text.encode()) > 7_900:
        raise ValueError("event notice too long")
    return text
