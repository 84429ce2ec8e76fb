"""Begin a booking; a department and a time may follow."""

from sms.keyword import Action, Keyword

BOOK = Keyword(
    action=Action.BOOK,
    words=(
        "预约",
        "挂号",
        "预约挂号",
        "预订",
        "预定",
        "约号",
        "予约",
        "约医生",
        "看医生",
        "看病",
        "门诊预约",
        "book",
        "booking",
        "appointment",
        "yuyue",
        "guahao",
    ),
    replies=("who", "departments", "slots", "sure", "booked", "no_departments", "no_slots"),
    takes_more=True,
)
