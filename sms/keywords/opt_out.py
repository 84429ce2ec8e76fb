"""No more notices and offers; care goes on."""

from sms.keyword import Action, Keyword

OPT_OUT = Keyword(
    action=Action.OPT_OUT,
    words=(
        "t",
        "td",
        "r",
        "退订",
        "拒收",
        "退定",
        "取消订阅",
        "不要再发",
        "别再发了",
        "stop",
        "unsubscribe",
        "回t退订",
        "拒收请回复r",
    ),
    replies=("opted_out",),
    takes_more=False,
)
