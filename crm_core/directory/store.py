"""The hospital's directory in PostgreSQL."""

from collections.abc import Sequence

from crm_core.directory.model import MAIN, Campus, Department, Practitioner
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import CampusId, DepartmentId, PractitionerId


async def campuses(conn: Connection) -> list[Campus]:
    """All, in the order of menus."""
    rows = await conn.fetch("SELECT id, code, name, name_en, position FROM campus ORDER BY position, id")
    return [Campus(**row) for row in rows]


async def insert_campus(conn: Connection, *, code: str, name: str, name_en: str, position: int) -> CampusId:
    """Raises UniqueViolationError when another one has the code."""
    return CampusId(
        await conn.fetchval(
            "INSERT INTO campus (code, name, name_en, position) VALUES ($1, $2, $3, $4) RETURNING id",
            code,
            name,
            name_en,
            position,
        )
    )


async def departments(conn: Connection) -> list[Department]:
    """All, in the order of menus."""
    rows = await conn.fetch(
        "SELECT id, code, name, name_en, keywords, position, campus_id FROM department_named ORDER BY position, id"
    )
    return [Department(**{**dict(row), "keywords": tuple(row["keywords"])}) for row in rows]


async def practitioners(
    conn: Connection, department_id: DepartmentId | None = None, *, active_only: bool = True
) -> list[Practitioner]:
    """Who sees patients, by department and name."""
    rows = await conn.fetch(
        """
        SELECT p.id, p.department_id, p.name, p.name_en, p.title, p.title_en, p.is_active, p.code
        FROM practitioner p JOIN department d ON d.id = p.department_id
        WHERE ($1::bigint IS NULL OR p.department_id = $1) AND (p.is_active OR NOT $2)
        ORDER BY d.position, d.id, p.name, p.id
        """,
        department_id,
        active_only,
    )
    return [Practitioner(**row) for row in rows]


async def practitioner(conn: Connection, practitioner_id: PractitionerId) -> Practitioner | None:
    """One, also when no longer active."""
    row = await conn.fetchrow(
        "SELECT id, department_id, name, name_en, title, title_en, is_active, code FROM practitioner WHERE id = $1",
        practitioner_id,
    )
    return Practitioner(**row) if row else None


async def put_department(
    conn: Connection,
    *,
    code: str,
    name: str,
    name_en: str,
    keywords: Sequence[str] = (),
    position: int = 0,
    campus_id: CampusId = MAIN,
) -> DepartmentId:
    """New or, by `code`, changed."""
    return DepartmentId(
        await conn.fetchval(
            """
            INSERT INTO department (code, name, name_en, keywords, position, campus_id) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (code) DO UPDATE SET name = excluded.name, name_en = excluded.name_en,
                keywords = excluded.keywords, position = excluded.position, campus_id = excluded.campus_id
            RETURNING id
            """,
            code,
            name,
            name_en,
            list(keywords),
            position,
            campus_id,
        )
    )


async def put_practitioner(
    conn: Connection,
    department_id: DepartmentId,
    *,
    name: str,
    name_en: str,
    title: str = "",
    title_en: str = "",
    code: str | None = None,
) -> PractitionerId:
    """New or, by department, name and code, changed and active again."""
    return PractitionerId(
        await conn.fetchval(
            """
            INSERT INTO practitioner (department_id, name, name_en, title, title_en, code)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (department_id, name, coalesce(code, '')) DO UPDATE SET name_en = excluded.name_en,
                title = excluded.title, title_en = excluded.title_en, is_active = true
            RETURNING id
            """,
            department_id,
            name,
            name_en,
            title,
            title_en,
            code,
        )
    )
