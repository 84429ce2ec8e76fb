"""Departments and practitioners, in both languages of the hotline."""

from dataclasses import dataclass

from crm_core.kernel.ids import CampusId, DepartmentId, PractitionerId

MAIN = CampusId(1)  # there from the beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class Campus:
    """One of the hospital's places (院区). While there is only one, nobody sees it."""

    id: CampusId
    code: str
    name: str
    name_en: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """Its names have the campus with them as soon as there are two.

    `keywords` are other words patients use for it; `position` is the order in menus.
    """

    id: DepartmentId
    code: str
    name: str
    name_en: str
    keywords: tuple[str, ...]
    position: int
    campus_id: CampusId = MAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Practitioner:
    """Somebody who sees patients. `code` is the hospital's own; it tells two of one name apart."""

    id: PractitionerId
    department_id: DepartmentId
    name: str
    name_en: str
    title: str
    title_en: str
    is_active: bool
    code: str | None = None
