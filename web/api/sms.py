"""`/sms`: messages both ways."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from crm_core.kernel.cursor import by_id, cut, parse
from crm_core.kernel.ids import PatientId, SmsId
from crm_core.kernel.msisdn import parse_msisdn, try_parse_msisdn
from crm_core.users.rights import Right
from sms import lookup, service
from sms.model import Direction, Purpose, Sms, SmsSegment, SmsState
from web.api.endpoint import Ask, Endpoint, Model, NoBody, NoQuery, Page, PageQuery
from web.values import Id, Line, PhoneAsTyped, Text


class SegmentOut(BaseModel):
    """One part of a long message; `status` is the newest TP-ST of its delivery report."""

    number: int
    total: int
    state: SmsState
    modem: str
    reference: int | None
    status: int | None
    sent_at: AwareDatetime | None
    delivered_at: AwareDatetime | None

    @classmethod
    def of(cls, segment: SmsSegment) -> "SegmentOut":
        """From the store."""
        return cls.model_validate(segment, from_attributes=True)


class SmsOut(BaseModel):
    """One message as people know it. `reason` says why it failed or was suppressed."""

    id: int
    direction: Direction
    peer: str
    text: str
    purpose: Purpose | None
    state: SmsState
    reason: str
    patient_id: int | None
    appointment_id: int | None
    created_at: AwareDatetime
    sent_at: AwareDatetime | None
    delivered_at: AwareDatetime | None
    segments: list[SegmentOut] | None = None

    @classmethod
    def of(cls, message: Sms, segments: list[SmsSegment] | None = None) -> "SmsOut":
        """`segments` only where one message is asked for."""
        shown = cls.model_validate(message, from_attributes=True)
        if segments is None:
            return shown
        return shown.model_copy(update={"segments": [SegmentOut.of(segment) for segment in segments]})


class SmsIn(Model):
    """`purpose` decides which consent and which hours are asked. Marketing names its sender and how to refuse."""

    to: PhoneAsTyped = Field(examples=["13800138000"])
    text: Text = Field(min_length=1, examples=["您好，请记得明天上午复查。"])
    purpose: Literal["care", "notice", "marketing"]
    patient_id: Id | None = None


class SmsQuery(PageQuery):
    """Newest first."""

    peer: Line = Field(default="", max_length=40)
    direction: Direction | None = None


class Queued(BaseModel):
    """Where to ask how it went."""

    id: int


SmsPage = Page[SmsOut]


async def send(ask: Ask[NoQuery, SmsIn]) -> Queued:
    """Queued; 409 with the rule when it must not be sent, 403 when the role does not write for this purpose."""
    body = ask.body
    sms_id = await service.queue(
        ask.deps.db,
        ask.actor,
        to=parse_msisdn(body.to),
        text=body.text,
        purpose=body.purpose,
        zone=ask.deps.settings.timezone,
        patient_id=None if body.patient_id is None else PatientId(body.patient_id),
        wish=ask.wish,
    )
    return Queued(id=sms_id)


async def find(ask: Ask[SmsQuery, NoBody]) -> SmsPage:
    """By peer and direction."""
    query, after = ask.query, parse(ask.query.place)
    peer = (try_parse_msisdn(query.peer) or query.peer) if query.peer else None
    found = await lookup.find(
        ask.deps.db,
        ask.actor,
        peer=peer,
        direction=query.direction,
        limit=query.limit + 1,
        after=None if after is None else SmsId(after.alone),
    )
    return SmsPage.of(cut(found, query.limit, lambda one: by_id(one.id)), SmsOut.of)


async def show(ask: Ask[NoQuery, NoBody]) -> SmsOut:
    """One message with its segments."""
    found, segments = await lookup.see(ask.deps.db, ask.actor, SmsId(ask.id()))
    return SmsOut.of(found, segments)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/sms",
        right=Right.SEND_SMS,
        handle=send,
        body=SmsIn,
        response=Queued,
        status=202,
        location="/sms/{id}",
        is_once=True,
        problems=(403, 409),
        summary="Send a message",
    ),
    Endpoint(
        method="GET",
        path="/sms",
        right=Right.SEE_SMS,
        handle=find,
        query=SmsQuery,
        response=SmsPage,
        summary="Messages, newest first",
    ),
    Endpoint(
        method="GET",
        path="/sms/{id}",
        right=Right.SEE_SMS,
        handle=show,
        response=SmsOut,
        problems=(404,),
        summary="One message with its segments",
    ),
)
