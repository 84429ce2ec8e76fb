"""What is typed about a call survives until it is saved, for whoever typed it and for nobody else."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest

from crm_core.calls import desk, drafts, service
from crm_core.calls.errors import NotYourCallError
from crm_core.calls.model import Call
from crm_core.kernel.errors import InvalidInputError
from overview import pop
from tests.db.hotline import LINK, Hotline, opened

pytestmark = pytest.mark.db


@pytest.fixture
async def hotline(database_url: str) -> AsyncIterator[Hotline]:
    async with opened(database_url) as found:
        yield found


async def talking(hotline: Hotline) -> Call:
    """Chen speaks with a stranger."""
    await hotline.available("chen")
    call = await hotline.start()
    await service.connected(hotline.db, LINK, "desk-01")
    return call


async def keep(hotline: Hotline, call: Call, login: str = "chen", **fields: str) -> None:
    await drafts.keep(hotline.db, hotline.agents[login], call.id, fields)


async def shown(hotline: Hotline, call: Call, login: str = "chen") -> Mapping[str, str]:
    return (await pop.pop(hotline.db, hotline.agents[login], call.id)).draft


async def test_a_draft_is_added_to_field_by_field_and_shown_to_its_writer_only(hotline: Hotline) -> None:
    call = await talking(hotline)
    await keep(hotline, call, notes="问医保")
    await keep(hotline, call, disposition="complaint")
    await keep(hotline, call, notes="问医保报销")
    assert await shown(hotline, call) == {"disposition": "complaint", "notes": "问医保报销"}
    assert await shown(hotline, call, "boss") == {"disposition": "", "notes": ""}
    with pytest.raises(NotYourCallError):
        await keep(hotline, call, "li", notes="别人的")


async def test_what_is_saved_goes_out_of_the_draft_and_the_rest_stays(hotline: Hotline) -> None:
    call = await talking(hotline)
    await keep(hotline, call, notes="稍后", text="问体检价格", name="王")
    await service.set_disposition(hotline.db, hotline.agents["chen"], call.id, "question_answered", "已答复")
    assert await shown(hotline, call) == {
        "disposition": "question_answered",
        "notes": "已答复",
        "text": "问体检价格",
        "name": "王",
    }
    await desk.consult(hotline.db, hotline.agents["chen"], call.id, "问体检价格")
    assert "text" not in await shown(hotline, call)


async def test_a_cleared_field_stays_cleared_although_something_was_saved_before(hotline: Hotline) -> None:
    call = await talking(hotline)
    await service.set_disposition(hotline.db, hotline.agents["chen"], call.id, "booked", "旧")
    await keep(hotline, call, notes="")
    assert (await shown(hotline, call))["notes"] == ""


async def test_a_draft_has_known_fields_of_a_bearable_length(hotline: Hotline) -> None:
    call = await talking(hotline)
    for fields in ({"password": "x"}, {"notes": "长" * (drafts.LONGEST + 1)}):
        with pytest.raises(InvalidInputError):
            await keep(hotline, call, **fields)
    assert await shown(hotline, call) == {"disposition": "", "notes": ""}


async def test_a_draft_that_nobody_goes_on_with_is_forgotten_after_days(hotline: Hotline) -> None:
    call = await talking(hotline)
    await keep(hotline, call, notes="半句")
    hotline.now += drafts.KEPT - timedelta(minutes=1)
    assert await drafts.forget(hotline.db) == 0
    hotline.now += timedelta(minutes=2)
    assert await drafts.forget(hotline.db) == 1
    assert (await shown(hotline, call))["notes"] == ""
