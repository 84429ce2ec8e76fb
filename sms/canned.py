"""Answers that are written once and sent often: supervisors keep them, whoever writes texts chooses one."""

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import InvalidInputError, NotFoundError, StaleError
from crm_core.users.rights import Right, ensure
from sms import canned_store, placeholders, segments
from sms.canned_model import Canned, NewCanned
from sms.errors import TitleTakenError
from sms.service import MAX_TEXT_SEGMENTS

LONGEST_TITLE = 40
MOST = 200


async def listed(db: Database, actor: Actor) -> list[Canned]:
    """All in use, by title. Raises ForbiddenError."""
    ensure(actor, Right.SEND_SMS)
    async with db.connection() as conn:
        return await canned_store.in_use(conn, limit=MOST)


async def create(db: Database, actor: Actor, new: NewCanned) -> int:
    """Raises ForbiddenError, InvalidInputError(field), TitleTakenError."""
    ensure(actor, Right.SUPERVISE)
    checked = _checked(new)
    async with db.transaction(actor) as tx:
        canned_id = await canned_store.insert(tx.conn, checked, by=actor.name, now=tx.now)
        if canned_id is None:
            raise TitleTakenError("another answer has this title")
        await audit.record(tx, "write canned answer", "sms_canned", canned_id)
        return canned_id


async def change(db: Database, actor: Actor, canned_id: int, version: int, new: NewCanned) -> None:
    """Only what the writer has seen. Raises as `create`, and NotFoundError, StaleError."""
    ensure(actor, Right.SUPERVISE)
    checked = _checked(new)
    async with db.transaction(actor) as tx:
        await _lock(tx, canned_id, version)
        if not await canned_store.update(tx.conn, canned_id, checked, by=actor.name, now=tx.now):
            raise TitleTakenError("another answer has this title")
        await audit.record(tx, "write canned answer", "sms_canned", canned_id)


async def remove(db: Database, actor: Actor, canned_id: int, version: int) -> None:
    """Out of use. Raises ForbiddenError, NotFoundError, StaleError."""
    ensure(actor, Right.SUPERVISE)
    async with db.transaction(actor) as tx:
        await _lock(tx, canned_id, version)
        await canned_store.remove(tx.conn, canned_id, by=actor.name, now=tx.now)
        await audit.record(tx, "remove canned answer", "sms_canned", canned_id)


async def _lock(tx: Tx, canned_id: int, version: int) -> None:
    now = await canned_store.version_of(tx.conn, canned_id)
    if now is None:
        raise NotFoundError("no such canned answer")
    if now != version:
        raise StaleError("somebody else changed it")


def _checked(new: NewCanned) -> NewCanned:
    title = new.title.strip()
    if not title or len(title) > LONGEST_TITLE:
        raise InvalidInputError("a title, not too long", field="title")
    return NewCanned(title, _sendable(new.text, "text", needed=True), _sendable(new.text_en, "text_en", needed=False))


def _sendable(text: str, field: str, *, needed: bool) -> str:
    text = text.strip()
    if not text and needed:
        raise InvalidInputError("the text is empty", field=field)
    if placeholders.stray(text):
        raise InvalidInputError("a placeholder that does not exist", field=field)
    try:
        too_long = segments.size(text).segments > MAX_TEXT_SEGMENTS
    except ValueError:
        too_long = True
    if too_long or "\0" in text:
        raise InvalidInputError("the text cannot be sent", field=field)
    return text
