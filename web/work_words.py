"""Closed sets of texts and tasks in words. Marked here, translated where they are shown; `words` has them too."""

from web.i18n import N_

SMS_STATE = {
    "queued": N_("Waiting to be sent"),
    "sending": N_("Being sent"),
    "sent": N_("Sent"),
    "delivered": N_("Delivered"),
    "failed": N_("Failed"),
    "expired": N_("Expired"),
    "unknown": N_("Outcome unknown"),
    "suppressed": N_("Not sent"),
    "received": N_("Received"),
}
SMS_CHOICE = {"arrived": N_("It arrived, close"), "resend": N_("Send again"), "withdraw": N_("Take back")}
SMS_FILTER = {
    "unanswered": N_("Unanswered"),
    "unread": N_("Unread"),
    "mine": N_("Mine"),
    "all": N_("All"),
}
PURPOSE_MEANS = {
    "care": N_("Care: their treatment, appointments and results. Always allowed, unless they refused everything."),
    "notice": N_("Notice: surveys and news of the hospital. Not to who refused notices."),
    "marketing": N_("Health offer: only to who agreed to offers; the text must say how to refuse."),
}
PURPOSE = {"care": N_("Care"), "notice": N_("Notice"), "marketing": N_("Marketing")}
TASK_KIND = {
    "answer_sms": N_("Answer an SMS"),
    "call_back": N_("Call back"),
    "hear_voicemail": N_("Listen to a voice message"),
    "check_outcome": N_("Check whether it was sent"),
    "find_patient": N_("Find out who this is"),
    "check_audit": N_("Find out who changed the audit"),
    "todo": N_("To do"),
}
TASK_VIEW = {
    "mine": N_("Mine"),
    "team": N_("My team's"),
    "open": N_("All open"),
    "overdue": N_("Overdue"),
    "later": N_("Put off"),
    "done": N_("Dealt with"),
}
TASK_TEAM = {"": N_("Everybody"), "agent": N_("The desk"), "nurse": N_("Follow-up nurses")}
TASK_PRIORITY = {1: N_("Urgent"), 2: N_("Normal"), 3: N_("When there is time")}
SNOOZE = {
    "hour": N_("in an hour"),
    "afternoon": N_("in the afternoon"),
    "tomorrow": N_("tomorrow morning"),
    "week": N_("in a week"),
}
TASK_ORDER = {
    "urgent": N_("Most urgent first"),
    "newest": N_("Newest first"),
}
CONTACT = {"sms": N_("SMS"), "call": N_("Telephone"), "email": N_("E-mail"), "letter": N_("Letter")}
SOURCE = {"phone": N_("Telephone"), "sms": N_("SMS"), "web": N_("Web")}
