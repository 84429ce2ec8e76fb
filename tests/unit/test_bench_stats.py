"""What the benchmarks make of their measurements."""

import json

import pytest

from tests.bench.report import Results, as_json, page
from tests.bench.stats import Done, Figure, burst_per_s, percentile, summary

pytestmark = pytest.mark.unit


def crowd(per_s: int, seconds: int, *, lasted_s: float = 1.0, began_s: float = 0.0) -> list[Done]:
    return [Done(began_s + number / per_s, lasted_s) for number in range(per_s * seconds)]


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


def test_a_steady_crowd_is_counted_at_its_rate() -> None:
    assert burst_per_s(crowd(10, 12), window_s=3.0, too_long_s=2.0, failed_at_s=None) == pytest.approx(10, abs=0.4)


def test_callers_who_wait_too_long_do_not_count_as_served() -> None:
    calls = crowd(5, 10) + crowd(20, 10, lasted_s=9.0, began_s=10.0)
    assert burst_per_s(calls, window_s=3.0, too_long_s=2.0, failed_at_s=None) == pytest.approx(5, abs=0.4)


def test_after_the_first_failure_nothing_counts() -> None:
    calls = crowd(5, 10) + crowd(20, 10, began_s=10.0)
    assert burst_per_s(calls, window_s=3.0, too_long_s=2.0, failed_at_s=10.0) == pytest.approx(5, abs=0.4)
    assert burst_per_s(calls, window_s=3.0, too_long_s=2.0, failed_at_s=1.5) == 0.0


def test_one_slow_call_in_a_full_window_is_forgiven() -> None:
    calls = [*crowd(10, 12), Done(1.0, 5.0)]
    assert burst_per_s(calls, window_s=3.0, too_long_s=2.0, failed_at_s=None) == pytest.approx(10, abs=0.7)


def test_a_short_run_proves_nothing() -> None:
    assert burst_per_s(crowd(10, 1), window_s=3.0, too_long_s=2.0, failed_at_s=None) == 0.0
    assert burst_per_s([], window_s=3.0, too_long_s=2.0, failed_at_s=None) == 0.0


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
    assert written["figures"][0]["ours"] == {"n": 2, "median": 3.0, "min": 2.0, "max": 4.0, "p95": 4.0}
    assert written["figures"][0]["ratios"] == {"dialplan": 0.5}
    assert written["failed"] == {"pop": "TimeoutError: no browser"}
    shown = page(results)
    assert "| IVR | calls ▲<br>both at once | 3 (2 – 4) calls/s | dialplan: 6 (6 – 6)<br>nobody: 0 (0 – 0) |" in shown
    assert "pop was not measured" in shown
