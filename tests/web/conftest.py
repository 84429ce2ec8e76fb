"""The small hospital's web application."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.house import House, open_house


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """Nobody has an account yet."""
    async with open_house(database_url, tmp_path) as house:
        yield house
