"""Another time for an appointment."""

from sms.keyword import Action, Keyword

MOVE = Keyword(
    action=Action.MOVE,
    words=(
        "改期",
        "改约",
        "改时间",
        "改预约",
        "换时间",
        "更改预约",
        "修改预约",
        "变更预约",
        "延期",
        "推迟",
        "reschedule",
        "move",
    ),
    replies=("which_appointment", "slots", "sure", "moved", "no_appointments"),
    takes_more=True,
)
