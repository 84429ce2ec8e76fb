"""Ask before every message and call, and write down what people say about it.

A decision belongs to a telephone number: a family that shares a phone shares its peace. Beside it somebody may decide
for themselves, whatever the number. What STOP and START mean is in rules.py and docs/decisions/0021-stop-and-start.md.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from crm_core.consent import rules, store
from crm_core.consent.errors import GuardianNeededError
from crm_core.consent.model import (
    Address,
    AddressKind,
    Choice,
    ContactChannel,
    ContactHours,
    GivenBy,
    Permission,
    Purpose,
    QuietHours,
    Said,
    Word,
)
from crm_core.events import ConsentChanged, NeverDialChanged
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.errors import InvalidInputError, StaleError
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.patients import store as patients
from crm_core.patients import timeline
from crm_core.patients.timeline_code import TimelineCode
from crm_core.users import changes, rights
from crm_core.users.changes import Change
from crm_core.users.rights import Right


async def may_contact(
    conn: Connection,
    *,
    purpose: str,
    channel: str,
    msisdn: Msisdn,
    now: datetime,
    zone: tzinfo,
    patient_id: PatientId | None = None,
    is_reply: bool = False,
    hours: QuietHours | None = None,
) -> Permission:
    """Ask where the message leaves, not only where it is planned. `is_reply`: an answer to what they began.

    `patient_id`: for whom it is, when that is known; what they said of themselves counts beside what was said of the
    number. `hours` None: the hospital's own.
    """
    asked, way = _purpose(purpose), _channel(channel)
    about = [Address.phone(msisdn)] + ([Address.of_person(patient_id)] if patient_id is not None else [])
    words = [await store.newest(conn, each, asked, way) for each in about]
    return rules.permission(
        asked,
        way,
        now=now,
        zone=zone,
        hours=hours or await store.hours(conn),
        words=[word for word in words if word],
        is_reply=is_reply,
        is_never_dial=await store.is_never_dial(conn, msisdn),
        is_child=asked is Purpose.MARKETING and await _is_child(conn, patient_id, now, zone),
    )


async def _is_child(conn: Connection, patient_id: PatientId | None, now: datetime, zone: tzinfo) -> bool:
    patient = await patients.get(conn, patient_id) if patient_id is not None else None
    return patient is not None and rules.is_child(patient.birth_date, now.astimezone(zone).date())


async def contact_hours(db: Database, actor: Actor) -> ContactHours:
    """When people may be texted and called, and who said so. Raises ForbiddenError."""
    rights.ensure(actor, Right.SEE_SCHEDULE)
    async with db.connection() as conn:
        return await store.contact_hours(conn)


async def changes_of_hours(db: Database, actor: Actor) -> list[Change]:
    """Who set them lately, newest first. Raises ForbiddenError."""
    rights.ensure(actor, Right.SET_HOURS)
    async with db.connection() as conn:
        return await changes.of(conn, "contact_hours")


async def set_hours(db: Database, actor: Actor, hours: QuietHours, *, expected_version: int | None = None) -> None:
    """When people may be texted and called, from now on, for what waits too. Nothing new changes nothing.

    Raises ForbiddenError, and StaleError when they are no longer the `expected_version` that the caller read.
    """
    rights.ensure(actor, Right.SET_HOURS)
    async with db.transaction(actor) as tx:
        before = await store.contact_hours(tx.conn, for_update=True)
        if expected_version not in (None, before.version):
            raise StaleError("changed since they were read")
        if hours == before.hours:
            return
        await store.put_hours(tx.conn, hours, changed_by=actor.name, now=tx.now)
        said = {
            purpose.value: rules.changed_days(before.hours.week(purpose), hours.week(purpose))
            for purpose in (Purpose.CARE, Purpose.MARKETING)
        }
        await audit.record(tx, "change contact hours", "contact_hours", detail=said)


async def opt_out(
    db: Database,
    actor: Actor,
    msisdn: Msisdn,
    *,
    channel: str,
    everything: bool = False,
    source: str,
    evidence: str = "",
) -> None:
    """STOP. Effective at once for what waits: it is asked again where it leaves."""
    async with db.transaction(actor) as tx:
        await opt_out_in(tx, msisdn, channel=channel, everything=everything, source=source, evidence=evidence)


async def opt_out_in(
    tx: Tx, msisdn: Msisdn, *, channel: str, everything: bool = False, source: str, evidence: str = ""
) -> None:
    """The same inside a caller's transaction. Repeating it changes nothing."""
    refused = rules.refused_by_stop(_channel(channel), everything=everything)
    await _say(tx, Address.phone(msisdn), refused, Choice.OPT_OUT, Said(source, evidence))


