"""`/patients`: the register."""

from dataclasses import asdict
from datetime import date, tzinfo
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from crm_core.kernel.cursor import by_id, parse
from crm_core.kernel.ids import PatientId
from crm_core.patients import lookup, service
from crm_core.patients.model import NewPatient, Patient, TimelineKind, Wanted
from crm_core.patients.rules import MOST_PHONES
from crm_core.patients.words import OWNERS, PHONE_KINDS
from crm_core.users.rights import Right
from overview.timeline import Told, told
from web import patient_record
from web.api.endpoint import Ask, Endpoint, Model, NoBody, NoQuery, Page, PageQuery
from web.timeline_words import entry_words
from web.values import Line, PhoneAsTyped, Subscriber


class IdentifierOut(BaseModel):
    """A number in one of the hospital's systems; with a `period_end` it is one of an earlier stay or card."""

    system: str = Field(examples=["inpatient_no"])
    value: str
    period_start: date | None
    period_end: date | None


class NumberOut(BaseModel):
    """A telephone with whose it is."""

    msisdn: str = Field(examples=["+8613800138000"])
    as_typed: str
    owner: str = Field(description="one of " + ", ".join(OWNERS) + "; empty when nobody said")
    kind: str = Field(description="one of " + ", ".join(PHONE_KINDS) + "; empty when nobody said")
    note: str


class NumberIn(Model):
    """A telephone with whose it is."""

    msisdn: PhoneAsTyped
    owner: Literal[
        "", "self", "spouse", "father", "mother", "son", "daughter", "grandparent", "sibling", "carer", "other"
    ]
    kind: Literal["", "mobile", "home", "work"] = ""
    note: Line = ""

    @property
    def line(self) -> str:
        """As the register's form has it."""
        return " ".join(filter(None, (self.msisdn, self.owner, self.kind, self.note)))


Numbers = Annotated[list[NumberIn], Field(max_length=MOST_PHONES, description="`phones` with whose each is")]


def _said(body: BaseModel) -> dict[str, Any]:
    """What was sent; numbers as lines of `phones`."""
    said: dict[str, Any] = body.model_dump(exclude_unset=True)
    if "numbers" in said:
        said["phones"] = [NumberIn(**one).line for one in said.pop("numbers")]
    return {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}


class _Numbered(BaseModel):
    id: int
    version: int
    numbers: list[NumberOut]
    identifiers: list[IdentifierOut]


class PatientOut(patient_record.shown(_Numbered)):  # type: ignore[misc]
    """One patient. Phones are E.164, the first is used first. `version` counts the changes; it is the `ETag` too."""

    @classmethod
    def of(cls, patient: Patient) -> Self:
        """From the register."""
        return cls(**asdict(patient))


class PatientIn(patient_record.registered(Model)):  # type: ignore[misc]
    """Who is registered. Phones as people write them."""

    numbers: Numbers = Field(default_factory=list)


class PatientPatch(patient_record.changed(Model)):  # type: ignore[misc]
    """What changes; fields left out stay, null clears. `phones` and `diseases` are replaced whole."""

    numbers: Numbers = Field(default_factory=list)


class PatientsQuery(PageQuery):
    """At most one of them; none lists all."""

    phone: Subscriber | None = Field(default=None, description="everybody who has this number")
    q: Line = Field(default="", description="name, pinyin, end of a phone number or card number")
    card_no: Line = ""
    having: Line = Field(default="", description="a field that has `value` in it, as `allergies`; `q` may narrow it")
    value: Line = ""

    @model_validator(mode="after")
    def _one_way_to_look(self) -> Self:
        if sum(bool(given) for given in (self.phone, self.q, self.card_no)) > 1:
            raise ValueError("give one of `phone`, `q` and `card_no`")
        if bool(self.having) != bool(self.value) or (self.having and (self.phone or self.card_no)):
            raise ValueError("`having` and `value` belong together, with `q` or alone")
        return self


