"""Give an appointment back."""

from sms.keyword import Action, Keyword

CANCEL = Keyword(
    action=Action.CANCEL,
    words=(
        "取消",
        "取消预约",
        "取消挂号",
        "预约取消",
        "退号",
        "退约",
        "不来了",
        "来不了",
        "不去了",
        "去不了",
        "撤销",
        "cancel",
    ),
    replies=("which_appointment", "sure_cancel", "cancelled", "kept", "no_appointments"),
    takes_more=False,
)
