"""`/campuses`, `/departments` and `/practitioners`: what the hospital offers."""

import math

from pydantic import BaseModel, Field

from crm_core.directory import service as directory
from crm_core.kernel.cursor import Cursor, cut, parse
from crm_core.kernel.ids import CampusId, DepartmentId
from crm_core.users.rights import Right
from web.api.endpoint import Ask, Endpoint, Model, NoBody, NoQuery, Page, PageQuery
from web.values import FilledLine, Id, Line, Whole


class CampusOut(BaseModel):
    """One of the hospital's places."""

    id: int
    code: str
    name: str
    name_en: str
    position: int


class CampusIn(Model):
    """As soon as there are two, departments are named with their campus: on pages, by the hotline, in texts."""

    code: FilledLine = Field(examples=["east"])
    name: FilledLine = Field(examples=["东院区"])
    name_en: Line = ""
    position: Whole = Field(default=0, ge=0, le=1000, description="order in menus")


class DepartmentOut(BaseModel):
    """Where patients are seen. The names have the campus with them when there are several."""

    id: int
    campus_id: int
    code: str
    name: str
    name_en: str


class PractitionerOut(BaseModel):
    """Who sees patients. `code` is the hospital's own; it tells two of one name apart."""

    id: int
    code: str | None
    department_id: int
    name: str
    name_en: str
    title: str
    title_en: str


CampusPage = Page[CampusOut]
DepartmentPage = Page[DepartmentOut]
PractitionerPage = Page[PractitionerOut]


class DirectoryQuery(PageQuery):
    """All at once in most hospitals."""

    limit: Whole = Field(default=200, ge=1, le=200, description="at most this many items")


class PractitionersQuery(DirectoryQuery):
    """All, or one department's."""

    department: Id | None = None


async def campuses(ask: Ask[DirectoryQuery, NoBody]) -> CampusPage:
    """In the order of menus."""
    place = _place(ask.query)
    found = [one for one in await directory.campuses(ask.deps.db) if (one.position, one.id) > place]
    shown = cut(found, ask.query.limit, lambda one: Cursor(one.position, str(one.id)))
    return CampusPage.of(shown, lambda one: CampusOut.model_validate(one, from_attributes=True))


async def campus(ask: Ask[NoQuery, NoBody]) -> CampusOut:
    """One of them."""
    found = await directory.campus(ask.deps.db, CampusId(ask.id()))
    return CampusOut.model_validate(found, from_attributes=True)


async def add_campus(ask: Ask[NoQuery, CampusIn]) -> CampusOut:
    """One more."""
    made = await directory.add_campus(ask.deps.db, ask.actor, **ask.body.model_dump(), wish=ask.wish)
    return CampusOut.model_validate(made, from_attributes=True)


async def departments(ask: Ask[DirectoryQuery, NoBody]) -> DepartmentPage:
    """In the order of the menus."""
    place = _place(ask.query)
    found = [one for one in await directory.departments(ask.deps.db) if (one.position, one.id) > place]
    shown = cut(found, ask.query.limit, lambda one: Cursor(one.position, str(one.id)))
    return DepartmentPage.of(shown, lambda one: DepartmentOut.model_validate(one, from_attributes=True))


def _place(query: PageQuery) -> tuple[float, int]:
    after = parse(query.place)
    return (after.order, after.number) if after else (-math.inf, 0)


async def practitioners(ask: Ask[PractitionersQuery, NoBody]) -> PractitionerPage:
    """Who works now, by department."""
    wanted, place = ask.query.department, _place(ask.query)
    everybody = await directory.practitioners(ask.deps.db, None if wanted is None else DepartmentId(wanted))
    in_order = sorted(everybody, key=lambda one: (one.department_id, one.id))
    found = [one for one in in_order if (one.department_id, one.id) > place]
    shown = cut(found, ask.query.limit, lambda one: Cursor(one.department_id, str(one.id)))
    return PractitionerPage.of(shown, lambda one: PractitionerOut.model_validate(one, from_attributes=True))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/campuses",
        right=Right.SEE_SCHEDULE,
        handle=campuses,
        query=DirectoryQuery,
        response=CampusPage,
        summary="The hospital's places, in the order of menus",
    ),
    Endpoint(
        method="GET",
        path="/campuses/{id}",
        right=Right.SEE_SCHEDULE,
        handle=campus,
        response=CampusOut,
        problems=(404,),
        summary="One campus",
    ),
    Endpoint(
        method="POST",
        path="/campuses",
        right=Right.SET_BOOKING_RULES,
        handle=add_campus,
        body=CampusIn,
        response=CampusOut,
        status=201,
        location="/campuses/{id}",
        is_once=True,
        problems=(409,),
        summary="Add a campus",
    ),
    Endpoint(
        method="GET",
        path="/departments",
        right=Right.SEE_SCHEDULE,
        handle=departments,
        query=DirectoryQuery,
        response=DepartmentPage,
        summary="Departments",
    ),
    Endpoint(
        method="GET",
        path="/practitioners",
        right=Right.SEE_SCHEDULE,
        handle=practitioners,
        query=PractitionersQuery,
        response=PractitionerPage,
        summary="Practitioners",
    ),
)
