"""What can be texted."""

from sms.keyword import Action, Keyword

HELP = Keyword(
    action=Action.HELP,
    words=("帮助", "功能", "菜单", "指令", "怎么用", "help", "info", "menu", "h"),
    replies=("help",),
    takes_more=False,
)
