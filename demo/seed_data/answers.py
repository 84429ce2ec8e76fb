"""Canned answers of the demo hospital."""

from sms.canned_model import NewCanned

ANSWERS = (
    NewCanned(
        "报告可取",
        "{name}您好，您的检查报告已出，请携带就诊卡到门诊一楼自助机或服务台领取。",
        "Dear {name}, your report is ready. Please bring your card to the service desk on the first floor.",
    ),
    NewCanned(
        "就诊须知",
        "{name}您好，请于{appointment}提前15分钟到院，携带身份证和就诊卡。",
        "Dear {name}, please come 15 minutes before {appointment} and bring your ID and card.",
    ),
    NewCanned(
        "空腹检查",
        "检查前一天晚上10点后请勿进食，当天早晨请勿饮水、服药前请先咨询医生。",
        "Please do not eat after 10 p.m. the evening before, and do not drink in the morning.",
    ),
    NewCanned(
        "请来电", "您的情况需要进一步了解，请拨打热线{hotline}，我们的护士会为您解答。", "Please call us: {hotline}."
    ),
    NewCanned(
        "稍后回复", "您的问题已收到，{hospital}护士会在今天内回复您。", "We have your question and will answer today."
    ),
)
