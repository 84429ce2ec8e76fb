"""The long-lived parts of the process in words, for people who do not know what a FastAGI is."""

from collections.abc import Mapping

from web.i18n import N_, _

PART = {
    "ami": N_("Telephone exchange"),
    "audit": N_("Sealing of the audit"),
    "audit chain": N_("Nightly check of the audit"),
    "dialer": N_("Reminder calls"),
    "fastagi": N_("Voice menu"),
    "jobs": N_("Background work"),
    "live": N_("Live updates"),
    "nightly": N_("Nightly upkeep"),
    "prompts": N_("Spoken prompts"),
    "recordings": N_("Recordings"),
    "sms-housekeeping": N_("Upkeep of messages"),
    "web": N_("Pages"),
    "wrap-up": N_("End of wrap-up"),
}
MODEM = "modem:"
STATE = {
    "ok": N_("working"),
    "link lost": N_("no connection"),
    "login refused": N_("login refused"),
    "not registered in a network": N_("not registered in a network"),
    "sending paused after repeated errors": N_("sending paused after repeated errors"),
    "waiting for its turn": N_("waiting for its turn"),
}


def part(name: str) -> str:
    """What it is; a modem with its name, an unknown part as it calls itself."""
    if name.startswith(MODEM):
        return _("Modem {name}", name=name.removeprefix(MODEM))
    return _(PART[name]) if name in PART else name


def parts(states: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """What it is, its own name, and how it is; a state without words as it stands in the log."""
    return [(part(name), name, _(STATE[state]) if state in STATE else state) for name, state in states.items()]
