"""Numbered, forward only. `upgrade(url)` brings a database to this release's schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config

FOLDER = Path(__file__).parent
VERSIONS = FOLDER / "versions"


def upgrade(url: str, *, to: str = "head", versions: Path = VERSIONS) -> None:
    """Blocking, as the owner. Takes an advisory lock, so any number of processes may start at once."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    config.attributes["url"] = url
    command.upgrade(config, to)
