"""`/patients`: the register."""

from dataclasses import asdict
from datetime import date, datetime, tzinfo
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from crm_core.kernel.cursor import parse
from crm_core.kernel.ids import PatientId
from crm_core.kernel.msisdn import parse_msisdn
from crm_core.patients import lookup, service
from crm_core.patients.model import Language, NewPatient, Patient, Sex, Wanted
from crm_core.users.rights import Right
from web.api import cursor
from web.api.endpoint import Ask, Endpoint, Model, NoBody, NoQuery, Page, PageQuery

Short = Annotated[str, Field(max_length=100)]


class PatientOut(BaseModel):
    """One patient. Phones are E.164, the first is used first."""

    id: int
    name: str
    sex: Sex
    birth_date: date | None
    phones: list[str]
    card_no: str | None
    outpatient_no: str | None
    inpatient_no: str | None
    region: str
    source: str
    department: str
    diseases: list[str]
    member_level: str
    language: Language

    @classmethod
    def of(cls, patient: Patient) -> "PatientOut":
        """From the register."""
        return cls.model_validate(asdict(patient))


class PatientIn(Model):
    """Who is registered. Phones as people write them."""

    name: str = Field(min_length=1, max_length=100)
    phones: list[Short] = Field(default_factory=list, max_length=10)
    sex: Sex = Sex.UNKNOWN
    birth_date: date | None = None
    card_no: Short | None = None
    outpatient_no: Short | None = None
    inpatient_no: Short | None = None
    region: Short = ""
    source: Short = ""
    department: Short = ""
    diseases: list[Short] = Field(default_factory=list, max_length=50)
    member_level: Short = ""
    language: Language = Language.ZH_CN


class PatientPatch(Model):
    """What changes; fields left out stay."""

    name: str | None = Field(default=None, min_length=1, max_length=100)
    phones: list[Short] | None = Field(default=None, max_length=10)
    sex: Sex | None = None
    birth_date: date | None = None
    card_no: Short | None = None
    outpatient_no: Short | None = None
    inpatient_no: Short | None = None
    region: Short | None = None
    source: Short | None = None
    department: Short | None = None
    diseases: list[Short] | None = Field(default=None, max_length=50)
    member_level: Short | None = None
    language: Language | None = None


class PatientsQuery(PageQuery):
    """One of them; none lists all."""

    phone: Short = ""
    q: Short = Field(default="", description="name, pinyin, end of a phone number or card number")
    card_no: Short = ""


class TimelineOut(BaseModel):
    """`summary` in English with its values; `ref` is the path of the thing below `/api/v1`."""

    id: int
    kind: str
    at: AwareDatetime
    summary: str
    ref: str


class TimelineQuery(PageQuery):
    """Newest first."""

    kind: Short = ""


PatientPage = Page[PatientOut]
TimelinePage = Page[TimelineOut]


async def find(ask: Ask[PatientsQuery, NoBody]) -> PatientPage:
    """By phone, card number or words. Who looked for whom is audited by the ids found."""
    query = ask.query
    msisdn = parse_msisdn(query.phone) if query.phone else None
    wanted = Wanted(words=query.q, msisdn=msisdn, card_no=query.card_no)
    after = _patient_id(cursor.number(query.after))
    found = await lookup.find(ask.deps.db, ask.actor, wanted, limit=query.limit, after=after)
    more = str(found.more) if found.more else None
    return PatientPage(items=[PatientOut.of(patient) for patient in found.patients], next=more)


def _patient_id(number: int | None) -> PatientId | None:
    return None if number is None else PatientId(number)


async def register(ask: Ask[NoQuery, PatientIn]) -> PatientOut:
    """A new person."""
    body = ask.body.model_dump()
    new = NewPatient(**{**body, "phones": tuple(body["phones"]), "diseases": tuple(body["diseases"])})
    return PatientOut.of(await service.register(ask.deps.db, ask.actor, new))


async def show(ask: Ask[NoQuery, NoBody]) -> PatientOut:
    """Audited as a view."""
    return PatientOut.of(await service.view(ask.deps.db, ask.actor, PatientId(ask.id())))


async def change(ask: Ask[NoQuery, PatientPatch]) -> PatientOut:
    """The fields that are sent."""
    changes: dict[str, Any] = ask.body.model_dump(exclude_unset=True)
    changes |= {name: tuple(changes[name]) for name in ("phones", "diseases") if changes.get(name) is not None}
    return PatientOut.of(await service.change(ask.deps.db, ask.actor, PatientId(ask.id()), changes))


async def show_timeline(ask: Ask[TimelineQuery, NoBody]) -> TimelinePage:
    """All that happened with this patient."""
    patient_id, query = PatientId(ask.id()), ask.query
    before = parse(query.after)
    _patient, found = await lookup.entries(
        ask.deps.db, ask.actor, patient_id, kind=query.kind or None, before=before, limit=query.limit
    )
    zone = ask.deps.settings.timezone
    items = [
        TimelineOut(id=e.id, kind=e.kind, at=e.at, summary=_summary(e.code, dict(e.args), zone), ref=e.ref)
        for e in found.items
    ]
    return TimelinePage(items=items, next=str(found.next) if found.next else None)


def _summary(code: str, args: dict[str, object], zone: tzinfo) -> str:
    try:
        return code.format_map({name: _readable(value, zone) for name, value in args.items()})
    except (KeyError, IndexError, ValueError):
        return code


def _readable(value: object, zone: tzinfo) -> object:
    if isinstance(value, str) and "T" in value:
        try:
            return datetime.fromisoformat(value).astimezone(zone).strftime("%Y-%m-%d %H:%M")
        except ValueError:
            return value
    return value


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
        problems=(404, 409),
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
