"""Numbered, forward only. `upgrade(url)` brings a database to this release's schema."""

from pathlib import Path

FOLDER = Path(__file__).parent
VERSIONS = FOLDER / "versions"


def upgrade(url: str, *, to: str = "head", versions: Path = VERSIONS) -> None:
    """Blocking, as the owner. Takes an advisory lock, so any number of processes may start at once."""
    from alembic import command  # with SQLAlchemy half of what a command's start takes: only who migrates waits for it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    config.attributes["url"] = url
    command.upgrade(config, to)
