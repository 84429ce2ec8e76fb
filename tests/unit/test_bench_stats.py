"""What the benchmarks make of their measurements."""

import json

import pytest

from tests.bench.report import Results, as_json, page
from tests.bench.stats import Figure, percentile, summary

pytestmark = pytest.mark.unit


def test_a_summary_names_the_middle_and_the_ends() -> None:
    found = summary([4.0, 1.0, 3.0, 2.0])
    assert (found.n, found.median, found.min, found.max, found.p95) == (4, 2.5, 1.0, 4.0, 4.0)


def test_nothing_measured_is_no_figure() -> None:
    with pytest.raises(ValueError, match="nothing"):
        summary([])


def test_a_percentile_is_one_of_the_measurements() -> None:
    assert percentile([float(value) for value in range(1, 101)], 95) == 95.0
    assert percentile([7.0], 95) == 7.0
    with pytest.raises(ValueError, match="percentile"):
        percentile([1.0], 0)


def figure(name: str = "calls") -> Figure:
    return Figure(
        group="IVR",
        name=name,
        unit="calls/s",
        ours=summary([2.0, 4.0]),
        baselines={"dialplan": summary([6.0]), "nobody": summary([0.0])},
        is_more_better=True,
        note="both at once",
    )


def test_a_ratio_needs_a_baseline_that_is_not_zero() -> None:
    assert figure().ratios() == {"dialplan": 0.5}


def test_the_results_hold_every_figure_and_what_failed() -> None:
    results = Results(
        date="2026-01-02 03:04 UTC",
        seconds=300.4,
        machine={"cores": "2"},
        versions={"Asterisk": "22.10"},
        figures=[figure()],
        failed={"pop": "TimeoutError: no browser"},
    )
    written = json.loads(json.dumps(as_json(results)))
    assert written["figures"][0]["ours"] == {"n": 2, "median": 3.0, "min": 2.0, "max": 4.0, "p95": 4.0, "p99": 4.0}
    assert written["figures"][0]["ratios"] == {"dialplan": 0.5}
    assert written["failed"] == {"pop": "TimeoutError: no browser"}
    shown = page(results)
    assert "| IVR | calls ▲<br>both at once | 3 (2 – 4) calls/s | dialplan: 6 (6 – 6)<br>nobody: 0 (0 – 0) |" in shown
    assert "pop was not measured" in shown
