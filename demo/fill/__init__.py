"""A hospital of any size from a seed, to measure on: people, visits, calls and texts by the million."""
