"""These tests share the worker's demo hospital, harm it, and leave it well."""

from collections.abc import Iterator

import pytest

from tests.acceptance.hospital import Hospital


@pytest.fixture
def hospital(demo: Hospital) -> Iterator[Hospital]:
    """Every part is up before and after the test."""
    demo.await_well()
    yield demo
    demo.await_well()
