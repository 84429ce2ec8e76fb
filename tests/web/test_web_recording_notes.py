"""Notes beside a recording in the player: who sees the form, what it answers, and that text stays text."""

import pytest

from crm_core.calls import service as calls
from crm_core.kernel.ids import Linkedid
from tests.web.house import House

pytestmark = pytest.mark.web


async def recorded(house: House) -> str:
    """A recording of ten seconds; its id."""
    call = await house.call("1.1")
    await calls.ended(house.db, Linkedid("1.1"), "normal")
    async with house.db.connection() as conn:
        made = await conn.fetchval(
            "INSERT INTO recording (id, call_id, kind, source, path, key, sha256, duration_ms, size_bytes, channels, "
            "created_at) VALUES (gen_random_uuid(), $1, 'call', 'a', 'a', '', '', 10000, 1, 2, now()) RETURNING id",
            call.id,
        )
    return str(made)


async def test_a_supervisor_writes_a_note_and_takes_it_back(house: House) -> None:
    place = f"/recordings/{await recorded(house)}/notes"
    async with await house.browser("boss", "supervisor") as boss, await house.browser("sun", "supervisor") as sun:
        assert place in (await boss.get(place.removesuffix("/notes")))[1]
        status, text = await boss.post(place, {"text": "<b>polite</b>", "at_ms": "4200"})
        assert (status, 'data-hear-from="4200"' in text, "0:04" in text) == (200, True, True)
        assert ("&lt;b&gt;polite" in text, "<b>polite" in text, "Boss" in text) == (True, False, True)
        assert "/remove" not in (await sun.get(place))[1]
        assert (await sun.post(f"{place}/1/remove"))[0] == 422
        status, text = await boss.post(f"{place}/1/remove")
        assert (status, "data-hear-from" in text) == (200, False)


async def test_what_was_typed_stands_there_again_with_what_is_wrong(house: House) -> None:
    place = f"/recordings/{await recorded(house)}/notes"
    async with await house.browser("boss", "supervisor") as boss:
        status, text = await boss.post(place, {"text": "Very late", "at_ms": "10001"})
        assert (status, 'value="Very late"' in text, 'role="alert"' in text) == (422, True, True)
        status, text = await boss.post(place, {"text": "x" * 501, "at_ms": "0"})
        assert (status, "at most 500 characters" in text) == (422, True)


async def test_who_may_not_supervise_has_no_form(house: House) -> None:
    place = f"/recordings/{await recorded(house)}/notes"
    async with await house.browser("chen", "agent") as chen:
        assert (await chen.get(place))[0] == 403
        assert (await chen.post(place, {"text": "", "at_ms": "0"}))[0] == 403
