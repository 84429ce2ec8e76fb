"""Every name that Asterisk and Python must agree on; `asterisk_conf/` uses the same, and a test compares them."""

import re
from typing import Final

# contexts: where a channel's dialplan begins
CONTEXT_TRUNK: Final = "from-trunk"  # patients who phone the hospital
CONTEXT_HANDSET: Final = "from-handset"  # the demo's browser telephone: a patient too
CONTEXT_DESK: Final = "from-desk"  # what agents dial
CONTEXT_HOTLINE: Final = "hotline"  # greeting, recording, menu
CONTEXT_QUEUE: Final = "operators"  # wait for a person
CONTEXT_VOICEMAIL: Final = "voicemail"
CONTEXT_REMINDER: Final = "reminder"  # an answered call of ours
CONTEXT_CLICK_TO_DIAL: Final = "click-to-dial"  # the agent's desk has answered; now the patient is dialled
CONTEXT_TRANSFER: Final = "transfer-from-desk"  # the only targets of a transfer
CONTEXT_DESK_RETURN: Final = "desk-return"  # a desk that lost its page gets its patient back
CONTEXT_SUPERVISE: Final = "supervise"  # a supervisor's ear; the extension is listen or whisper
CONTEXT_CONFERENCE: Final = "conference"  # a patient and several of us; staff's extension is the patient's Uniqueid
CONTEXTS: Final = (
    CONTEXT_TRUNK,
    CONTEXT_HANDSET,
    CONTEXT_DESK,
    CONTEXT_HOTLINE,
    CONTEXT_QUEUE,
    CONTEXT_VOICEMAIL,
    CONTEXT_REMINDER,
    CONTEXT_CLICK_TO_DIAL,
    CONTEXT_TRANSFER,
    CONTEXT_DESK_RETURN,
    CONTEXT_SUPERVISE,
    CONTEXT_CONFERENCE,
)
EXTENSION_START: Final = "s"
EXTENSION_OPERATORS: Final = "operators"  # an agent may send a patient back to the queue

EXTENSION_PATIENT: Final = "patient"  # of a conference

HOTLINE_DID: Final = "4000"

# FastAGI paths
AGI_HOTLINE: Final = "hotline"
AGI_REMINDER: Final = "reminder"

# queues
QUEUE_OPERATORS: Final = "operators"
QUEUES: Final = (QUEUE_OPERATORS,)
MUSIC_CLASS: Final = "hold"

# endpoints
ENDPOINT_CARRIER: Final = "carrier"
DESK_PREFIX: Final = "desk-"
HANDSET_PREFIX: Final = "handset-"
DESKS: Final = tuple(f"{DESK_PREFIX}{number:02d}" for number in range(1, 41))

# channel variables
VAR_NEXT: Final = "HCRM_NEXT"  # what the dialplan does after our AGI; empty means we died: a person takes over
VAR_ATTEMPT_ID: Final = "HCRM_ATTEMPT_ID"  # of an outbound call
VAR_ANSWERED_BY: Final = "HCRM_ANSWERED_BY"  # human or machine, known when the reminder's AGI begins
VAR_ON_MACHINE: Final = "HCRM_ON_MACHINE"  # what an answering machine gets: `message` or `hangup`
VAR_DIGITS: Final = "HCRM_DIGITS"  # every key the caller pressed so far
VAR_LANGUAGE: Final = "CHANNEL(language)"  # zh_CN or en
VAR_MONITOR_DIR: Final = "HCRM_MONITOR_DIR"
VAR_LISTENED: Final = "HCRM_LISTENED"  # Uniqueid of the agent's channel that an ear hears
VARIABLES: Final = (
    VAR_NEXT,
    VAR_ATTEMPT_ID,
    VAR_ANSWERED_BY,
    VAR_ON_MACHINE,
    VAR_DIGITS,
    VAR_MONITOR_DIR,
    VAR_LISTENED,
)

# values of HCRM_NEXT
NEXT_QUEUE: Final = "queue"
NEXT_VOICEMAIL: Final = "voicemail"
NEXT_HANGUP: Final = "hangup"
NEXTS: Final = (NEXT_QUEUE, NEXT_VOICEMAIL, NEXT_HANGUP)

# user events
EVENT_ANSWERED: Final = "HcrmAnswered"  # headers Attempt and By, when a call of ours was picked up
BY_HUMAN: Final = "human"
BY_MACHINE: Final = "machine"

# recordings in HCRM_MONITOR_DIR, each `<Uniqueid of the patient's channel><suffix>`
SUFFIX_RX: Final = "-rx.wav"  # the patient's voice
SUFFIX_TX: Final = "-tx.wav"  # what the patient hears
SUFFIX_VOICEMAIL: Final = "-voicemail.wav"


# supervisors
EAR_PREFIX: Final = "hcrm-ear-"  # Uniqueid of a supervisor's channel, until its page is loaded again
CALLER_SUPERVISION: Final = "supervision"  # what their telephone shows instead of a number, and answers by itself
CHANSPY: Final = "ChanSpy"
CONFBRIDGE: Final = "ConfBridge"
_UNIQUEID: Final = re.compile(r"[0-9a-z.\-]{1,80}")


def is_ear(uniqueid: str) -> bool:
    """Whether this channel was rung for a supervisor to hear a call."""
    return uniqueid.startswith(EAR_PREFIX)


def checked_uniqueid(uniqueid: str) -> str:
    """As an extension or a variable's value. Raises ValueError for anything else."""
    if not _UNIQUEID.fullmatch(uniqueid):
        raise ValueError("no Uniqueid")
    return uniqueid


def carrier_interface(digits: str) -> str:
    """Where Originate or Dial reaches a patient; `digits` as people at home dial them. Raises ValueError for others."""
    if not (digits.removeprefix("+").isascii() and digits.removeprefix("+").isdigit() and len(digits) <= 20):
        raise ValueError("not digits to dial")
    return f"PJSIP/{digits}@{ENDPOINT_CARRIER}"


def desk_interface(desk: str) -> str:
    """A desk as queue member and Originate target. Raises ValueError for a desk that does not exist."""
    if desk not in DESKS:
        raise ValueError("no such desk")
    return f"PJSIP/{desk}"


def endpoint_of(channel: str) -> str:
    """`PJSIP/desk-01-0000002a` -> `desk-01`; "" for a channel that is no telephone."""
    technology, _, rest = channel.partition("/")
    return rest.rpartition("-")[0] if technology == "PJSIP" else ""


def desk_of(channel_or_interface: str) -> str | None:
    """The desk a channel or a queue member belongs to, None for anything else."""
    if channel_or_interface.startswith("PJSIP/") and channel_or_interface[6:] in DESKS:
        return channel_or_interface[6:]
    endpoint = endpoint_of(channel_or_interface)
    return endpoint if endpoint in DESKS else None
