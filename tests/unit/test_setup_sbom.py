"""The bill of materials names what the lock files name, and nothing twice."""

import json
from collections import Counter

import pytest

from bootstrap import sbom

pytestmark = pytest.mark.unit


def test_it_names_every_library_once_with_version_and_hash() -> None:
    components = sbom.bill()["components"]
    assert [name for name, count in Counter(one["bom-ref"] for one in components).items() if count > 1] == []
    kinds = Counter(one["purl"].split("/")[0] for one in components)
    assert set(kinds) == {"pkg:pypi", "pkg:npm", "pkg:deb"}
    for one in components:
        if not one["purl"].startswith("pkg:deb"):
            assert one["version"], one
            assert one["hashes"], one


def test_what_only_tests_use_is_told_apart_from_what_patients_depend_on() -> None:
    scope = {one["name"]: one["scope"] for one in sbom.bill()["components"]}
    assert {scope[name] for name in ("aiohttp", "asyncpg", "jssip", "asterisk")} == {"required"}
    assert {scope[name] for name in ("pytest", "esbuild", "sip-tester")} == {"excluded"}


def test_the_same_locks_make_the_same_document() -> None:
    assert json.dumps(sbom.bill()) == json.dumps(sbom.bill())
