"""Nothing any more, reminders included."""

from sms.keyword import Action, Keyword

OPT_OUT_ALL = Keyword(
    action=Action.OPT_OUT_ALL,
    words=("全部退订", "退订全部", "全部拒收", "stop all", "stopall"),
    replies=("opted_out_all",),
    takes_more=False,
)
