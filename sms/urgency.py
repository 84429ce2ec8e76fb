"""Words of somebody who may need an ambulance, not an answer tomorrow. Pure.

Better one hint too many: who writes that nothing hurts any more reads it and smiles.
"""

import re

_WORDS = (
    "救命|急救|晕倒|晕过去|昏迷|昏倒|不省人事|没有意识|没意识|叫不醒|抽搐|惊厥|胸痛|胸口痛|胸闷|心梗|心脏病发|中风|脑梗|口眼歪斜|"
    "呼吸困难|喘不上气|喘不过气|透不过气|没有呼吸|没呼吸|窒息|噎住|大出血|出血不止|血流不止|吐血|呕血|咳血|便血|"
    "中毒|服毒|喝农药|吃错药|过量服药|自杀|自残|不想活|想死|割腕|跳楼|骨折|车祸|烧伤|烫伤|触电|溺水|高烧|高热|羊水破|破水|"
    "见红|剧痛|剧烈疼痛|疼得受不了|痛得受不了"
)
_ENGLISH = (
    r"emergency|ambulance|chest pain|can'?t breathe|cannot breathe|trouble breathing|short of breath|unconscious|"
    r"passed out|faint(?:ed|ing)|seizure|convulsion|stroke|heart attack|heavy bleeding|won'?t stop bleeding|"
    r"vomiting blood|coughing blood|poison(?:ed|ing)|overdose|suicid\w*|kill myself|choking|high fever|severe pain"
)
_FEVER = r"(?<![\d.])(?:39|4[0-2])(?:[.。]\d)?\s*(?:度|℃|°|摄氏)"
_URGENT = re.compile(rf"{_WORDS}|\b(?:{_ENGLISH})\b|{_FEVER}|(?<!\d)120(?!\d)")


def is_urgent(text: str) -> bool:
    """Takes plain text (see reading.plain)."""
    return _URGENT.search(text) is not None
