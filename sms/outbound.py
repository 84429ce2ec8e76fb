"""What a worker does around each hand-over: claim, record, give up, apply reports. Every step is one transaction.

A message is marked `sending` and committed before the modem sees it, under a claim id made before that. Only who made
the claim gives it back or records for it; what anybody else finds `sending` may have been sent: it is parked for a
person and never handed over again. docs/decisions/0061-sms-once.md has the table of who can die where.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from crm_core.consent import service as consent
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.ids import SmsId
from crm_core.patients import timeline
from crm_core.patients.timeline_code import TimelineCode
from crm_core.scheduling import store as scheduling
from crm_core.tasks import service as tasks
from sms import address, delivery, outbound_store, store
from sms.address import msisdn_of_peer, peer_of
from sms.delivery import Refusal, Verdict
from sms.happened import state_changed
from sms.model import ClaimId, Purpose, Sms, SmsState
from sms.pdu import StatusReport, Submit
from sms.routing import FAILOVER_AFTER
from sms.segments import split

log = logging.getLogger("sms.outbound")

REPORTS_MAY_COME_FOR = timedelta(days=8)
GRACE_AFTER_VALIDITY = timedelta(hours=1)
STUCK_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """A message marked `sending`, and what to hand over, in order and without a pause."""

    id: ClaimId
    sms_id: SmsId
    submits: tuple[Submit, ...]


async def claim(db: Database, modem: str, claim_id: ClaimId, *, zone: tzinfo) -> Claim | None:
    """The next message this modem shall send; None when nothing is due. What may not leave is suppressed on the way.

    `claim_id` is new for each call, so that a claim whose answer was lost can be given back, and no other.
    """
    while True:  # each turn takes one out of what is due
        async with db.transaction(SYSTEM) as tx:
            await outbound_store.lock_claim(tx.conn, claim_id)
            sms = await outbound_store.next_waiting(tx.conn, modem, now=tx.now, failover_before=tx.now - FAILOVER_AFTER)
            if sms is None:
                return None
            if await _may_leave(tx, sms, zone):
                submits = _submits(sms)
                await outbound_store.mark_sending(tx.conn, sms.id, modem, claim_id, len(submits), now=tx.now)
                await _tell(tx, sms, SmsState.SENDING)
                return Claim(claim_id, sms.id, submits)


async def _may_leave(tx: Tx, sms: Sms, zone: tzinfo) -> bool:
    """Consent, quiet hours, and whether the appointment still stands, at the moment of leaving."""
    reason = await _why_pointless(tx, sms)
    msisdn = msisdn_of_peer(sms.peer)
    if msisdn is None:
        reason = "not a subscriber"
    if not reason and msisdn is not None:
        permission = await consent.may_contact(
            tx.conn,
            purpose=(sms.purpose or Purpose.CARE).value,
            channel="sms",
            msisdn=msisdn,
            patient_id=sms.patient_id,
            now=tx.now,
            is_reply=sms.reply_to_id is not None,
            zone=zone,
        )
        if permission.not_before is not None and permission.not_before > tx.now:
            await outbound_store.wait_until(tx.conn, sms.id, permission.not_before, reason=permission.rule)
            return False
        if not permission.allowed:
            reason = permission.rule
    if reason:
        await outbound_store.set_state(tx.conn, sms.id, SmsState.SUPPRESSED, reason=reason)
        await _tell(tx, sms, SmsState.SUPPRESSED)
    return not reason


async def _why_pointless(tx: Tx, sms: Sms) -> str:
    if tx.now - sms.not_before > delivery.validity(sms.purpose or Purpose.CARE, is_reply=sms.reply_to_id is not None):
        return "too late"
    if sms.appointment_id is None or sms.reply_to_id is not None:
        return ""
    appointment = await scheduling.get(tx.conn, sms.appointment_id)
    if appointment is None or not appointment.is_open:
        return "appointment cancelled"
    return "appointment over" if appointment.slot.starts_at <= tx.now else ""


def _submits(sms: Sms) -> tuple[Submit, ...]:
    """The reference of a long message differs from try to try, so that a telephone never mixes two of them."""
    validity = delivery.validity(sms.purpose or Purpose.CARE, is_reply=sms.reply_to_id is not None)
    return tuple(
        Submit(
            to=address.address_of(sms.peer),
            segment=segment,
            concat_reference=(sms.id + 97 * sms.tries) & 0xFF,
            validity=validity,
        )
        for segment in split(sms.text)
    )


async def record_sent(db: Database, claimed: Claim, number: int, reference: int) -> None:
    """Segment `number` is with the network; the next one is marked in the same step. Safe to repeat.

    What was parked meanwhile stays with the person who was asked.
    """
    async with db.transaction(SYSTEM) as tx:
        sms = await outbound_store.lock_claimed(tx.conn, claimed.sms_id, claimed.id)
        if sms is None:
            return
        if not await outbound_store.mark_segment_sent(tx.conn, claimed.sms_id, number, reference, now=tx.now):
            return
        if number < len(claimed.submits):
            await outbound_store.mark_segment_sending(tx.conn, claimed.sms_id, number + 1)
            return
        await outbound_store.mark_sent(tx.conn, claimed.sms_id, now=tx.now)
        await _tell(tx, sms, SmsState.SENT)
        if sms.patient_id is not None:
            await timeline.add(tx, sms.patient_id, tx.now, TimelineCode.SMS_SENT, {}, f"sms/{sms.id}")


async def record_refused(db: Database, claimed: Claim, kind: Refusal, reason: str) -> None:
    """The modem did not take it: wait and try the whole again, give up, or ask a person. Safe to repeat."""
    async with db.transaction(SYSTEM) as tx:
        sms = await outbound_store.lock_claimed(tx.conn, claimed.sms_id, claimed.id)
        if sms is None:
            return
        wait = delivery.wait_before_retry(sms.tries) if kind is Refusal.TEMPORARY else None
        if kind is Refusal.UNKNOWN:
            await _park(tx, sms, reason)
        elif wait is not None:
            await outbound_store.end_segments(tx.conn, sms.id, SmsState.QUEUED, old=[SmsState.SENDING])
            await outbound_store.wait_until(tx.conn, sms.id, tx.now + wait, reason=reason)
            await _tell(tx, sms, SmsState.QUEUED)
        else:
            await outbound_store.end_segments(tx.conn, sms.id, SmsState.FAILED, old=[SmsState.SENDING, SmsState.QUEUED])
            await outbound_store.set_state(tx.conn, sms.id, SmsState.FAILED, reason=reason)
            await _tell(tx, sms, SmsState.FAILED)


async def give_back(db: Database, claim_id: ClaimId) -> None:
    """This claim was certainly not handed over: back into the queue, whether or not its answer arrived.

    A claim that is still being committed is waited for.
    """
    async with db.transaction(SYSTEM) as tx:
        await outbound_store.lock_claim(tx.conn, claim_id)
        sms = await outbound_store.sending_of(tx.conn, claim_id)
        if sms is not None:
            await outbound_store.end_segments(tx.conn, sms.id, SmsState.QUEUED, old=[SmsState.SENDING])
            await outbound_store.wait_until(tx.conn, sms.id, tx.now, reason="")
            await _tell(tx, sms, SmsState.QUEUED)


async def park_found_sending(db: Database, modem: str, *, in_hand: ClaimId | None = None) -> int:
    """By who has just taken the modem: whatever says `sending` and is not in hand may have been sent. How many."""
    async with db.transaction(SYSTEM) as tx:
        found = await outbound_store.sending_on(tx.conn, modem, in_hand=in_hand)
        return await _park_all(tx, found)


async def park_stuck(db: Database) -> int:
    """The same for modems that are no longer configured."""
    async with db.transaction(SYSTEM) as tx:
        found = await outbound_store.sending_since(tx.conn, tx.now - STUCK_AFTER)
        return await _park_all(tx, found)


async def _park_all(tx: Tx, found: list[SmsId]) -> int:
    for sms in await store.many(tx.conn, found):
        await _park(tx, sms, "found_sending")
    return len(found)


async def _park(tx: Tx, sms: Sms, reason: str) -> None:
    await outbound_store.end_segments(tx.conn, sms.id, SmsState.UNKNOWN, old=[SmsState.SENDING])
    await outbound_store.set_state(tx.conn, sms.id, SmsState.UNKNOWN, reason=reason)
    await tasks.open_in(tx, "check_outcome", msisdn_of_peer(sms.peer), f"sms/{sms.id}", sms.patient_id)
    await _tell(tx, sms, SmsState.UNKNOWN)


async def apply_report(db: Database, modem: str, report: StatusReport) -> bool:
    """False when no segment of ours fits: it may be recorded a moment later. Safe to repeat."""
    peers = {peer_of(report.recipient), report.recipient.value, f"+{report.recipient.value}"}
    async with db.transaction(SYSTEM) as tx:
        found = await outbound_store.segment_of_report(
            tx.conn, modem, report.reference, sorted(peers), since=tx.now - REPORTS_MAY_COME_FOR
        )
        if found is None:
            return False
        await _apply(tx, *found, report)
        return True


async def _apply(tx: Tx, sms_id: SmsId, number: int, report: StatusReport) -> None:
    sms = await store.lock(tx.conn, sms_id)
    verdict = delivery.verdict(report.status)
    at = report.discharged_at or tx.now
    done = await outbound_store.set_report(
        tx.conn,
        sms_id,
        number,
        state={Verdict.TRYING: SmsState.SENT}.get(verdict) or SmsState(verdict.value),
        status=report.status,
        delivered_at=at if verdict is Verdict.DELIVERED else None,
    )
    if done and sms is not None and sms.state in (SmsState.SENT, SmsState.DELIVERED, SmsState.EXPIRED):
        await _settle(tx, sms, at, report.status)


async def _settle(tx: Tx, sms: Sms, at: datetime, status: int) -> None:
    states = [segment.state for segment in await store.segments(tx.conn, sms.id)]
    state = delivery.state_of_whole(states)
    if state is sms.state:
        return
    if state is SmsState.DELIVERED:
        await outbound_store.mark_delivered(tx.conn, sms.id, at=at)
    else:
        reason = f"delivery status {status}" if state is SmsState.FAILED else ""
        await outbound_store.set_state(tx.conn, sms.id, state, reason=reason)
    await _tell(tx, sms, state)


async def expire(db: Database) -> int:
    """Sent, its validity over, and no report: how many."""
    shortest = min(delivery.validity(purpose, is_reply=is_reply) for purpose in Purpose for is_reply in (True, False))
    count = 0
    async with db.transaction(SYSTEM) as tx:
        for sms in await outbound_store.without_report(tx.conn, before=tx.now - shortest - GRACE_AFTER_VALIDITY):
            limit = delivery.validity(sms.purpose or Purpose.CARE, is_reply=sms.reply_to_id is not None)
            if sms.sent_at is None or tx.now - sms.sent_at < limit + GRACE_AFTER_VALIDITY:
                continue
            await outbound_store.end_segments(tx.conn, sms.id, SmsState.EXPIRED, old=[SmsState.SENT])
            await outbound_store.set_state(tx.conn, sms.id, SmsState.EXPIRED, reason="no delivery report in time")
            await _tell(tx, sms, SmsState.EXPIRED)
            count += 1
    return count


async def _tell(tx: Tx, sms: Sms, state: SmsState) -> None:
    await tx.emit(state_changed(sms, state))
