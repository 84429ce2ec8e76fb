"""The patient will come."""

from sms.keyword import Action, Keyword

CONFIRM = Keyword(
    action=Action.CONFIRM,
    words=("确认", "确定", "确认预约", "预约确认", "会来", "我会来", "准时到", "一定来", "confirm", "yes", "y"),
    replies=("which_appointment", "confirmed", "no_appointments"),
    takes_more=False,
)
