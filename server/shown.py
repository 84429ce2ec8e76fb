"""What `check-config` and the reference say of the settings."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server import settings as s
from server.config import Config, fields, known_names


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of `check-config`."""

    part: str
    name: str
    value: str
    source: str
    help: str


def show(config: Config) -> list[Shown]:
    """Every setting in force, secrets masked."""
    return [_shown(config, part, field) for part, field in fields()]


def _shown(config: Config, part: str, field: dataclasses.Field[Any]) -> Shown:
    about = s.about(field)
    value = s.shown(getattr(getattr(config, part), field.name))
    source = config.sources.get(about.name, "default")
    return Shown(part, about.name, s.masked(value) if about.secret else value, source, about.help)


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """HCRM_ variables that are no setting: most likely misspelt."""
    known = {*known_names(), "HCRM_CONFIG"}
    return sorted(name for name in environ if name.startswith(s.PREFIX) and name not in known)
