"""Carries agents' states into Asterisk's queue: by a job after each change, and all at once when the link comes up."""

from typing import assert_never

from crm_core.calls import agent_store
from crm_core.kernel.db import Database
from crm_core.kernel.ids import UserId
from telephony import names
from telephony.ami import Ami
from telephony.errors import AmiRefusedError
from telephony.queue_members import Add, Change, Pause, Remove, changes, wanted_members


async def sync_all(db: Database, ami: Ami) -> None:
    """Every member of the queue. Raises AmiLinkError, AmiTimeoutError, DatabaseUnavailableError."""
    actual = await _members(ami)
    async with db.connection() as conn:
        wanted = wanted_members(await agent_store.states(conn))
    for change in changes(wanted, actual):
        await _make(ami, change)


async def sync_one(db: Database, ami: Ami, user_id: UserId) -> None:
    """One agent's desk; the state counts that is in the database now."""
    async with db.connection() as conn:
        agents = await agent_store.find(conn, user_id=user_id)
    interfaces = {names.desk_interface(agent.desk) for agent in agents if agent.desk in names.DESKS}
    actual = {interface: paused for interface, paused in (await _members(ami)).items() if interface in interfaces}
    for change in changes(wanted_members(agents), actual):
        await _make(ami, change)


async def _members(ami: Ami) -> dict[str, bool]:
    reply = await ami.action("QueueStatus", Queue=names.QUEUE_OPERATORS)
    return {row["Location"]: row["Paused"] == "1" for row in reply.rows if row.get("Event") == "QueueMember"}


async def _make(ami: Ami, change: Change) -> None:
    queue, interface = names.QUEUE_OPERATORS, change.interface
    try:
        match change:
            case Add(_, is_paused):
                await ami.action(
                    "QueueAdd",
                    Queue=queue,
                    Interface=interface,
                    StateInterface=interface,
                    MemberName=names.desk_of(interface) or interface,
                    Paused=_yes(is_paused),
                )
            case Pause(_, is_paused):
                await ami.action("QueuePause", Queue=queue, Interface=interface, Paused=_yes(is_paused))
            case Remove():
                await ami.action("QueueRemove", Queue=queue, Interface=interface)
            case _:
                assert_never(change)
    except AmiRefusedError:
        return  # another server process was faster: already there, or already gone


def _yes(value: bool) -> str:
    return "true" if value else "false"
