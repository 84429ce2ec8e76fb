"""Prompts ready before anybody rings, and gone when nobody needs them: a long-lived service."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from crm_core.directory import store as directory
from crm_core.kernel.clock import utc_now
from crm_core.kernel.db import Database
from crm_core.kernel.errors import HcrmError
from crm_core.scheduling import store as schedules
from ivr.facts import Department, Facts, Slot
from ivr.flow import Flow, Session
from ivr.hospital import department, slot
from ivr.library import FlowLibrary
from ivr.phrases import WORDINGS, department_name, phrase, press, slot_values
from ivr.prompt import LANGUAGES, Fragment, Text, fixed_pieces
from ivr.prompt_files import PromptFiles

log = logging.getLogger("prompts")

AGAIN_S = 6 * 3600.0
WHEN_DATABASE_AWAY_S = 30.0
AHEAD = timedelta(days=14)
MOST_SLOTS = 2_000
FLOWS = ("hotline", "reminder")
SLOT_PHRASES = ("slot", "read_back", "booked")


async def run(db: Database, prompts: PromptFiles, *, hospital: Text, zone: ZoneInfo) -> None:
    """Until cancelled."""
    while True:
        await asyncio.to_thread(prompts.prune, utc_now())
        try:
            likely = await likely_fragments(db, hospital=hospital, zone=zone)
        except HcrmError:
            await asyncio.sleep(WHEN_DATABASE_AWAY_S)
            continue
        new = await prompts.prewarm(likely)
        log.info("prompts are ready", extra={"known": len(likely), "new": new})
        await asyncio.sleep(AGAIN_S)


async def likely_fragments(db: Database, *, hospital: Text, zone: ZoneInfo) -> list[Fragment]:
    """What the next callers will hear: flows and phrases, departments, days and times that can be booked.

    Nothing personal: patients' names are spoken when they call.
    """
    now = db.clock()
    library = FlowLibrary()
    async with db.connection() as conn:
        flows = [await library.current(conn, name) for name in FLOWS]
        departments = [department(item) for item in await directory.departments(conn)]
        found = await schedules.slots(conn, start=now, end=now + AHEAD, free_only=True, limit=MOST_SLOTS)
    facts = Facts(now=now.astimezone(zone), hospital=hospital)
    slots = [slot(item, zone) for item in found]
    return list(dict.fromkeys(_likely(flows, facts, departments, slots)))


def _likely(
    flows: Iterable[Flow], facts: Facts, departments: Iterable[Department], slots: Iterable[Slot]
) -> Iterator[Fragment]:
    for language in LANGUAGES:
        call = Session(flow="", version=0, facts=facts, language=language)
        hospital = {"hospital": facts.hospital.in_language(language)}
        for flow in flows:
            for text in (text for node in flow.nodes.values() for text in node.texts()):
                yield from fixed_pieces(text.in_language(language), language, hospital)
        for name in WORDINGS[language].TEXTS:
            yield from fixed_pieces(WORDINGS[language].TEXTS[name], language)
        for number in range(1, 10):
            yield from press(call, str(number))
        for item in departments:
            yield from phrase(language, "department", {"department": department_name(call, item)})
        for free in slots:
            values = slot_values(call, free)
            yield from (fragment for name in SLOT_PHRASES for fragment in phrase(language, name, values))
