"""A question for a person."""

from sms.keyword import Action, Keyword

CONSULT = Keyword(
    action=Action.CONSULT,
    words=("咨询", "人工", "转人工", "客服", "人工服务", "投诉", "问医生", "ask", "question", "agent", "complaint"),
    replies=("question_taken",),
    takes_more=True,
)
