"""A canned answer."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NewCanned:
    """As typed by a supervisor; `text_en` "" when there is no English."""

    title: str
    text: str
    text_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """One in use. `version` counts the changes."""

    id: int
    title: str
    text: str
    text_en: str
    version: int
    changed_by: str
    changed_at: datetime

    def in_language(self, language: str) -> str:
        """English for who reads English, where there is English."""
        return self.text_en if language == "en" and self.text_en else self.text
