"""Who writes: the hospital's name in both languages, and the time zone of its appointments."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every text of ours begins with, as the rules for text messages ask."""

    name: str
    name_en: str
    timezone: ZoneInfo

    def signature(self, language: str) -> str:
        """【示例医院】 or "[Example Hospital] "."""
        return f"[{self.name_en}] " if language == "en" else f"【{self.name}】"

    def signed(self, text: str, language: str) -> str:
        """With the hospital's name before it, unless the writer has put it there."""
        is_signed = f"【{self.name}】" in text or f"[{self.name_en}]" in text
        return text if is_signed else self.signature(language) + text