async def opt_in(db: Database, actor: Actor, msisdn: Msisdn, *, channel: str, source: str, evidence: str = "") -> None:
    """START: care and notices by this channel again; offers only when they had been asked for once."""
    async with db.transaction(actor) as tx:
        await opt_in_in(tx, msisdn, channel=channel, source=source, evidence=evidence)


async def opt_in_in(tx: Tx, msisdn: Msisdn, *, channel: str, source: str, evidence: str = "") -> None:
    """The same inside a caller's transaction. Repeating it changes nothing."""
    way = _channel(channel)
    wanted = await store.ever_opted_in(tx.conn, Address.phone(msisdn), Purpose.MARKETING, way)
    resumed = rules.resumed_by_start(way, wanted_marketing=wanted)
    await _say(tx, Address.phone(msisdn), resumed, Choice.OPT_IN, Said(source, evidence))


async def record(
    db: Database,
    actor: Actor,
    msisdn: Msisdn,
    *,
    purpose: str,
    channel: str,
    choice: str,
    source: str,
    evidence: str = "",
) -> None:
    """One decision exactly as somebody made it, e.g. consent to offers on a form. Raises ForbiddenError."""
    async with db.transaction(actor) as tx:
        about, said = Address.phone(msisdn), Said(source, evidence)
        await record_in(tx, about, purpose=purpose, channel=channel, choice=choice, said=said)


async def record_in(
    tx: Tx,
    about: Address,
    *,
    purpose: str,
    channel: str,
    choice: str,
    said: Said,
    whose: PatientId | None = None,
    seen: int | None = None,
) -> None:
    """The same inside a caller's transaction, about an address or a person. Repeating it changes nothing.

    `whose`: who speaks, at a number of several. Raises StaleError when the last word about this is no longer the one
    with the id `seen` (0: none was said), GuardianNeededError for a child who asks for offers.
    """
    rights.ensure(tx.actor, Right.CHANGE_CONSENT)
    if choice not in set(Choice):
        raise InvalidInputError("opt_in or opt_out", field="choice")
    wish = (_purpose(purpose), _channel(channel))
    await _ensure_guardian(tx, about.patient_id or whose, wish[0], Choice(choice), said)
    if seen is not None:
        await store.lock(tx.conn, about)
        known = {(one.purpose, one.channel): one.id for one in await store.current(tx.conn, about)}
        if known.get(wish, 0) != seen:
            raise StaleError("somebody spoke of it since it was read")
    await _say(tx, about, [wish], Choice(choice), said)


async def _ensure_guardian(tx: Tx, whose: PatientId | None, purpose: Purpose, choice: Choice, said: Said) -> None:
    if purpose is not Purpose.MARKETING or choice is Choice.OPT_OUT or said.given_by is GivenBy.GUARDIAN:
        return
    if await _is_child(tx.conn, whose, tx.now, tx.zone):
        raise GuardianNeededError("a guardian decides for a child")


