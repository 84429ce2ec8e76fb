"""What the auditor reads: who did and saw what, with the names of those it is about.

Reading it is itself written down, with the patients whose names were shown.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.audit import AuditRow
from crm_core.kernel.cursor import Cursor, Page, by_id, cut
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.ids import PatientId
from crm_core.patients import store as patients
from crm_core.patients import watch_store
from crm_core.users import store as users
from crm_core.users.model import User
from crm_core.users.rights import Right, ensure

ROUTINE = ("take line",)  # what a telephone does by itself whenever a page is opened
MOST_NAMED = 5  # of a list; the rest are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an auditor asks; an empty filter takes all. `actor` is as the audit writes it."""

    actor: str = ""
    subject: str = ""
    subject_id: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None
    with_routine: bool = False

    @property
    def by(self) -> list[str]:
        """The filters in use."""
        return [name for name in self.__slots__ if getattr(self, name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row with names: of who did it, and of the patients or the account it is about. `more` are not named."""

    row: AuditRow
    actor_name: str
    people: Mapping[PatientId, str] = field(repr=False)
    more: int
    account: str

    @property
    def id(self) -> int:
        """The row's."""
        return self.row.id


async def read(db: Database, actor: Actor, wanted: Wanted, *, limit: int, after: Cursor | None = None) -> Page[Entry]:
    """Newest first. Raises ForbiddenError."""
    ensure(actor, Right.SEE_AUDIT)
    async with db.transaction(actor) as tx:
        rows = await audit.page(
            tx.conn,
            limit=limit + 1,
            before=after.alone if after else None,
            actor=wanted.actor,
            subject=wanted.subject,
            subject_id=wanted.subject_id,
            outcome=wanted.outcome,
            since=wanted.since,
            until=wanted.until,
            but=() if wanted.with_routine else ROUTINE,
        )
        return await _named(tx, rows, limit, {"by": wanted.by})


async def who_saw(
    db: Database, actor: Actor, patient_id: PatientId, *, limit: int, after: Cursor | None = None
) -> Page[Entry]:
    """Who looked at this patient or saw them in a list, newest first. Raises ForbiddenError."""
    ensure(actor, Right.SEE_AUDIT)
    async with db.transaction(actor) as tx:
        before = after.alone if after else None
        rows = await watch_store.who_saw(tx.conn, patient_id, limit=limit + 1, before=before)
        return await _named(tx, rows, limit, {"patient_id": patient_id})


async def _named(tx: Tx, rows: Sequence[AuditRow], limit: int, detail: Mapping[str, object]) -> Page[Entry]:
    page = cut(rows, limit, lambda row: by_id(row.id))
    about = {row.id: _patients(row) for row in page.items}
    wanted = {one for ids in about.values() for one in ids[:MOST_NAMED]}
    people = {one.id: one.name for one in await patients.many(tx.conn, sorted(wanted))}
    accounts = await users.users(tx.conn)
    entries = [_entry(row, about[row.id], people, accounts) for row in page.items]
    await audit.record(tx, "read audit", "audit", detail={**detail, "patient_ids": sorted(people)})
    return Page(entries, page.next)


def _entry(
    row: AuditRow, about: Sequence[PatientId], people: Mapping[PatientId, str], accounts: Iterable[User]
) -> Entry:
    names = {user.login: user.name for user in accounts}
    by_number = {str(user.id): user.name for user in accounts}
    return Entry(
        row=row,
        actor_name=names.get(row.actor, ""),
        people={one: people.get(one, "") for one in about[:MOST_NAMED]},
        more=max(0, len(about) - MOST_NAMED),
        account=by_number.get(row.subject_id, "") if row.subject == "app_user" else "",
    )


def _patients(row: AuditRow) -> list[PatientId]:
    own = [row.subject_id] if row.subject == "patient" else []
    many, one = row.detail.get("patient_ids"), row.detail.get("patient_id")
    also = many if isinstance(many, Collection) and not isinstance(many, str) else [one]
    return [PatientId(int(text)) for text in dict.fromkeys(str(each) for each in (*own, *also)) if text.isdigit()]


async def actors(db: Database, actor: Actor) -> list[User]:
    """Who can have done something: the choices of a filter. Raises ForbiddenError."""
    ensure(actor, Right.SEE_AUDIT)
    async with db.connection() as conn:
        return await users.users(conn)
