"""The audit in words: whatever the code writes into it can be read in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from web import audit_words, i18n

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
PACKAGES = ("crm_core", "overview", "sms", "dialer", "recordings", "letters", "ivr", "telephony", "web", "server")
WRITERS = {"audit.record", "audit.write", "seen.read", "_require_right"}
MADE = {"list calls", "list tasks", "list patients", "list sms threads"}  # of a subject's name, in overview/seen.py


def calls() -> Iterator[ast.Call]:
    """Every call by which something is written into the audit."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in WRITERS:
                    yield node


def texts(node: ast.AST) -> set[str]:
    """The literals it may be."""
    if isinstance(node, ast.IfExp):
        return texts(node.body) | texts(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def written(place: int) -> set[str]:
    """Literals at this place after who writes: 0 the action, 1 the subject."""
    found: set[str] = set()
    for call in calls():
        first = 2 if ast.unparse(call.func) in {"audit.write", "_require_right"} else 1
        if len(call.args) > first + place:
            found |= texts(call.args[first + place])
    return found


def test_every_action_and_every_kind_of_record_has_words() -> None:
    assert written(0) | MADE <= set(audit_words.ACTION)
    assert written(1) - {""} <= set(audit_words.SUBJECT)


def test_every_outcome_has_words() -> None:
    found = {
        text
        for call in calls()
        for keyword in call.keywords
        if keyword.arg == "outcome"
        for text in texts(keyword.value)
    }
    assert found <= set(audit_words.OUTCOME)


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_a_row_reads_as_a_sentence(locale: str) -> None:
    i18n.current_locale.set(locale)
    detail = {"by": ["text", "since"], "count": 3, "patient_ids": [1], "role": "agent", "desk": "desk-01"}
    said = audit_words.detail_words(detail)
    assert (
        said
        == {
            "en": "by words, first day · 3 shown · role: Agent · extension 01",
            "zh_CN": "按 文字, 开始日期 · 显示 3 条 · 角色：坐席 · 分机 01",
        }[locale]
    )
    assert audit_words.number_words("desk", "desk-01") == "01"
    assert audit_words.actor_words("token:3", "") == {"en": "Program 3", "zh_CN": "接入系统 3"}[locale]
    assert (
        audit_words.action_words("GET /patients")
        == {"en": "Asked for /patients", "zh_CN": "请求页面 /patients"}[locale]
    )
