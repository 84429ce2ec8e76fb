"""A hospital of any size, from a seed: people, visits, calls and texts by the million, to measure on. docs/benchmarks.md."""
