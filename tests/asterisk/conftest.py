"""One Asterisk for this folder; before each test nobody is on the line."""

from collections.abc import Iterator

import pytest

from tests.asterisk.real_asterisk import RealAsterisk, running_asterisk


@pytest.fixture(scope="session")
def started_asterisk() -> Iterator[RealAsterisk]:
    """A real Asterisk with asterisk_conf/."""
    with running_asterisk() as asterisk:
        yield asterisk


@pytest.fixture
def asterisk(started_asterisk: RealAsterisk) -> RealAsterisk:
    """The same, with all channels hung up."""
    started_asterisk.hang_up_all()
    return started_asterisk
