"""`/events`: what happened, for programs that keep a copy."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from crm_core.kernel import cursor
from crm_core.kernel.event_log import Logged, Place
from crm_core.users.rights import Right
from overview import changes
from web.api.endpoint import Ask, Endpoint, NoBody, Page, PageQuery


class EventOut(BaseModel):
    """One event. `about` holds ids and states, nothing personal; `position` is behind it."""

    position: str
    at: AwareDatetime
    type: str = Field(examples=["AppointmentBooked"])
    about: dict[str, Any] = Field(examples=[{"appointment_id": 12, "patient_id": 7}])

    @classmethod
    def of(cls, event: Logged) -> "EventOut":
        """As it was told."""
        return cls(position=str(event.place.cursor), at=event.at, type=event.type, about=dict(event.public))


class EventPage(Page[EventOut]):
    """`next` is null when there is no more now; `position` then is where to ask again later."""

    position: str


class EventsQuery(PageQuery):
    """Oldest first. Whoever was away longer than the log is kept gets 410 and reads everything anew."""

    type: Annotated[str, Field(max_length=500, pattern=r"^[A-Za-z]+(,[A-Za-z]+)*$")] | None = Field(
        default=None, description="only these, with commas between", examples=["AppointmentBooked,PatientChanged"]
    )
    start: Literal["oldest", "now"] = Field(
        default="oldest", description="without a cursor: from the oldest that is kept, or only what comes from now on"
    )


async def find(ask: Ask[EventsQuery, NoBody]) -> EventPage:
    """What happened behind the cursor."""
    query = ask.query
    after = cursor.parse(query.place)
    if after is None and query.start == "now":
        found = await changes.from_now(ask.deps.db, ask.actor)
    else:
        found = await changes.listed(
            ask.deps.db,
            ask.actor,
            after=Place.of(after) if after else None,
            types=query.type.split(",") if query.type else None,
            limit=query.limit,
        )
    position = str(found.place.cursor)
    items = [EventOut.of(event) for event in found.events]
    return EventPage(items=items, next=None if found.is_end else position, position=position)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/events",
        right=Right.READ_EVENTS,
        handle=find,
        query=EventsQuery,
        response=EventPage,
        problems=(410,),
        summary="What happened, oldest first",
    ),
)
