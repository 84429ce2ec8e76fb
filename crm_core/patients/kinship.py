"""What people are to each other: a word, its reverse, and the one way a relation is written down. Pure."""

from collections.abc import Mapping
from typing import TypeVar

from crm_core.patients.field import Word, Words

KINDS: Words = {  # what the other is to this person
    "mother": Word("母亲", "mother"),
    "father": Word("父亲", "father"),
    "parent": Word("父母", "parent"),
    "child": Word("子女", "child"),
    "guardian": Word("监护人", "guardian"),
    "ward": Word("被监护人", "ward"),
    "spouse": Word("配偶", "spouse"),
    "sibling": Word("兄弟姐妹", "sibling"),
    "grandparent": Word("祖辈", "grandparent"),
    "grandchild": Word("孙辈", "grandchild"),
    "carer": Word("照护人", "cares for them"),
    "cared_for": Word("被照护人", "cared for by them"),
    "contact": Word("联系人", "contact person"),
    "contact_of": Word("联系人（为其）", "contact person of"),
    "other": Word("他人", "other"),
}
REVERSE: Mapping[str, str] = {
    "mother": "child",
    "father": "child",
    "parent": "child",
    "child": "parent",
    "guardian": "ward",
    "ward": "guardian",
    "spouse": "spouse",
    "sibling": "sibling",
    "grandparent": "grandchild",
    "grandchild": "grandparent",
    "carer": "cared_for",
    "cared_for": "carer",
    "contact": "contact_of",
    "contact_of": "contact",
    "other": "other",
}
WRITTEN = frozenset(  # the rest are these, seen from the other side
    {"mother", "father", "parent", "guardian", "spouse", "sibling", "grandparent", "carer", "contact", "other"}
)
IdT = TypeVar("IdT", bound=int)


def written(person: IdT, other: IdT, kind: str) -> tuple[IdT, IdT, str]:
    """The same relation whoever says it: a child's parent and a parent's child are one row."""
    turned = kind not in WRITTEN or (REVERSE[kind] == kind and other < person)
    return (other, person, REVERSE[kind]) if turned else (person, other, kind)
