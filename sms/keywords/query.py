"""When is my appointment?"""

from sms.keyword import Action, Keyword

QUERY = Keyword(
    action=Action.QUERY,
    words=(
        "查询",
        "查询预约",
        "预约查询",
        "我的预约",
        "查预约",
        "查看预约",
        "我的挂号",
        "query",
        "status",
        "my appointments",
    ),
    replies=("appointments", "no_appointments"),
    takes_more=False,
)