async def _say(
    tx: Tx, about: Address, wishes: Sequence[tuple[Purpose, ContactChannel]], choice: Choice, said: Said
) -> None:
    await store.lock(tx.conn, about)
    ids = await _people(tx, about)
    for purpose, channel in wishes:
        if await store.newest(tx.conn, about, purpose, channel) == Word(choice, said.given_by):
            continue
        consent_id = await store.insert(
            tx.conn,
            about,
            patient_id=ids[0] if len(ids) == 1 else None,
            purpose=purpose,
            channel=channel,
            choice=choice,
            said=said,
            now=tx.now,
        )
        detail = {"decision": choice, "source": said.source, "given_by": said.given_by}
        await audit.record(tx, "change consent", "consent", consent_id, detail=detail)
        args = {"purpose": purpose.value, "channel": channel.value, "source": said.source}
        for patient_id in ids:
            await timeline.add(tx, patient_id, tx.now, TIMELINE_CODES[choice], args, f"consent/{consent_id}")
        await tx.emit(
            ConsentChanged(
                address=about.value,
                purpose=purpose.value,
                channel=channel.value,
                decision=choice.value,
                patient_ids=ids,
            )
        )


async def _people(tx: Tx, about: Address) -> tuple[PatientId, ...]:
    """Whom it is about: one person, or everybody at a number."""
    if about.patient_id is not None:
        return (about.patient_id,)
    if about.kind is not AddressKind.PHONE:
        return ()
    return tuple(one.id for one in await patients.find_by_msisdn(tx.conn, Msisdn(about.value)))


TIMELINE_CODES = {
    Choice.OPT_IN: TimelineCode.AGREED,
    Choice.OPT_OUT: TimelineCode.REFUSED,
}


async def never_dial(db: Database, actor: Actor, msisdn: Msisdn, reason: str) -> None:
    """No machine calls or texts this number any more: a ward, an emergency line, one of our own."""
    async with db.transaction(actor) as tx:
        await never_dial_in(tx, msisdn, reason)


async def never_dial_in(tx: Tx, msisdn: Msisdn, reason: str) -> None:
    """The same inside a caller's transaction. Raises ForbiddenError."""
    rights.ensure(tx.actor, Right.CHANGE_CONSENT)
    if await store.is_never_dial(tx.conn, msisdn):
        return
    await store.put_never_dial(tx.conn, msisdn, reason=reason, added_by=tx.actor.name, now=tx.now)
    await audit.record(tx, "forbid number", "never_dial")
    told = {"reason": reason} if reason else {}
    await _tell_of_list(tx, msisdn, TimelineCode.FORBIDDEN, told, is_listed=True)


async def dial_again(db: Database, actor: Actor, msisdn: Msisdn) -> None:
    """The number may be called and texted again."""
    async with db.transaction(actor) as tx:
        await dial_again_in(tx, msisdn)


async def dial_again_in(tx: Tx, msisdn: Msisdn) -> None:
    """The same inside a caller's transaction. Raises ForbiddenError."""
    rights.ensure(tx.actor, Right.CHANGE_CONSENT)
    if not await store.is_never_dial(tx.conn, msisdn):
        return
    await store.delete_never_dial(tx.conn, msisdn)
    await audit.record(tx, "allow number", "never_dial")
    await _tell_of_list(tx, msisdn, TimelineCode.ALLOWED, {}, is_listed=False)


async def _tell_of_list(
    tx: Tx, msisdn: Msisdn, code: TimelineCode, args: Mapping[str, str], *, is_listed: bool
) -> None:
    people = await patients.find_by_msisdn(tx.conn, msisdn)
    ref = f"never_dial/{tx.now.timestamp():.6f}"
    for person in people:
        await timeline.add(tx, person.id, tx.now, code, args, ref)
    ids = tuple(person.id for person in people)
    await tx.emit(NeverDialChanged(msisdn=msisdn, is_listed=is_listed, patient_ids=ids))


def _purpose(text: str) -> Purpose:
    try:
        return Purpose(text)
    except ValueError:
        raise InvalidInputError("no such purpose", field="purpose") from None


def _channel(text: str) -> ContactChannel:
    try:
        return ContactChannel(text)
    except ValueError:
        raise InvalidInputError("no such channel", field="channel") from None
