"""A browser's own description in few words, for people who look through the list of theirs. Pure."""

UNKNOWN = "?"
_PROGRAMS = (
    ("Edg/", "Edge"),
    ("MicroMessenger/", "微信"),
    ("QQBrowser/", "QQ Browser"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def name_of(agent: str) -> str:
    """Such as Edge 141, Windows. What is none of these says its first word."""
    program = next((f"{name} {_version(agent, mark)}".strip() for mark, name in _PROGRAMS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return ", ".join(part for part in (program, system) if part) or agent.split(" ")[0][:40] or UNKNOWN


def _version(agent: str, mark: str) -> str:
    mark = "Version/" if mark == "Safari/" and "Version/" in agent else mark
    digits = agent.partition(mark)[2].partition(".")[0]
    return digits if digits.isdigit() else ""
