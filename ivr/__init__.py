"""Calls that answer: a pure engine that decides, a runner that acts."""
