"""The figures as a table on the screen, as JSON for machines, as a page to read."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.stats import Figure, Summary

P95_NEEDS, P99_NEEDS = 12, 100
HEAD = ("", "measured", "hcrm", "beside it", "ratio", "n")
PAGE = """\
# Benchmark results

Written by `make bench`. What is measured, and how to read it: [docs/benchmarks.md](../docs/benchmarks.md).

{facts}

{table}

Each cell is the median of all rounds (least – most), with p95 where there are {needs} measurements or more. A ratio is
hcrm's median by the median beside it; ▲ more is better, ▼ less is better.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One run. `failed` says what could not be measured, and why."""

    date: str
    seconds: float
    machine: dict[str, str]
    versions: dict[str, str]
    figures: Sequence[Figure]
    failed: dict[str, str]


def show(results: Results, console: Console) -> None:
    """The table."""
    table = Table(title=f"hcrm benchmarks, {results.date}", title_justify="left")
    for title in HEAD:
        table.add_column(title, justify="right" if title in ("ratio", "n") else "left", overflow="fold")
    for figure in results.figures:
        table.add_row(*_row(figure), end_section=True)
    console.print(table)
    for name, reason in results.failed.items():
        console.print(f"[red]{name} was not measured: {reason}")


def write(results: Results, folder: Path) -> None:
    """results.json and README.md."""
    folder.mkdir(exist_ok=True)
    text = json.dumps(as_json(results), ensure_ascii=False, indent=2)
    (folder / "results.json").write_text(text + "\n", "utf-8")
    (folder / "README.md").write_text(page(results), "utf-8")


def as_json(results: Results) -> dict[str, object]:
    """Everything; each figure with its ratios."""
    figures = [
        {
            "group": one.group,
            "name": one.name,
            "unit": one.unit,
            "is_more_better": one.is_more_better,
            "note": one.note,
            "ours": _rounded(one.ours),
            "baselines": {name: _rounded(summary) for name, summary in one.baselines.items()},
            "ratios": {name: round(ratio, 3) for name, ratio in one.ratios().items()},
        }
        for one in results.figures
    ]
    return {
        "date": results.date,
        "seconds": round(results.seconds, 1),
        "machine": results.machine,
        "versions": results.versions,
        "figures": figures,
        "failed": results.failed,
    }


def page(results: Results) -> str:
    """README.md."""
    facts = "\n".join(
        f"* {name}: " + ", ".join(f"{key} {value}" for key, value in values.items())
        for name, values in (("Machine", results.machine), ("Versions", results.versions))
    )
    rows = [HEAD, ("---",) * len(HEAD), *map(_row, results.figures)]
    lines = ["| " + " | ".join(cell.replace("\n", "<br>") for cell in row) + " |" for row in rows]
    lines += [f"\n{name} was not measured: {reason}" for name, reason in results.failed.items()]
    dated = f"* {results.date}, {results.seconds:.0f} s\n{facts}"
    return PAGE.format(facts=dated, table="\n".join(lines), needs=P95_NEEDS)


def _row(figure: Figure) -> tuple[str, ...]:
    ratios = figure.ratios()
    arrow = "▲" if figure.is_more_better else "▼"
    return (
        figure.group,
        f"{figure.name} {arrow}" + (f"\n{figure.note}" if figure.note else ""),
        f"{_cell(figure.ours)} {figure.unit}",
        "\n".join(f"{name}: {_cell(one)}" for name, one in figure.baselines.items()),
        "\n".join(f"{ratios[name]:.2f}" if name in ratios else "" for name in figure.baselines),
        str(figure.ours.n),
    )


def _cell(one: Summary) -> str:
    text = f"{_number(one.median)} ({_number(one.min)} – {_number(one.max)})"
    if one.n >= P99_NEEDS:
        return f"{text}, p95 {_number(one.p95)}, p99 {_number(one.p99)}"
    return f"{text}, p95 {_number(one.p95)}" if one.n >= P95_NEEDS else text


def _number(value: float) -> str:
    """Three digits that mean something."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _rounded(one: Summary) -> dict[str, float]:
    return {name: value if isinstance(value, int) else round(value, 3) for name, value in asdict(one).items()}
