"""Every step of the menus that hcrm brings can be read by people."""

import json
from pathlib import Path

import pytest

from web import i18n, menu_words

pytestmark = pytest.mark.unit

FLOWS = sorted((Path(__file__).parents[2] / "ivr/flows").glob("*.json"))


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.stem)
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_every_step_of_our_menus_has_words(flow: Path, locale: str) -> None:
    steps = json.loads(flow.read_text("utf-8"))["nodes"]
    token = i18n.current_locale.set(locale)
    try:
        said = [menu_words.step(name) for name in steps]
    finally:
        i18n.current_locale.reset(token)
    assert steps
    assert not set(said) & set(steps)
    assert menu_words.step("a_step_of_their_own") == "a_step_of_their_own"
