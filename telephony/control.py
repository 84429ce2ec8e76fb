"""What staff may ask of calls under way, and the call an agent places by a click."""

from crm_core.kernel.ids import Msisdn, Uniqueid
from crm_core.kernel.msisdn import dialled
from telephony import names
from telephony.ami import Ami
from telephony.originate import Originate, OriginateTaken

DESK_RINGS_S = 20.0


async def click_to_dial(ami: Ami, desk: str, to: Msisdn) -> OriginateTaken:
    """Ring the agent's desk; when it answers, the dialplan dials the patient. Returns when the desk answered or not.

    Raises TemporarySendError, OutcomeUnknownError, InvalidMsisdnError for a number the dialplan would not dial.
    """
    digits = dialled(to)
    return await ami.originate(
        Originate(
            interface=names.desk_interface(desk),
            context=names.CONTEXT_CLICK_TO_DIAL,
            extension=digits,
            caller_id=digits,
            ring_s=DESK_RINGS_S,
        )
    )


async def bring_to_desk(ami: Ami, patient: Uniqueid, desk: str) -> None:
    """The patient's channel leaves whatever it is in and rings this desk; if nobody answers there, the queue.

    Raises AmiError.
    """
    if desk not in names.DESKS:
        raise ValueError("no such desk")
    await ami.action("Redirect", Channel=patient, Context=names.CONTEXT_DESK_RETURN, Exten=desk, Priority="1")


async def hang_up(ami: Ami, patient: Uniqueid) -> None:
    """End the patient's leg and with it the call. Raises AmiError."""
    await ami.action("Hangup", Channel=patient, Cause="16")
