"""`/patients`: the register."""

from dataclasses import asdict
from datetime import date, tzinfo
from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from crm_core.kernel.cursor import by_id, parse
from crm_core.kernel.ids import PatientId
from crm_core.patients import lookup, service
from crm_core.patients.model import Language, NewPatient, Patient, Sex, TimelineKind, Wanted
from crm_core.users.rights import Right
from overview.timeline import Told, told
from web.api.endpoint import Ask, Endpoint, Model, NoBody, NoQuery, Page, PageQuery
from web.timeline_words import entry_words
from web.values import Day, FilledLine, Line, PhoneAsTyped, Subscriber

MOST_PHONES = 10
MOST_DISEASES = 50


class PatientOut(BaseModel):
    """One patient. Phones are E.164, the first is used first. `version` counts the changes; it is the `ETag` too."""

    id: int
    version: int
    name: str
    sex: Sex
    birth_date: date | None
    phones: list[str]
    card_no: str | None
    outpatient_no: str | None
    inpatient_no: str | None
    region: str
    source: str
    department: str = Field(description="as written in the record; need not be one of `/departments`")
    diseases: list[str]
    member_level: str
    language: Language

    @classmethod
    def of(cls, patient: Patient) -> "PatientOut":
        """From the register."""
        return cls.model_validate(asdict(patient))


class PatientIn(Model):
    """Who is registered. Phones as people write them."""

    name: FilledLine = Field(examples=["张三丰"])
    phones: list[PhoneAsTyped] = Field(default_factory=list, max_length=MOST_PHONES, examples=[["138 0013 8000"]])
    sex: Sex = Sex.UNKNOWN
    birth_date: Day | None = Field(default=None, description="not in the future", examples=["1957-04-09"])
    card_no: Line | None = None
    outpatient_no: Line | None = None
    inpatient_no: Line | None = None
    region: Line = ""
    source: Line = ""
    department: Line = ""
    diseases: list[Line] = Field(default_factory=list, max_length=MOST_DISEASES)
    member_level: Line = ""
    language: Language = Language.ZH_CN


class PatientPatch(Model):
    """What changes; fields left out stay, null clears. `phones` and `diseases` are replaced whole."""

    name: FilledLine = Field(default_factory=str)
    phones: list[PhoneAsTyped] = Field(default_factory=list, max_length=MOST_PHONES)
    sex: Sex = Field(default_factory=lambda: Sex.UNKNOWN)
    birth_date: Day | None = Field(default_factory=lambda: None, description="not in the future")
    card_no: Line | None = Field(default_factory=lambda: None)
    outpatient_no: Line | None = Field(default_factory=lambda: None)
    inpatient_no: Line | None = Field(default_factory=lambda: None)
    region: Line = Field(default_factory=str, examples=["杭州"])
    source: Line = Field(default_factory=str)
    department: Line = Field(default_factory=str)
    diseases: list[Line] = Field(default_factory=list, max_length=MOST_DISEASES)
    member_level: Line = Field(default_factory=str)
    language: Language = Field(default_factory=lambda: Language.ZH_CN)


class PatientsQuery(PageQuery):
    """At most one of them; none lists all."""

    phone: Subscriber | None = Field(default=None, description="everybody who has this number")
    q: Line = Field(default="", description="name, pinyin, end of a phone number or card number")
    card_no: Line = ""

    @model_validator(mode="after")
    def _one_way_to_look(self) -> Self:
        if sum(bool(given) for given in (self.phone, self.q, self.card_no)) > 1:
            raise ValueError("give one of `phone`, `q` and `card_no`")
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
    wanted = Wanted(words=query.q, msisdn=query.phone, card_no=query.card_no)
    last = None if after is None else PatientId(after.alone)
    found = await lookup.find(ask.deps.db, ask.actor, wanted, limit=query.limit, after=last)
    more = str(by_id(found.more)) if found.more else None
    return PatientPage(items=[PatientOut.of(patient) for patient in found.patients], next=more)


async def register(ask: Ask[NoQuery, PatientIn]) -> PatientOut:
    """A new person."""
    body = ask.body.model_dump()
    new = NewPatient(**{**body, "phones": tuple(body["phones"]), "diseases": tuple(body["diseases"])})
    return PatientOut.of(await service.register(ask.deps.db, ask.actor, new, ask.wish))


async def show(ask: Ask[NoQuery, NoBody]) -> PatientOut:
    """Audited as a view."""
    return PatientOut.of(await service.view(ask.deps.db, ask.actor, PatientId(ask.id())))


async def change(ask: Ask[NoQuery, PatientPatch]) -> PatientOut:
    """The fields that are sent; with If-Match only while nobody else has changed them."""
    changes: dict[str, Any] = ask.body.model_dump(exclude_unset=True)
    return PatientOut.of(
        await service.change(
            ask.deps.db, ask.actor, PatientId(ask.id()), changes, expected_version=ask.expected_version
        )
    )


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
