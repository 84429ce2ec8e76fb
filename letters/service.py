"""Print envelopes and labels. Each run is written down with everybody in it; each look at addresses is audited."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Cursor, Page, by_id, cut
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import InvalidInputError, NotFoundError
from crm_core.kernel.ids import PatientId
from crm_core.patients import seen, timeline
from crm_core.patients.timeline_code import TimelineCode
from crm_core.users.rights import Right, ensure
from letters import store
from letters.batches import Batch, batch
from letters.layout import sheets
from letters.model import MOST, Addressee, LeftOut, OpenedRun, Run, Sender, Why, Wish
from letters.papers import PAPERS
from letters.pdf import Press
from letters.store import Member


class NothingToPrintError(InvalidInputError):
    """Nobody of those chosen has an address that the post could use."""

    code = "nothing_to_print"


@dataclass(frozen=True, slots=True)
class Office:
    """What the hospital prints with, and as whom."""

    press: Press
    sender: Sender


async def preview(db: Database, actor: Actor, office: Office, wish: Wish) -> Batch:
    """Who would be printed how, and who not. Raises ForbiddenError, InvalidInputError."""
    ensure(actor, Right.PRINT_LETTERS)
    _check(wish)
    async with db.transaction(actor) as tx:
        people = await store.addressees(tx.conn, wish.patient_ids)
        await seen.listed(tx, "patient", list(people), {"by": "letters"}, again=True)
    return await _laid(office, wish, people)


def _check(wish: Wish) -> None:
    if wish.template not in PAPERS:
        raise InvalidInputError("no such template", field="template")
    if len(wish.patient_ids) > MOST:
        raise InvalidInputError(f"more than {MOST} people at once", field="people")


async def _laid(office: Office, wish: Wish, people: Mapping[PatientId, Addressee]) -> Batch:
    """In a thread: the font is opened there, and a thousand people take a second."""
    wanted, paper = wish.patient_ids, PAPERS[wish.template]
    return await asyncio.to_thread(batch, paper, wanted, people, office.sender, office.press, frames=wish.frames)


async def begin(db: Database, actor: Actor, office: Office, wish: Wish) -> int:
    """A run is written down; its file is what `pdf` makes. Raises ForbiddenError, NothingToPrintError."""
    laid = await preview(db, actor, office, wish)
    if not laid.pieces:
        raise NothingToPrintError("nobody has an address to print", field="people")
    left_out = {one.patient_id: one.why for one in laid.left_out if one.why is not Why.GONE}
    wanted = [one for one in dict.fromkeys(wish.patient_ids) if one in laid.people]
    async with db.transaction(actor) as tx:
        members = [Member(one, left_out.get(one)) for one in wanted]
        run_id = await store.insert(tx.conn, wish, members, printed_by=actor.name, now=tx.now)
        for patient_id in laid.pieces:
            ref = f"letters/{run_id}"
            await timeline.add(tx, patient_id, tx.now, TimelineCode.ENVELOPE_PRINTED, {}, ref)
        detail = {"count": len(laid.pieces), "template": wish.template, "patient_ids": list(laid.pieces)}
        await audit.record(tx, "print letters", "print_run", run_id, detail=detail)
    return run_id


async def opened(db: Database, actor: Actor, office: Office, run_id: int) -> OpenedRun:
    """Who was printed and who was left out, whom the post could not find any more among them. Raises NotFoundError."""
    ensure(actor, Right.PRINT_LETTERS)
    async with db.transaction(actor) as tx:
        kept = await _kept(tx, run_id)
        await seen.read(tx, "view letters", "print_run", run_id, kept.everybody)
    laid = await _again(office, kept)
    then = [
        LeftOut(patient_id=m.patient_id, name=kept.people[m.patient_id].name, why=m.why) for m in kept.members if m.why
    ]
    return OpenedRun(run=kept.run, printed=laid.fit, left_out=(*then, *laid.left_out))


async def pdf(db: Database, actor: Actor, office: Office, run_id: int) -> bytes:
    """All that a run printed, as the register has it now. Raises ForbiddenError, NotFoundError."""
    ensure(actor, Right.PRINT_LETTERS)
    async with db.transaction(actor) as tx:
        kept = await _kept(tx, run_id)
        await audit.record(tx, "open letters", "print_run", run_id, detail={"patient_ids": kept.everybody})
    laid = await _again(office, kept)
    pages = sheets(PAPERS[kept.run.template], list(laid.pieces.values()))
    return await asyncio.to_thread(office.press.pdf, pages, title=f"letters/{run_id}")


@dataclass(frozen=True, slots=True)
class _Kept:
    run: Run
    members: Sequence[Member]
    people: dict[PatientId, Addressee]

    @property
    def everybody(self) -> list[PatientId]:
        return [one.patient_id for one in self.members]


async def _kept(tx: Tx, run_id: int) -> _Kept:
    run = await store.get(tx.conn, run_id)
    if run is None:
        raise NotFoundError("no such run")
    members = await store.members(tx.conn, run_id)
    return _Kept(run, members, await store.addressees(tx.conn, [one.patient_id for one in members]))


async def _again(office: Office, kept: _Kept) -> Batch:
    printed = [one.patient_id for one in kept.members if one.why is None]
    wish = Wish(patient_ids=printed, template=kept.run.template, frames=kept.run.frames)
    return await _laid(office, wish, kept.people)


async def runs(db: Database, actor: Actor, *, limit: int, after: Cursor | None = None) -> Page[Run]:
    """All runs, newest first. Raises ForbiddenError."""
    ensure(actor, Right.PRINT_LETTERS)
    async with db.connection() as conn:
        found = await store.runs(conn, limit=limit + 1, before=after.alone if after else None)
    return cut(found, limit, lambda run: by_id(run.id))
