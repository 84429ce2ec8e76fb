"""The page on which all pictures are looked through. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

STYLE = """
body{font:14px/1.4 sans-serif;margin:1rem;background:#8882}h1{font-size:20px}h2{font-size:16px;margin:1.5rem 0 .3rem}
nav a{margin-right:.8rem}section>div{display:flex;gap:8px;overflow-x:auto;align-items:flex-start;padding-bottom:8px}
figure{margin:0;flex:none}figure img{display:block;height:320px;border:1px solid #888}
figcaption{color:#666;font-size:12px}:target{outline:2px solid #080}
"""


@dataclass(frozen=True, slots=True, order=True)
class Shot:
    """One picture."""

    role: str
    page: str
    language: str
    width: int
    scheme: str

    @property
    def file(self) -> str:
        """Where it lies beside the index."""
        return f"{self.role}/{self.page}.{self.language}.{self.width}.{self.scheme}.png"


def html(shots: Iterable[Shot], troubles: Sequence[str]) -> str:
    """One row for each role and page; a click opens the picture whole."""
    rows = [(key, list(some)) for key, some in groupby(sorted(shots), key=lambda shot: (shot.role, shot.page))]
    roles = sorted({role for (role, _), _ in rows})
    parts = [
        "<!doctype html><meta charset=utf-8><title>shots</title>",
        f"<style>{STYLE}</style><h1>{sum(len(some) for _, some in rows)} shots</h1>",
        "<nav>" + "".join(f'<a href="#{role}">{role}</a>' for role in roles) + "</nav>",
        *(f"<p><b>{escape(trouble)}</b></p>" for trouble in troubles),
        *(_row(role, page, some) for (role, page), some in rows),
    ]
    return "\n".join(parts)


def _row(role: str, page: str, shots: Sequence[Shot]) -> str:
    pictures = "".join(
        f'<figure><a href="{shot.file}"><img loading="lazy" src="{shot.file}" alt=""></a>'
        f"<figcaption>{shot.language} {shot.width} {shot.scheme}</figcaption></figure>"
        for shot in shots
    )
    return f'<section id="{role}"><h2>{role}: {escape(page)}</h2><div>{pictures}</div></section>'
