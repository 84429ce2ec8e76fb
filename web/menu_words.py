"""The steps of the voice menus that hcrm brings, in words for who reads a call. Other steps have their own names."""

from web.i18n import N_, _

STEP = {
    "recognise": N_("Number looked up"),
    "greet_by_name": N_("Greeted by name"),
    "greet": N_("Greeted"),
    "hours": N_("Opening hours"),
    "lunch_notice": N_("Told of the lunch break"),
    "closed_notice": N_("Told that we are closed"),
    "main": N_("Main menu"),
    "which_language": N_("Language"),
    "to_english": N_("Changed to English"),
    "to_chinese": N_("Changed to Chinese"),
    "who_books": N_("Asked who is to be booked"),
    "who_asks": N_("Asked whose appointments"),
    "not_identified": N_("Not recognised"),
    "book": N_("Booking"),
    "appointments": N_("Own appointments"),
    "appointment": N_("What to do with an appointment"),
    "remind": N_("Reminded"),
    "confirm": N_("Confirmation"),
    "cancel": N_("Cancellation"),
    "reschedule": N_("Another time"),
    "hospital": N_("About the hospital"),
    "anything_else": N_("Anything else"),
    "goodbye": N_("Goodbye"),
    "person": N_("Asked for a person"),
    "person_by_hours": N_("Whether somebody is there"),
    "operators": N_("Queue"),
    "leave_word": N_("Offered voicemail or a call back"),
    "voicemail": N_("Voicemail"),
    "callback": N_("Asked to be called back"),
}


def step(name: str) -> str:
    """What happened there."""
    return _(STEP[name]) if name in STEP else name
