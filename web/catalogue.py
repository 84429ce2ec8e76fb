"""Every sentence a reader can see, found in the sources; `python -m web.catalogue` brings the .po files up to date."""

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from web.i18n import DOMAIN, FOLDER, LOCALES

HERE = Path(__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"templates/**.html": {"extensions": "jinja2.ext.do", "trim_blocks": "true", "silent": "false"}}
KEYWORDS = {"_": None, "N_": None}
WIDTH = 118


def messages() -> Iterator[tuple[str, str]]:
    """Each msgid with the file it is in; a msgid used twice comes twice."""
    found = extract_from_dir(HERE, METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=())
    for name, _line, message, _comments, _context in found:
        if isinstance(message, str) and message:
            yield message, name


def updated(locale: str) -> Catalog:
    """The catalogue with what the sources say now: new msgids empty, unused ones gone."""
    template = Catalog(domain=DOMAIN, charset="utf-8")
    for message, name in sorted(messages()):
        template.add(message, locations=[(name, 0)])
    path = path_of(locale)
    catalogue = Catalog(locale=locale, domain=DOMAIN, charset="utf-8")
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=locale, domain=DOMAIN)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def path_of(locale: str) -> Path:
    """Where the translations of a language lie."""
    return FOLDER / locale / "LC_MESSAGES" / f"{DOMAIN}.po"


def main() -> int:
    """Rewrite the .po files; says which msgids have no translation yet."""
    for locale in LOCALES:
        if locale == "en":
            continue
        catalogue = updated(locale)
        path_of(locale).parent.mkdir(parents=True, exist_ok=True)
        with path_of(locale).open("wb") as file:
            write_po(file, catalogue, width=WIDTH, no_location=True, omit_header=True, sort_output=True)
        for message in catalogue:
            if message.id and not message.string:
                sys.stdout.write(f"{locale}: {message.id}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
