"""Measurements beside their baselines: `make bench`. What is measured and why so is in docs/benchmarks.md."""
