"""What the API's document cannot say to schemathesis: which values, right in form, are also right in fact.

Only values that fit their schema are replaced, so a request that is wrong stays wrong.
"""

import re
import uuid
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import HookContext

from web import values

PHONE = "13800138000"
TEXT = "【测试医院】您好，请按时复查。拒收请回复R"
Values = dict[str, Any] | None

schemathesis.openapi.format("date", st.integers(1901, 2025).map(lambda year: f"{year}-02-28"))
schemathesis.openapi.format("date-time", st.integers(1901, 2199).map(lambda year: f"{year}-02-28T23:59:59+08:00"))


def fits(value: object, longest: int = values.LONGEST_LINE) -> bool:
    """Whether it is one line that the document allows."""
    return isinstance(value, str) and len(value) <= longest and re.search(r"[\x00-\x1f\x7f-\x9f]", value) is None


def replaced(found: Values, **better: object) -> Values:
    """The same with better values for those that fit; None takes a value away."""
    if not isinstance(found, dict):
        return found
    changed = {name: better.get(name, value) if fits(value, 40) else value for name, value in found.items()}
    return {name: value for name, value in changed.items() if value is not None or name not in better}


@schemathesis.hook
def map_path_parameters(_context: HookContext, path_parameters: Values) -> Values:
    """The few things that there are."""
    found = (path_parameters or {}).get("id")
    if isinstance(found, int) and not isinstance(found, bool) and 1 <= found < 2**63:
        return {"id": 1 + found % 3}
    return path_parameters


@schemathesis.hook
def map_query(_context: HookContext, query: Values) -> Values:
    """Cursors that are none; one way to look for a patient; `to` after `from`."""
    found = replaced(query, phone=PHONE, caller=PHONE, cursor=None, after=None, to=None, department="im")
    if isinstance(found, dict) and found.get("phone") == PHONE:
        return {name: value for name, value in found.items() if name not in {"q", "card_no"} or not fits(value)}
    if isinstance(found, dict) and "q" in found and fits(found.get("card_no")):
        return {name: value for name, value in found.items() if name != "card_no"}
    return found


@schemathesis.hook
def map_headers(_context: HookContext, headers: Any) -> Any:
    """A key is new for each wish; the tag is that of whatever is there."""
    if "If-Match" in headers and fits(headers["If-Match"]):
        headers["If-Match"] = "*"
    if fits(headers.get("Idempotency-Key", None), 255):
        headers["Idempotency-Key"] = str(uuid.uuid4())
    return headers


@schemathesis.hook
def map_body(_context: HookContext, body: Any) -> Any:
    """Numbers that can be called, a text with its sender, a desk that there is."""
    if not isinstance(body, dict):
        return body
    body = replaced(body, to=PHONE, agent="agent1")
    if isinstance(body.get("phones"), list):
        body["phones"] = [PHONE if fits(phone, 40) else phone for phone in body["phones"]]
    text = body.get("text")
    if isinstance(text, str) and fits(re.sub(r"[\t\n\r]", "", text), values.LONGEST_TEXT) and text:
        body["text"] = TEXT
        if isinstance(body.get("patient_id"), int) and 1 <= body["patient_id"] < 2**63:
            body["patient_id"] = 1
    return body
