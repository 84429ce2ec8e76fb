"""One demo hospital for all of these tests: they share it, harm it, and leave it well."""

from collections.abc import Iterator

import pytest

from tests.acceptance.hospital import Hospital, running_hospital


@pytest.fixture(scope="session")
def demo() -> Iterator[Hospital]:
    """Started once. Tests that break something mend it; `hospital` waits until it is well."""
    with running_hospital() as hospital:
        yield hospital


@pytest.fixture
def hospital(demo: Hospital) -> Iterator[Hospital]:
    """Every part is up before and after the test."""
    demo.await_well()
    yield demo
    demo.await_well()
