"""A supervisor at the second desk, and who hears whom."""

from crm_core.calls import supervision_store
from crm_core.calls.model import Mode
from crm_core.kernel.actor import Actor, ActorKind, Role
from server.supervising import Supervising
from tests.asterisk.hall import DESKS, Hall
from tests.asterisk.phone import Line
from tests.eventually import eventually


def actor(busy_hall: Hall, desk: int, role: Role) -> Actor:
    return Actor(ActorKind.USER, DESKS[desk], role, busy_hall.users[desk])


async def frames_later(count: int, *lines: Line) -> None:
    """Until so much more sound, be it silence, has come to each."""
    wanted = [(line, line.ear.frames + count) for line in lines]
    await eventually(lambda: all(line.ear.frames >= least for line, least in wanted), what="sound flows")


async def heard_by(speaker: Line, **others: Line) -> set[str]:
    """Whom this voice reaches; everybody else is silent."""
    await frames_later(30, *others.values())
    before = {name: line.ear.loud for name, line in others.items()}
    speaker.speaks = True
    await frames_later(60, *others.values())
    speaker.speaks = False
    return {name for name, line in others.items() if line.ear.loud - before[name] > 25}


async def listen(busy_hall: Hall) -> tuple[Supervising, Actor, Line]:
    """The second desk hears the first: its leg."""
    supervising = Supervising(busy_hall.db, busy_hall.ami)
    supervisor = actor(busy_hall, 1, Role.SUPERVISOR)
    await supervising.begin(supervisor, busy_hall.users[0], Mode.LISTEN)
    return supervising, supervisor, await busy_hall.desks[1].next_ring()


async def under_way(busy_hall: Hall) -> list[tuple[str, Mode]]:
    async with busy_hall.db.connection() as conn:
        return [(one.agent_login, one.mode) for one in await supervision_store.under_way(conn)]


async def nobody_hears(busy_hall: Hall) -> None:
    async def look() -> bool:
        return await under_way(busy_hall) == []

    await eventually(look, what="nobody hears any more")
