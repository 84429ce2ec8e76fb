"""The register comes in files and goes out in files, and nothing is doubled, lost or turned into a formula."""

import asyncio
import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.db import Database
from crm_core.kernel.errors import ForbiddenError, InvalidInputError
from crm_core.patients import service, store
from crm_core.patients.exchange import spreadsheet, workbooks
from crm_core.patients.exchange.reading import (
    ROWS_AT_ONCE,
    ImportReport,
    ImportStoppedError,
    Rejected,
    import_patients,
)
from crm_core.patients.exchange.writing import export_patients
from crm_core.patients.model import NewPatient, Patient
from crm_core.patients.rules import MOST_SHARERS
from tests.databases import run_as_owner

pytestmark = pytest.mark.db

BOSS = Actor(ActorKind.USER, "boss", Role.SUPERVISOR)

TITLES = ["姓名", "手机", "一卡通号", "门诊号", "住院号", "出生日期", "地区"]


def write_csv(path: Path, rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def files_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


async def load(db: Database, path: Path) -> ImportReport:
    return await import_patients(db, SYSTEM, path)


async def everybody(db: Database) -> list[Patient]:
    async with db.connection() as conn:
        return await store.page(conn, limit=10_000)


async def test_a_file_read_twice_changes_nothing_the_second_time(database: Database, tmp_path: Path) -> None:
    people = [[f"病人{n}", f"1380000{n:04}", f"K{n}", "", "", "1980-01-01", "北京"] for n in range(300)]
    path = write_csv(tmp_path / "patients.csv", [TITLES, *people])
    seen: list[tuple[int, int]] = []
    first = await import_patients(database, SYSTEM, path, on_progress=lambda done, total: seen.append((done, total)))
    second = await load(database, path)
    assert first.counts() == {"new": 300, "updated": 0, "unchanged": 0, "rejected": 0, "shared": 0}
    assert second.counts() == {"new": 0, "updated": 0, "unchanged": 300, "rejected": 0, "shared": 0}
    assert seen == [(200, 300), (300, 300)]
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM patient_change") == 0
        assert await conn.fetchval("SELECT count(*) FROM audit WHERE action = 'import patients'") == 2


async def test_every_row_gets_its_verdict(database: Database, tmp_path: Path) -> None:
    await service.register(database, SYSTEM, NewPatient(name="张三", phones=("13800138000",), card_no="1"))
    await service.register(database, SYSTEM, NewPatient(name="李四", phones=("13800138001",), outpatient_no="2"))
    rows = [
        TITLES,
        ["张三", "13800138000", "", "", "", "", "上海"],  # updated
        ["王五", "13800138000", "无", "0", "", "", ""],  # new, shares the number
        ["张三", "", "1", "2", "", "", ""],  # conflict
        ["赵六", "12", "", "", "", "", ""],  # no number
        ["", "13800138009", "", "", "", "", ""],  # no name
        ["孙七", "11111111111", "无", "-", "", "", ""],  # no key
        ["", "", "", "", "", "", ""],  # empty
        ["周八", "1.38E+10", "", "", "", "", ""],  # rounded
        ["吴九", "", "", "", "9", "1980-02-30", ""],  # no date
        ["李四", "13800138001", "", "", "", "", ""],  # unchanged
    ]
    report = await load(database, write_csv(tmp_path / "p.csv", rows))
    assert report.counts() == {"new": 1, "updated": 1, "unchanged": 1, "rejected": 6, "shared": 1}
    assert report.shared == [3]
    assert [(one.row, one.field) for one in report.rejected] == [
        (4, ""),
        (5, "phones"),
        (6, "name"),
        (7, ""),
        (9, "phones"),
        (10, "birth_date"),
    ]
    assert not any("张三" in one.reason or "138" in one.reason for one in report.rejected)
    assert [(p.name, p.region) for p in await everybody(database)] == [("张三", "上海"), ("李四", ""), ("王五", "")]


async def test_empty_cells_and_placeholders_erase_nothing_and_telephones_are_added(
    database: Database, tmp_path: Path
) -> None:
    known = await service.register(
        database,
        SYSTEM,
        NewPatient(name="张三", phones=("13800138000",), card_no="1", region="北京", birth_date=date(1980, 5, 1)),
    )
    rows = [TITLES, ["张三", "010-65529988", "1", "无", "", "", ""]]
    report = await load(database, write_csv(tmp_path / "p.csv", rows))
    (now,) = await everybody(database)
    assert report.updated == 1
    assert (now.region, now.birth_date, now.outpatient_no) == (known.region, known.birth_date, None)
    assert now.phones == ("+8613800138000", "+861065529988")


async def test_two_rows_of_one_new_person_in_one_file_are_one_patient(database: Database, tmp_path: Path) -> None:
    rows = [TITLES, ["张三", "13800138000", "", "", "", "", ""], ["张三", "13800138000", "1", "", "", "", "北京"]]
    report = await load(database, write_csv(tmp_path / "p.csv", rows))
    assert (report.new, report.updated) == (1, 1)
    assert [patient.card_no for patient in await everybody(database)] == ["1"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_csv_from_any_chinese_program_is_read(database: Database, tmp_path: Path, encoding: str) -> None:
    rows = [["姓名", "电话", "体重"], ["张三丰", "13800138000", "好"]]
    report = await load(database, write_csv(tmp_path / "p.CSV", rows, encoding))
    assert (report.new, report.ignored_columns) == (1, ("体重",))


async def test_xlsx_with_numbers_dates_and_texts_is_read(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "his.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, TITLES)
        sheet.write_row(1, 0, ["张三丰", 13800138000, 100860])
        sheet.write_datetime(1, 5, date(1980, 5, 1), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_row(2, 0, ["李四", "13800138001", 123456789012345678])
    report = await load(database, path)
    (patient,) = await everybody(database)
    assert (patient.name, patient.phones, patient.card_no) == ("张三丰", ("+8613800138000",), "100860")
    assert patient.birth_date == date(1980, 5, 1)
    assert report.rejected == [Rejected(3, "card_no", "a number lost its digits in the file: make the column a text")]


@pytest.mark.parametrize("name", ["out.xlsx", "out.csv"])
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
async def test_what_is_exported_can_be_imported_and_nothing_is_new(
    database: Database, tmp_path: Path, name: str, locale: str
) -> None:
    await service.register(
        database,
        SYSTEM,
        NewPatient(
            name="张三丰",
            phones=("13800138000", "010-65529988"),
            sex="male",
            birth_date=date(1980, 5, 1),
            card_no="001234567890123456",
            region="=cmd|' /C calc'!A0",
            source="-1+2",
            diseases=("高血压", "糖尿病"),
            language="en",
        ),
    )
    await service.register(database, SYSTEM, NewPatient(name="'Quote", phones=("13800138001",), region="@x"))
    before = await everybody(database)
    assert await export_patients(database, SYSTEM, tmp_path / name, locale=locale) == 2
    report = await load(database, tmp_path / name)
    assert report.counts() == {"new": 0, "updated": 0, "unchanged": 2, "rejected": 0, "shared": 0}
    assert report.ignored_columns == ()
    assert await everybody(database) == before
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT detail->'count' FROM audit WHERE action = 'export patients'") == 2


async def test_cells_are_texts_and_never_formulas(database: Database, tmp_path: Path) -> None:
    await service.register(
        database, SYSTEM, NewPatient(name='=HYPERLINK("http://x")', phones=("13800138000",), card_no="13800138000")
    )
    await export_patients(database, SYSTEM, tmp_path / "o.xlsx")
    await export_patients(database, SYSTEM, tmp_path / "o.csv")
    cells = CalamineWorkbook.from_path(tmp_path / "o.xlsx").get_sheet_by_index(0).to_python()[1]
    assert [cells[0], cells[3], cells[4]] == ['=HYPERLINK("http://x")', "+8613800138000", "13800138000"]
    assert all(isinstance(cell, str) for cell in cells)
    with (tmp_path / "o.csv").open(encoding="utf-8-sig", newline="") as file:
        row = list(csv.reader(file))[1]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.xls", b"x"),
        ("p.xlsx", b"not a zip"),
        ("p.csv", "电话\n13800138000\n".encode()),
        ("p.csv", b""),
        ("p.csv", b"\xff\xfe\xff\x80\x80"),
        ("p.csv", "姓名,患者姓名\n张三,李四\n".encode()),
    ],
)
async def test_a_file_that_cannot_be_right_is_refused_as_a_whole(
    database: Database, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInputError) as caught:
        await load(database, tmp_path / name)
    assert caught.value.field == "file"
    with pytest.raises(InvalidInputError):
        await load(database, tmp_path / "missing.csv")


async def test_two_files_of_the_same_people_in_another_order_are_both_read(database: Database, tmp_path: Path) -> None:
    people = [[f"病人{n}", f"1380013{n:04d}", f"C-{n}", "", "", "", "成都"] for n in range(30)]
    await load(database, write_csv(tmp_path / "all.csv", [TITLES, *people]))
    moved = [[*person[:-1], "重庆"] for person in people]
    files = [
        write_csv(tmp_path / f"{n}.csv", [TITLES, *rows])
        for n, rows in enumerate([people, moved, moved[::-1], people[::-1]])
    ]
    reports = await asyncio.gather(*(load(database, file) for file in files))
    assert [report.counts()["rejected"] for report in reports] == [0] * 4
    assert [report.new for report in reports] == [0] * 4
    assert [report.updated + report.unchanged for report in reports] == [len(people)] * 4


async def test_an_import_under_way_does_not_stop_what_only_refers_to_the_patient(database: Database) -> None:
    patient = await service.register(database, SYSTEM, NewPatient(name="张三", phones=("13800138000",)))
    async with database.transaction(SYSTEM) as tx, database.own_connection() as other:
        await store.lock(tx.conn, patient.id)
        await other.execute("SET lock_timeout = '2s'")
        await other.execute("SELECT 1 FROM patient WHERE id = $1 FOR KEY SHARE", patient.id)  # as a foreign key does


async def test_an_export_is_for_its_owners_eyes_and_is_known_before_and_after(
    database: Database, tmp_path: Path
) -> None:
    for number in (1, 2):
        await service.register(database, SYSTEM, NewPatient(name=f"病人{number}", card_no=f"K{number}"))
    for name in ("out.csv", "out.xlsx"):
        path = tmp_path / name
        path.write_text("an older export that everybody may read")
        path.chmod(0o644)
        assert await export_patients(database, BOSS, path) == 2
        assert path.stat().st_mode & 0o777 == 0o600
    assert files_in(tmp_path) == ["out.csv", "out.xlsx"]
    async with database.connection() as conn:
        rows = await conn.fetch("SELECT actor, outcome, detail FROM audit WHERE action = 'export patients' ORDER BY id")
    assert [(row["actor"], row["outcome"], row["detail"]["count"], row["detail"]["filter"]) for row in rows] == [
        ("boss", outcome, 2, "all") for outcome in ("begun", "done", "begun", "done")
    ]


@pytest.mark.parametrize("role", [Role.AGENT, Role.NURSE, Role.API, Role.AUDITOR])
async def test_who_may_not_carry_the_register_away_gets_no_file(database: Database, tmp_path: Path, role: Role) -> None:
    with pytest.raises(ForbiddenError):
        await export_patients(database, Actor(ActorKind.USER, "li", role), tmp_path / "out.csv")
    assert files_in(tmp_path) == []


async def test_what_cannot_be_written_is_a_sentence_and_leaves_nothing(database: Database, tmp_path: Path) -> None:
    await service.register(database, SYSTEM, NewPatient(name="张三", card_no="1"))
    (tmp_path / "taken.csv").mkdir()
    for path in (tmp_path / "out.txt", tmp_path / "nowhere" / "out.csv", tmp_path / "taken.csv"):
        with pytest.raises(InvalidInputError):
            await export_patients(database, SYSTEM, path)
    assert files_in(tmp_path) == ["taken.csv"]


def test_more_rows_than_a_sheet_holds_go_on_in_the_next_and_are_all_read_back(tmp_path: Path) -> None:
    path, rows = tmp_path / "many.xlsx", [[f"病人{n}", f"K{n}"] for n in range(7)]
    output = spreadsheet.Output(path, ["姓名", "一卡通号"], rows_a_sheet=3)
    output.add(rows[:4])
    output.add(rows[4:])
    output.finish()
    output.drop()
    with CalamineWorkbook.from_path(path) as book:
        assert [book.get_sheet_by_index(n).to_python()[0] for n in range(3)] == [["姓名", "一卡通号"]] * 3
    assert list(workbooks.rows(path)) == [["姓名", "一卡通号"], *rows]


def test_a_sheet_is_never_longer_than_a_spreadsheet_can_be_and_a_cell_too_long_is_said(tmp_path: Path) -> None:
    assert spreadsheet.ROWS_A_SHEET + 1 == 2**20
    output = spreadsheet.Output(tmp_path / "out.xlsx", ["姓名"])
    with pytest.raises(InvalidInputError):
        output.add([["长" * 40_000]])
    output.drop()
    assert files_in(tmp_path) == []


async def test_a_placeholder_shared_by_many_tells_nobody_apart(database: Database, tmp_path: Path) -> None:
    for number in range(MOST_SHARERS + 1):
        await service.register(database, SYSTEM, NewPatient(name=f"病人{number}", phones=("13000000000",)))
    rows = [TITLES, ["病人1", "13000000000", "", "", "", "", "上海"], ["新人", "13000000000", "K9", "", "", "", ""]]
    report = await load(database, write_csv(tmp_path / "p.csv", rows))
    assert report.counts() == {"new": 1, "updated": 0, "unchanged": 0, "rejected": 1, "shared": 0}
    assert "nobody could tell" in report.rejected[0].reason


async def test_an_import_that_cannot_go_on_says_what_was_done_and_goes_on_when_it_is_run_again(
    database: Database, owner_url: str, tmp_path: Path
) -> None:
    people = [[f"病人{n}", f"1380000{n:04}", f"K{n}", "", "", "", ""] for n in range(ROWS_AT_ONCE + 5)]
    path = write_csv(tmp_path / "patients.csv", [TITLES, *people])
    await run_as_owner(
        owner_url,
        """
        CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON patient FOR EACH ROW WHEN (NEW.name = '病人202')
            EXECUTE FUNCTION disk_is_full();
        """,
    )
    with pytest.raises(ImportStoppedError) as caught:
        await load(database, path)
    assert (caught.value.report.new, caught.value.before) == (ROWS_AT_ONCE, ROWS_AT_ONCE + 2)
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM patient") == ROWS_AT_ONCE
        row = await conn.fetchrow("SELECT outcome, detail FROM audit WHERE action = 'import patients'")
    await run_as_owner(owner_url, "DROP TRIGGER full_disk ON patient")
    assert row is not None
    assert (row["outcome"], row["detail"]["new"]) == ("stopped", ROWS_AT_ONCE)
    assert (await load(database, path)).counts() | {"unchanged": 0} == {
        "new": 5,
        "updated": 0,
        "unchanged": 0,
        "rejected": 0,
        "shared": 0,
    }
