"""Files from hospitals: whatever program wrote them, they are read as a person reads them, or refused in words."""

import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from crm_core.kernel.errors import InvalidInputError
from crm_core.patients.exchange import cells, headers, tables, workbooks
from tests.old_workbook import ole, xls

pytestmark = pytest.mark.unit

TITLES = ["姓名", "手机号", "出生日期"]
LOST = "a number lost its digits in the file: make the column a text"
reasons: set[tuple[str, str]] = set()
ZHANG = ["张三丰", "13800138000", "1957-04-09"]


def text_file(path: Path, lines: Sequence[Sequence[str]], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    path.write_bytes("".join(delimiter.join(line) + "\r\n" for line in lines).encode(encoding))
    return path


def said(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of a file in fields, by the number that a spreadsheet shows."""
    shown = tables.preview(tables.open_table(path))
    assert shown.problems == []
    return [(number, dict(row)) for number, row in shown.rows]


def reason(path: Path) -> str:
    """Why a file is refused."""
    with pytest.raises(InvalidInputError) as caught:
        list(tables.open_table(path).rows)
    assert caught.value.field == "file"
    return str(caught.value)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-8 with 㛃𠮷"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_text_of_any_program_is_read(tmp_path: Path, encoding: str, delimiter: str) -> None:
    name = "㛃𠮷" if encoding.endswith("𠮷") else "张三丰"
    path = text_file(tmp_path / "p.csv", [TITLES, [name, *ZHANG[1:]]], encoding.split()[0], delimiter)
    assert said(path) == [(2, {"name": name, "phones": ZHANG[1], "birth_date": ZHANG[2]})]


def test_rare_names_survive_gb18030(tmp_path: Path) -> None:
    path = text_file(tmp_path / "p.csv", [TITLES, ["㛃𠮷", *ZHANG[1:]]], "gb18030")
    assert said(path)[0][1]["name"] == "㛃𠮷"


def test_a_byte_that_fits_no_encoding_far_down_is_found_before_anything_is_read(tmp_path: Path) -> None:
    path = text_file(tmp_path / "p.csv", [TITLES, *[ZHANG] * 50_000])
    path.write_bytes(path.read_bytes() + b"\xff\xff\xff,1,2\r\n")
    assert "neither UTF-8" in reason(path)


def test_the_delimiter_is_what_cuts_most_lines_alike(tmp_path: Path) -> None:
    lines = [["示例县人民医院, 2024 年度"], TITLES, ["张三丰", "13800138000,13900139000", "1957-04-09"]]
    path = text_file(tmp_path / "p.csv", lines, delimiter=";")
    assert said(path) == [(3, {"name": "张三丰", "phones": "13800138000,13900139000", "birth_date": "1957-04-09"})]
    path.write_bytes(b"sep=|\r\n" + text_file(tmp_path / "q.csv", [TITLES, ZHANG], delimiter="|").read_bytes())
    assert said(path)[0][1]["name"] == "张三丰"


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("1957-04-09", date(1957, 4, 9)),
        ("1957/4/9", date(1957, 4, 9)),
        ("1957.4.9", date(1957, 4, 9)),
        ("19570409", date(1957, 4, 9)),
        ("1957年4月9日", date(1957, 4, 9)),
        ("1957 年 04 月 09 日", date(1957, 4, 9)),
        ("１９５７年４月９号", date(1957, 4, 9)),
        ("一九五七年四月九日", date(1957, 4, 9)),
        ("二〇一〇年十二月三十一日", date(2010, 12, 31)),
        ("二零一〇年十月二十日", date(2010, 10, 20)),
        ("1957-04-09 00:00:00", date(1957, 4, 9)),
        ("1957-04-09T08:30:00+08:00", date(1957, 4, 9)),
        ("'1957-04-09", date(1957, 4, 9)),
        (19570409, date(1957, 4, 9)),
        (19570409.0, date(1957, 4, 9)),
        (20919, date(1957, 4, 9)),
        ("20919", date(1957, 4, 9)),
        (datetime(1957, 4, 9, 8, 30), date(1957, 4, 9)),  # noqa: DTZ001 - as a workbook has it
        ("", None),
        (None, None),
    ],
)
def test_a_day_is_read_in_every_way_it_is_written(cell: str | float | None, day: date | None) -> None:
    assert cells.day(cell) == day


@pytest.mark.parametrize("cell", ["1957", "1957年4月", "4/9/1957", "57-4-9", "1957-02-30", "十月", -5, 1e9])
def test_what_is_no_day_or_could_be_two_is_refused(cell: str | float) -> None:
    with pytest.raises(InvalidInputError):
        cells.day(cell)


@pytest.mark.parametrize(
    ("cell", "digits"),
    [
        ("13800138000", "13800138000"),
        (13800138000, "13800138000"),
        (13800138000.0, "13800138000"),
        ("13800138000.0", "13800138000"),
        ("1.3800138000E+10", "13800138000"),
        ("1.38001380000e10", "13800138000"),
        ("'013800138000", "013800138000"),
        ("１３８ ００１３　８０００", "138 0013 8000"),
        ("\u200b13800138000\ufeff", "13800138000"),
        ("K-12", "K-12"),
    ],
)
def test_a_number_is_recovered_where_all_its_digits_are_there(cell: str | float, digits: str) -> None:
    assert cells.digits(cell) == digits


@pytest.mark.parametrize("cell", ["1.38E+10", "1.3800138E+10", 123456789012345678, 1.5e16, 1.25, -1])
def test_a_number_that_a_spreadsheet_rounded_is_refused(cell: str | float) -> None:
    with pytest.raises(InvalidInputError, match="lost its digits"):
        cells.digits(cell)


@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()))
def test_no_cell_brings_the_reader_down_or_stands_in_the_reason(cell: str | float) -> None:
    for name in ("name", "phones", "birth_date"):
        try:
            tables.ready(name, cell)
        except InvalidInputError as error:
            reasons.add((error.field, str(error)))
    assert reasons <= {(name, said) for name in ("name", "phones", "birth_date") for said in (LOST, "not a date")}


def test_titles_in_two_rows_are_one(tmp_path: Path) -> None:
    lines = [["患者登记表"], ["姓名", "联系方式", "", "就诊信息", ""], ["", "手机", "固话", "门诊号", "科室"]]
    path = text_file(tmp_path / "p.csv", [*lines, ["张三丰", "13800138000", "0571-87654321", "M1", "内科"]])
    assert said(path) == [
        (4, {"name": "张三丰", "phones": "13800138000;0571-87654321", "outpatient_no": "M1", "department": "内科"})
    ]


def test_a_group_above_a_title_says_whose_name_it_is() -> None:
    found = headers.find(
        [["患者", "", "联系人", ""], ["姓名", "手机", "姓名", "关系"], ["张三", "1", "李四", "妻"]], {}
    )
    assert found is not None
    assert [(one.field, one.is_sure) for one in found.guesses][:2] == [("name", True), ("phones", True)]
    assert found.guesses[2].field != "name" or not found.guesses[2].is_sure


@pytest.mark.parametrize(
    ("title", "field", "sure"),
    [
        ("姓　名", "name", True),
        ("手机号码（必填）", "phones", True),
        ("*联系电话2", "phones", True),
        ("电话1", "phones", True),
        ("就诊卡号", "card_no", True),
        ("病案号", "inpatient_no", True),
        ("Date of birth", "birth_date", True),
        ("DOB", "birth_date", True),
        ("患者联系手机号码一", "phones", False),
        ("体重", None, False),
        ("", None, False),
    ],
)
def test_a_title_is_known_by_its_words_and_a_doubtful_one_is_asked(title: str, field: str | None, sure: bool) -> None:
    found = headers.guess(title, {})
    assert (found.field, found.is_sure) == (field, sure)


@pytest.mark.parametrize(
    "row", [["张三", "患者", "VIP", "138"], ["患者", "来源", "会员", "13800138000"], ["李四", "门诊", "", ""]]
)
def test_a_person_whose_cells_look_like_titles_is_a_person(tmp_path: Path, row: list[str]) -> None:
    path = text_file(tmp_path / "p.csv", [["姓名", "来源", "会员等级", "手机"], row])
    assert [number for number, _row in said(path)] == [2]


def test_a_title_that_only_names_patients_in_general_suggests_nothing() -> None:
    assert headers.guess("患者类型", {}).field is None


def test_what_a_hospital_answered_once_is_known_ever_after() -> None:
    titles = ["客户编码", "体重", "手机"]
    memory = headers.remembered({}, titles, ["card_no", None, ""])
    assert [headers.guess(title, memory).field for title in titles] == ["card_no", None, None]
    assert headers.guess("客户 编码", memory).is_sure
    again = headers.remembered(memory, ["手机"], ["phones"])
    assert headers.guess("手机", again).field == "phones"
    assert memory[headers.key("手机")] == ""


def test_two_columns_that_mean_the_same_are_one_and_the_surer_counts() -> None:
    found = headers.guesses(["病人姓名", "登记人姓名", "手机", "手机2"], {})
    assert [one.field if one.is_sure else None for one in found] == ["name", None, "phones", "phones"]


def workbook(path: Path, **options: bool) -> xlsxwriter.Workbook:
    return xlsxwriter.Workbook(str(path), {"constant_memory": False, **options})


def test_a_workbook_with_everything_people_do_to_one(tmp_path: Path) -> None:
    path = tmp_path / "his.xlsx"
    with workbook(path) as book:
        book.add_worksheet("说明").hide()
        sheet = book.add_worksheet("名单")
        sheet.activate()
        sheet.merge_range("B2:F2", "示例县人民医院患者名单")
        sheet.merge_range("B3:B4", "姓名")
        sheet.merge_range("C3:D3", "联系方式")
        sheet.write_row("C4", ["手机", "固话"])
        sheet.merge_range("E3:E4", "出生日期")
        sheet.merge_range("F3:F4", "住院号")
        sheet.write_row("B5", ["张三丰", 13800138000, "", 20919, "'0012"])
        sheet.merge_range("D6:D7", "0571-87654321")
        sheet.write("B6", "李四")
        sheet.write("B7", "李五")
        sheet.write_formula("C7", '="1390013"&"9000"', None, "13900139000")
        sheet.write_datetime("E7", datetime(1980, 5, 1), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
        sheet.write("A9", " ")
        sheet.set_row(12, 30)
    assert said(path)[:3] == [
        (5, {"name": "张三丰", "phones": "13800138000", "birth_date": "1957-04-09", "inpatient_no": "0012"}),
        (6, {"name": "李四", "phones": "0571-87654321"}),
        (7, {"name": "李五", "phones": "13900139000;0571-87654321", "birth_date": "1980-05-01"}),
    ]


def test_days_that_count_from_1904_are_the_same_days(tmp_path: Path) -> None:
    path = tmp_path / "mac.xlsx"
    with workbook(path, date_1904=True) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, TITLES)
        sheet.write_row(1, 0, ["张三丰", "13800138000", 20919 - 1462])
        sheet.write_row(2, 0, ["李四", "13800138001"])
        sheet.write_datetime(2, 2, datetime(1957, 4, 9), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
    assert [row["birth_date"] for _number, row in said(path)] == ["1957-04-09", "1957-04-09"]


def test_a_list_goes_on_on_the_next_sheet_and_empty_rows_end_nothing(tmp_path: Path) -> None:
    path = tmp_path / "long.xlsx"
    with workbook(path) as book:
        for number in (1, 2):
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, TITLES)
            sheet.write_row(1, 0, [f"第{number}", "1", ""])
            sheet.write_row(5, 0, [f"末{number}", "1", ""])
        book.add_worksheet().write_row(0, 0, ["科室", "人数"])
    assert [row["name"] for _number, row in said(path)] == ["第1", "末1", "第2", "末2"]


def test_a_workbook_of_excel_97_is_read(tmp_path: Path) -> None:
    (tmp_path / "old.xls").write_bytes(xls([TITLES, ["张三丰", 13800138000.0, 20919.0], ["李四", "1.38E+10", ""]]))
    shown = tables.preview(tables.open_table(tmp_path / "old.xls"))
    assert shown.rows[0] == (2, {"name": "张三丰", "phones": "13800138000", "birth_date": "1957-04-09"})
    assert shown.rows[1] == (3, {"name": "李四"})
    assert [(one.row, one.field) for one in shown.problems] == [(3, "phones")]
    assert "1.38" not in shown.problems[0].reason


def test_a_file_is_what_it_is_and_not_what_it_is_called(tmp_path: Path) -> None:
    path = text_file(tmp_path / "list.xls", [TITLES, ZHANG], "gbk", "\t")
    assert said(path)[0][1]["name"] == "张三丰"
    with workbook(tmp_path / "x.xlsx") as book:
        book.add_worksheet().write_row(0, 0, TITLES)
        book.worksheets()[0].write_row(1, 0, ZHANG)
    (tmp_path / "x.xls").write_bytes((tmp_path / "x.xlsx").read_bytes())
    assert said(tmp_path / "x.xls")[0][1]["name"] == "张三丰"
    (tmp_path / "web.xls").write_bytes("<html><table><tr><td>姓名".encode())
    assert "web page" in reason(tmp_path / "web.xls")
    (tmp_path / "x.pdf").write_bytes(b"%PDF")
    assert "must end in" in reason(tmp_path / "x.pdf")


def test_a_workbook_with_a_password_says_so(tmp_path: Path) -> None:
    (tmp_path / "p.xlsx").write_bytes(ole("EncryptedPackage", b"\x01" * 5000))
    assert "password" in reason(tmp_path / "p.xlsx")


def test_a_broken_file_is_refused_in_words(tmp_path: Path) -> None:
    with workbook(tmp_path / "x.xlsx") as book:
        book.add_worksheet().write_row(0, 0, TITLES)
    whole = (tmp_path / "x.xlsx").read_bytes()
    for cut in (10, len(whole) // 2, len(whole) - 10):
        (tmp_path / "cut.xlsx").write_bytes(whole[:cut])
        assert "cannot" in reason(tmp_path / "cut.xlsx") or "can be read" in reason(tmp_path / "cut.xlsx")
    (tmp_path / "empty.csv").write_bytes(b"")
    assert "titles" in reason(tmp_path / "empty.csv")
    (tmp_path / "nothing.csv").write_bytes("甲,乙\n1,2\n".encode())
    assert "titles" in reason(tmp_path / "nothing.csv")


def packed(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return path


def test_a_file_that_unpacks_to_gigabytes_or_lies_about_it_is_not_unpacked(tmp_path: Path) -> None:
    bomb = packed(tmp_path / "bomb.xlsx", {"xl/worksheets/sheet1.xml": b" " * 50_000_000})
    assert "too large" in reason(bomb)
    honest = packed(tmp_path / "lie.xlsx", {"xl/worksheets/sheet1.xml": b"<row/>" * 1000})
    raw = honest.read_bytes()
    size = (6000).to_bytes(4, "little")
    assert raw.count(size) == 2
    honest.write_bytes(raw.replace(size, (60).to_bytes(4, "little")))
    assert "can be read" in reason(honest)


@pytest.mark.parametrize("place", ['r="XFD1048576"', "r='XFD1048576'", 'r = "XFD1048576"', 'r="ZZ1048576"'])
def test_one_cell_far_out_does_not_take_the_memory_of_all_before_it(tmp_path: Path, place: str) -> None:
    sheet = f'<sheetData><row><c r="A1"/></row><row><c {place}><v>1</v></c></row></sheetData>'.encode()
    assert "too large" in reason(packed(tmp_path / "far.xlsx", {"xl/worksheets/sheet1.xml": sheet}))


def test_a_wide_sheet_that_is_short_is_read(tmp_path: Path) -> None:
    with workbook(tmp_path / "wide.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [*TITLES, *[f"化验{n}" for n in range(200)]])
        sheet.write_row(1, 0, [*ZHANG, *range(200)])
    assert said(tmp_path / "wide.xlsx")[0][1]["name"] == "张三丰"


def test_columns_are_counted_as_spreadsheets_do() -> None:
    assert [workbooks.column_number(one) for one in (b"A", b"Z", b"AA", b"AD", b"XFD")] == [1, 26, 27, 30, 16384]


def test_a_preview_shows_the_first_fifty_and_what_is_wrong_in_them(tmp_path: Path) -> None:
    lines = [[f"病人{n}", "13800138000", "1957-13-01" if n == 7 else ""] for n in range(80)]
    shown = tables.preview(tables.open_table(text_file(tmp_path / "p.csv", [TITLES, *lines])))
    assert (len(shown.rows), shown.rows[0][0], shown.rows[-1][0]) == (50, 2, 51)
    assert [(one.row, one.field, one.reason) for one in shown.problems] == [(9, "birth_date", "not a date")]
