"""The channels that Asterisk has now."""

from collections.abc import Mapping

from crm_core.kernel.ids import Linkedid, Uniqueid
from telephony.ami import Ami
from telephony.ami_events import Channel, channel_of
from telephony.reconcile import Living


async def living_now(ami: Ami) -> list[Living]:
    """Raises AmiError."""
    return [living(row) for row in (await ami.action("CoreShowChannels")).rows]


def living(row: Mapping[str, str]) -> Living:
    """One row of CoreShowChannels."""
    channel = channel_of(row) or Channel(name="", uniqueid=Uniqueid(""), linkedid=Linkedid(""))
    return Living(channel, row.get("Application", ""), row.get("ApplicationData", ""), row.get("BridgeId", ""))