class TimelineOut(BaseModel):
    """`code` is for programs; `summary` a sentence in the language of `Accept-Language`, in the hospital's time.

    `ref` is the path of the thing below `/api/v1`.
    """

    id: int
    kind: TimelineKind
    at: AwareDatetime
    code: str = Field(examples=["appointment.booked"])
    summary: str
    ref: str

    @classmethod
    def of(cls, read: Told, zone: tzinfo) -> "TimelineOut":
        """As it is read."""
        entry = read.entry
        summary = entry_words(read, zone)
        return cls(id=entry.id, kind=entry.kind, at=entry.at, code=entry.code, summary=summary, ref=entry.ref)


class TimelineQuery(PageQuery):
    """Newest first."""

    kind: TimelineKind | None = None


PatientPage = Page[PatientOut]
TimelinePage = Page[TimelineOut]


async def find(ask: Ask[PatientsQuery, NoBody]) -> PatientPage:
    """By phone, card number or words. Who looked for whom is audited by the ids found."""
    query, after = ask.query, parse(ask.query.place)
    wanted = Wanted(words=query.q, msisdn=query.phone, card_no=query.card_no, having=query.having, value=query.value)
    last = None if after is None else PatientId(after.alone)
    found = await lookup.find(ask.deps.db, ask.actor, wanted, limit=query.limit, after=last)
    more = str(by_id(found.more)) if found.more else None
    return PatientPage(items=[PatientOut.of(patient) for patient in found.patients], next=more)


async def register(ask: Ask[NoQuery, PatientIn]) -> PatientOut:
    """A new person."""
    new = NewPatient(**_said(ask.body))
    return PatientOut.of(await service.register(ask.deps.db, ask.actor, new, ask.wish))


async def show(ask: Ask[NoQuery, NoBody]) -> PatientOut:
    """Audited as a view."""
    return PatientOut.of(await service.view(ask.deps.db, ask.actor, PatientId(ask.id())))


async def change(ask: Ask[NoQuery, PatientPatch]) -> PatientOut:
    """The fields that are sent; with If-Match only while nobody else has changed them."""
    done = await service.change(
        ask.deps.db,
        ask.actor,
        PatientId(ask.id()),
        _said(ask.body),
        expected_version=ask.expected_version,
        is_whole="numbers" in ask.body.model_fields_set,
    )
    return PatientOut.of(done)


async def show_timeline(ask: Ask[TimelineQuery, NoBody]) -> TimelinePage:
    """All that happened with this patient."""
    patient_id, query = PatientId(ask.id()), ask.query
    _patient, found = await lookup.entries(
        ask.deps.db, ask.actor, patient_id, kind=query.kind, before=parse(query.place), limit=query.limit
    )
    read = await told(ask.deps.db, ask.actor, found.items)
    items = [TimelineOut.of(one, ask.deps.settings.timezone) for one in read]
    return TimelinePage(items=items, next=str(found.next) if found.next else None)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/patients",
        right=Right.SEE_PATIENTS,
        handle=find,
        query=PatientsQuery,
        response=PatientPage,
        summary="Patients by phone, card number, name or pinyin",
    ),
    Endpoint(
        method="POST",
        path="/patients",
        right=Right.EDIT_PATIENTS,
        handle=register,
        body=PatientIn,
        response=PatientOut,
        status=201,
        location="/patients/{id}",
        is_once=True,
        problems=(409,),
        summary="Register a patient",
    ),
    Endpoint(
        method="GET",
        path="/patients/{id}",
        right=Right.SEE_PATIENTS,
        handle=show,
        response=PatientOut,
        problems=(404,),
        summary="One patient",
    ),
    Endpoint(
        method="PATCH",
        path="/patients/{id}",
        right=Right.EDIT_PATIENTS,
        handle=change,
        body=PatientPatch,
        response=PatientOut,
        is_versioned=True,
        problems=(404, 409, 412),
        summary="Change some fields",
    ),
    Endpoint(
        method="GET",
        path="/patients/{id}/timeline",
        right=Right.SEE_PATIENTS,
        handle=show_timeline,
        query=TimelineQuery,
        response=TimelinePage,
        problems=(404,),
        summary="All that happened with a patient, newest first",
    ),
)
