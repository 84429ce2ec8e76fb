"""How commands speak: lines for people, JSON for machines, errors that say what to do."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from crm_core.kernel.errors import HcrmError
from telephony.provision.errors import ProvisionError

FAILED = 1


def say(line: str) -> None:
    """One line on stdout, at once."""
    typer.echo(line)
    sys.stdout.flush()


def say_json(value: Any) -> None:
    """For `--json`; Chinese stays readable."""
    say(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def fail(error: HcrmError) -> NoReturn:
    """The error and how to mend it on stderr; exit code 1."""
    typer.echo(f"hcrm: {error}", err=True)
    if isinstance(error, ProvisionError):
        typer.echo(f"      {error.mend}", err=True)
    raise typer.Exit(FAILED)


@contextmanager
def errors_told() -> Iterator[None]:
    """Errors of ours become a sentence instead of a traceback, also from within task groups."""
    try:
        yield
    except HcrmError as error:
        fail(error)
    except BaseExceptionGroup as group:
        known = first_of_ours(group)
        if known is None:
            raise
        fail(known)


def first_of_ours(group: BaseExceptionGroup[BaseException]) -> HcrmError | None:
    """The first error in the group that says what to do."""
    matched = group.subgroup(HcrmError)
    while matched is not None:
        inner = matched.exceptions[0]
        if isinstance(inner, HcrmError):
            return inner
        matched = inner if isinstance(inner, BaseExceptionGroup) else None
    return None
