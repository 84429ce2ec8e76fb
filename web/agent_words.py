"""What agents do and why their calls ended, in words; templates find them in `words`."""

from telephony.names import DESK_PREFIX
from web.i18n import N_

AGENT_STATE = {
    "offline": N_("Offline"),
    "available": N_("Available"),
    "ringing": N_("Ringing"),
    "calling": N_("Calling out"),
    "on_call": N_("On a call"),
    "wrap_up": N_("Wrap-up"),
    "break": N_("On a break"),
}
HEARS = {
    "listen": N_("Listening"),
    "whisper": N_("Whispering"),
    "barge": N_("Speaking with both"),
    "take_over": N_("Taking over"),
}
BREAK_REASON = {"meal": N_("Meal"), "rest": N_("Rest"), "meeting": N_("Meeting"), "training": N_("Training")}
STATE_REASON = {**BREAK_REASON, "missed": N_("Calls missed")}  # the last is not chosen but set
END_REASON = {
    "busy": N_("The line was busy."),
    "rejected": N_("The call was declined."),
    "no answer": N_("Nobody answered."),
    "absent": N_("The telephone was switched off or out of reach."),
    "no such number": N_("There is no such number."),
    "congestion": N_("All lines were busy."),
    "network trouble": N_("The telephone network had a fault."),
    "lost": N_("How it ended is not known: the link to the exchange was interrupted."),
    "unreachable": N_("The number could not be reached."),
}


def extension(desk: str) -> str:
    """`desk-07` is 07 to people."""
    return desk.removeprefix(DESK_PREFIX)
