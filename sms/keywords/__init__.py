"""Every keyword, one file each. To add one: a new file, and its name here."""

from sms.keywords.book import BOOK
from sms.keywords.cancel import CANCEL
from sms.keywords.confirm import CONFIRM
from sms.keywords.consult import CONSULT
from sms.keywords.help import HELP
from sms.keywords.move import MOVE
from sms.keywords.opt_in import OPT_IN
from sms.keywords.opt_out import OPT_OUT
from sms.keywords.opt_out_all import OPT_OUT_ALL
from sms.keywords.query import QUERY

KEYWORDS = (BOOK, MOVE, CANCEL, CONFIRM, QUERY, CONSULT, OPT_OUT, OPT_OUT_ALL, OPT_IN, HELP)
