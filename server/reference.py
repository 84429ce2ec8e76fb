"""`python -m server.reference FOLDER`: docs/reference/, written from the code so that it cannot disagree with it."""

import sys
from collections.abc import Iterator
from pathlib import Path

from server import config as configuration
from server.shown import show
from web.api.endpoint import Endpoint
from web.api.table import ENDPOINTS

MADE = "<!-- Written by `make docs`; change the code instead. -->\n"


def pages() -> dict[str, str]:
    """File name -> text."""
    return {"settings.md": "\n".join(settings()) + "\n", "api.md": "\n".join(api()) + "\n"}


def settings() -> Iterator[str]:
    """Every setting with its default."""
    yield f"{MADE}\n# Settings\n"
    yield "In the environment, or without `HCRM_` in `hcrm.toml`. `hcrm check-config` shows what is in force and why.\n"
    yield "| Setting | Default | What it is for |\n|---|---|---|"
    for line in show(configuration.build([])):
        value = line.value.replace(str(Path.home()), "~").replace(str(configuration.CHECKOUT) + "/", "")
        yield f"| `{line.name}` | {f'`{value}`' if value else ''} | {line.help} |"


def api() -> Iterator[str]:
    """Every endpoint with the right it asks for."""
    yield f"{MADE}\n# REST API `/api/v1`\n"
    yield "JSON, `Authorization: Bearer TOKEN` (`hcrm token create --role api`). Errors are RFC 9457 problem documents;"
    yield 'lists answer `{"items": [...], "next": cursor or null}` and take `limit` and `cursor`.'
    yield "All types: `GET /api/v1/openapi.json`.\n"
    yield "| Endpoint | What it does | Takes | Right |\n|---|---|---|---|"
    for endpoint in ENDPOINTS:
        right = f"{endpoint.right}" if endpoint.right else "none, no token"
        yield f"| `{endpoint.method} {endpoint.path}` | {endpoint.summary} | {_takes(endpoint)} | {right} |"


def _takes(endpoint: Endpoint) -> str:
    query = [f"`?{one.alias or name}`" for name, one in endpoint.query.model_fields.items() if not one.deprecated]
    body = [f"`{name}`" for name in endpoint.body.model_fields]
    return " ".join(query + body)


def main(folder: Path) -> None:
    """Write all pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
