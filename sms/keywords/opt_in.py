"""Hear from us again."""

from sms.keyword import Action, Keyword

OPT_IN = Keyword(
    action=Action.OPT_IN,
    words=("恢复", "恢复接收", "订阅", "重新订阅", "start", "unstop", "subscribe"),
    replies=("opted_in",),
    takes_more=False,
)
