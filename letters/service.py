"""Print envelopes and labels. Each run is written down with everybody in it; each look at addresses is audited."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Cursor, Page, by_id, cut
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import InvalidInputError, NotFoundError
from crm_core.kernel.ids import PatientId
from crm_core.patients import seen, timeline
from crm_core.patients.model import TimelineKind
from crm_core.users.rights import Right, ensure
from letters import store
from letters.batches import Batch, batch
from letters.layout import sheets
from letters.model import MOST, Addressee, LeftOut, OpenedRun, Run, Sender, Wish, Why
from letters.papers import PAPERS, Paper
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
    paper = _paper(wish)
    async with db.transaction(actor) as tx:
        people = await store.addressees(tx.conn, wish.patient_ids)
        await seen.listed(tx, "patient", list(people), {"by": "letters"}, again=True)
    return await asyncio.to_thread(
        batch, paper, wish.patient_ids, people, office.sender, office.press, frames=wish.frames
    )


def _paper(wish: Wish) -> Paper:
    if wish.template not in PAPERS:
        raise InvalidInputError("no such template", field="template")
    if len(wish.patient_ids) > MOST:
        raise InvalidInputError(f"more than {MOST} people at once", field="people")
    return PAPERS[wish.template]


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
            await timeline.add(tx, patient_id, TimelineKind.LETTER, tx.now, "Envelope printed", {}, ref)
        detail = {"count": len(laid.pieces), "template": wish.template, "patient_ids": list(laid.pieces)}
        await audit.record(tx, "print letters", "print_run", run_id, detail=detail)
    return run_id


async def opened(db: Database, actor: Actor, office: Office, run_id: int) -> OpenedRun:
    """Who was printed and who was left out, whom the post could not find any more among them. Raises NotFoundError."""
    run, members, laid = await _again(db, actor, office, run_id, "view letters")
    names = {one: person.name for one, person in laid.people.items()}
    then = [LeftOut(patient_id=m.patient_id, name=names[m.patient_id], why=m.why) for m in members if m.why]
    return OpenedRun(run=run, printed=laid.fit, left_out=(*then, *laid.left_out))


async def pdf(db: Database, actor: Actor, office: Office, run_id: int) -> bytes:
    """All that a run printed, as the register has it now. Raises ForbiddenError, NotFoundError."""
    run, _members, laid = await _again(db, actor, office, run_id, "open letters")
    paper = PAPERS[run.template]
    return await asyncio.to_thread(
        lambda: office.press.pdf(sheets(paper, list(laid.pieces.values())), title=f"letters/{run.id}")
    )


async def _again(
    db: Database, actor: Actor, office: Office, run_id: int, action: str
) -> tuple[Run, Sequence[Member], Batch]:
    ensure(actor, Right.PRINT_LETTERS)
    async with db.transaction(actor) as tx:
        run, members, people = await _loaded(tx, run_id)
        await seen.read(tx, action, "print_run", run_id, [one.patient_id for one in members])
    wanted = [one.patient_id for one in members if one.why is None]
    laid = await asyncio.to_thread(
        batch, PAPERS[run.template], wanted, people, office.sender, office.press, frames=run.frames
    )
    return run, members, laid


async def _loaded(tx: Tx, run_id: int) -> tuple[Run, Sequence[Member], dict[PatientId, Addressee]]:
    run = await store.get(tx.conn, run_id)
    if run is None:
        raise NotFoundError("no such run")
    members = await store.members(tx.conn, run_id)
    return run, members, await store.addressees(tx.conn, [one.patient_id for one in members])


async def runs(db: Database, actor: Actor, *, limit: int, after: Cursor | None = None) -> Page[Run]:
    """All runs, newest first. Raises ForbiddenError."""
    ensure(actor, Right.PRINT_LETTERS)
    async with db.connection() as conn:
        found = await store.runs(conn, limit=limit + 1, before=after.alone if after else None)
    return cut(found, limit, lambda run: by_id(run.id))
