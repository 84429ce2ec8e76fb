"""What the API's document cannot say to schemathesis: which values, right in form, are also right in fact.

Only values that fit their schema are replaced, so a request that is wrong stays wrong.
"""

import re
import uuid
from collections.abc import MutableMapping
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, HookContext

from web import values

PHONE = "13800138000"
POSTCODE = "310000"
TEXT = "【测试医院】您好，请按时复查。拒收请回复R"
LONGEST_PHONE = 40
Values = MutableMapping[str, Any]

schemathesis.openapi.format("date", st.integers(1901, 2025).map(lambda year: f"{year}-02-28"))
schemathesis.openapi.format("date-time", st.integers(1901, 2199).map(lambda year: f"{year}-02-28T23:59:59+08:00"))


def is_line(value: object, longest: int = values.LONGEST_LINE) -> bool:
    """Whether it is one line that the document allows."""
    return isinstance(value, str) and len(value) <= longest and re.search(values.NO_CONTROL, value) is not None


def is_id(value: object) -> bool:
    """Whether it is a number that the document allows."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= values.LARGEST_ID


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """Each part of the request by itself."""
    if is_id(case.path_parameters.get("id")):
        case.path_parameters["id"] = 1 + case.path_parameters["id"] % 3  # the few things that there are
    if isinstance(case.query, MutableMapping):
        better_query(case.query)
    better_headers(case.headers)
    if isinstance(case.body, MutableMapping):
        better_body(case.body)


def better_query(query: Values) -> None:
    """No cursors, which nobody can make up; one way to look for a patient; `to` never before `from`."""
    for name in ("cursor", "after"):
        if is_line(query.get(name)):
            query[name] = ""
    for name in ("phone", "caller"):
        if is_line(query.get(name), LONGEST_PHONE):
            query[name] = PHONE
    if is_line(query.get("department")):
        query["department"] = "im"
    if is_line(query.get("to")) and "T" in query["to"]:
        del query["to"]
    better_filter(query)
    ways = [name for name in ("phone", "q", "card_no") if query.get(name)]
    for name in ways[1:]:
        if is_line(query[name]):
            del query[name]


def better_filter(query: Values) -> None:
    """A field that there is, with something in it; no telephone and no card beside it."""
    said = [query.get("having", ""), query.get("value", "")]
    if any(said) and all(is_line(one) for one in said):
        query.update(having="allergies", value=query.get("value") or "penicillin")
        for name in ("phone", "card_no"):
            if is_line(query.get(name)):
                del query[name]


def better_headers(headers: Any) -> None:
    """A key is new for each wish; the tag is that of whatever is there."""
    if "If-Match" in headers:
        headers["If-Match"] = "*"
    if re.fullmatch(r"[!-~]{1,255}", headers.get("Idempotency-Key", "")):
        headers["Idempotency-Key"] = str(uuid.uuid4())


def better_body(body: Values) -> None:
    """Numbers that can be called, a text with its sender, a desk that there is."""
    if is_line(body.get("to"), LONGEST_PHONE):
        body["to"] = PHONE
    if is_line(body.get("agent")):
        body["agent"] = "agent1"
    for number in body["numbers"] if isinstance(body.get("numbers"), list) else ():
        if isinstance(number, MutableMapping) and is_line(number.get("msisdn"), LONGEST_PHONE):
            number["msisdn"] = PHONE
    if is_line(body.get("contact_phone")):
        body["contact_phone"] = PHONE
    if is_line(body.get("postcode")):
        body["postcode"] = POSTCODE
    if isinstance(body.get("phones"), list):
        body["phones"] = [PHONE if is_line(phone, LONGEST_PHONE) else phone for phone in body["phones"]]
    if isinstance(body.get("text"), str) and 1 <= len(body["text"]) <= values.LONGEST_TEXT:
        body["text"] = TEXT if re.search(values.NO_CONTROL_BUT_LINES, body["text"]) else body["text"]
    if "text" in body and is_id(body.get("patient_id")):
        body["patient_id"] = 1
