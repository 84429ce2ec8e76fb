"""From a PDU to a message: the part is committed before the modem may forget it, a whole message tells the others."""

import hashlib
import logging
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from crm_core.events import SmsReceived
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.ids import PatientId, SmsId
from crm_core.patients import store as patients
from crm_core.patients import timeline
from crm_core.patients.timeline_code import TimelineCode
from crm_core.tasks import service as tasks
from crm_core.tasks.model import TaskKind
from sms import inbound_store, pdu, store, thread_store
from sms.address import msisdn_of_peer, peer_of
from sms.assembly import WINDOW, Assembled, Part, assemble, give_up
from sms.inbound_store import NewPart, StoredPart
from sms.model import UNREADABLE, Sms
from sms.pdu import Deliver, PduError

log = logging.getLogger("sms.inbound")

GIVE_UP_AFTER = timedelta(hours=6)
LOOK_BACK = 2 * WINDOW


async def keep(db: Database, modem: str, hex_text: str, deliver: Deliver) -> SmsId | None:
    """Store one part; the message it completes, None while others are missing or when it was known."""
    concat = deliver.concatenation if deliver.concatenation and deliver.concatenation.total > 1 else None
    part = NewPart(
        fingerprint=_fingerprint(modem, hex_text),
        modem=modem,
        peer=peer_of(deliver.sender),
        reference=concat.reference if concat else None,
        total=concat.total if concat else 1,
        number=concat.number if concat else 1,
        text=deliver.text,
        pdu=hex_text,
        smsc_at=deliver.sent_at,
    )
    async with db.transaction(SYSTEM) as tx:
        part_id = await inbound_store.insert_part(tx.conn, part, now=tx.now)
        if part_id is None:
            return None
        if concat is None:
            return await _receive(tx, part.modem, part.peer, Assembled(part.text, (part_id,)))
        return await _assemble(tx, part)


async def keep_unreadable(db: Database, modem: str, line: str) -> SmsId | None:
    """What cannot be decoded is kept as it came, so that it neither blocks the modem nor is lost; a person is asked.

    They see who wrote where that much can be read. None when it was kept before.
    """
    hex_text = line[:1000].replace("\0", "")
    sender = pdu.sender_of(hex_text)
    part = NewPart(
        fingerprint=_fingerprint(modem, hex_text),
        modem=modem,
        peer=UNREADABLE if sender is None else peer_of(sender),
        reference=None,
        total=1,
        number=1,
        text="",
        pdu=hex_text,
        smsc_at=None,
    )
    log.error("a message cannot be read", extra={"modem": modem, "pii_pdu": hex_text})
    async with db.transaction(SYSTEM) as tx:
        part_id = await inbound_store.insert_part(tx.conn, part, now=tx.now)
        return None if part_id is None else await _ask_a_person(tx, part, part_id)


async def _ask_a_person(tx: Tx, part: NewPart, part_id: int) -> SmsId:
    """A text without words: no conversation takes it, somebody asks the patient what they wrote."""
    patient_id = await _only_patient(tx, part.peer)
    sms_id = await store.insert_in(
        tx.conn, peer=part.peer, text="", modem=part.modem, patient_id=patient_id, now=tx.now
    )
    await inbound_store.attach_parts(tx.conn, [part_id], sms_id)
    await inbound_store.mark_handled(tx.conn, sms_id, now=tx.now)
    await tasks.open_in(tx, TaskKind.ANSWER_SMS, msisdn_of_peer(part.peer), f"sms/{sms_id}", patient_id)
    await _tell(tx, sms_id, part.peer, patient_id)
    return sms_id


async def give_up_waiting(db: Database) -> int:
    """Long messages whose other parts did not come within hours become messages with a gap; how many."""
    count = 0
    async with db.transaction(SYSTEM) as tx:
        before = tx.now - GIVE_UP_AFTER
        waiting = await inbound_store.waiting_parts(tx.conn, before=before)
        for (modem, peer), stored in groupby(sorted(waiting, key=_key), key=lambda part: (part.modem, part.peer)):
            for partial in give_up(_parts(list(stored)), before=before):
                await _receive(tx, modem, peer, partial)
                count += 1
    return count


def _key(part: StoredPart) -> tuple[str, str, int, int, int]:
    return part.modem, part.peer, part.reference or 0, part.total, part.id


async def _assemble(tx: Tx, part: NewPart) -> SmsId | None:
    await inbound_store.lock_peer(tx.conn, part.peer)
    stored = await inbound_store.parts_like(tx.conn, part, since=tx.now - LOOK_BACK)
    received: SmsId | None = None
    for whole in assemble(_parts(stored)):
        if whole.sms_id is not None:
            await inbound_store.attach_parts(tx.conn, whole.part_ids, whole.sms_id)
        else:
            received = await _receive(tx, part.modem, part.peer, whole)
    return received


async def _receive(tx: Tx, modem: str, peer: str, whole: Assembled) -> SmsId:
    patient_id = await _only_patient(tx, peer)
    sms_id = await store.insert_in(tx.conn, peer=peer, text=whole.text, modem=modem, patient_id=patient_id, now=tx.now)
    await inbound_store.attach_parts(tx.conn, whole.part_ids, sms_id)
    if patient_id is not None:
        await _on_timeline(tx, patient_id, sms_id)
    await _tell(tx, sms_id, peer, patient_id)
    return sms_id


async def _tell(tx: Tx, sms_id: SmsId, peer: str, patient_id: PatientId | None) -> None:
    thread_id = await thread_store.id_with(tx.conn, peer)
    await tx.emit(SmsReceived(sms_id=sms_id, thread_id=thread_id, patient_id=patient_id))


async def belongs_to(tx: Tx, sms: Sms, patient_id: PatientId) -> None:
    """A family's telephone: they have said who writes."""
    await inbound_store.set_patient(tx.conn, sms.id, patient_id)
    await _on_timeline(tx, patient_id, sms.id)


async def _on_timeline(tx: Tx, patient_id: PatientId, sms_id: SmsId) -> None:
    await timeline.add(tx, patient_id, tx.now, TimelineCode.SMS_RECEIVED, {}, f"sms/{sms_id}")


async def _only_patient(tx: Tx, peer: str) -> PatientId | None:
    """Nobody when a family shares the telephone: the conversation asks who."""
    msisdn = msisdn_of_peer(peer)
    found = await patients.find_by_msisdn(tx.conn, msisdn) if msisdn else []
    return found[0].id if len(found) == 1 else None


def _parts(stored: Sequence[StoredPart]) -> list[Part]:
    parts = []
    for row in stored:
        try:
            deliver = pdu.decode(row.pdu)
        except PduError:
            continue
        if isinstance(deliver, Deliver):
            parts.append(
                Part(row.id, row.number, row.total, deliver.alphabet, deliver.payload, row.received_at, row.sms_id)
            )
    return parts


def _fingerprint(modem: str, hex_text: str) -> bytes:
    """The PDU holds the sender and the SMSC's time stamp."""
    return hashlib.sha256(f"{modem}\n{hex_text.strip().upper()}".encode()).digest()
