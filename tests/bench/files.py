"""Files of a whole register, read: rows a second and memory, beside the bare libraries. Each round is a process."""

import asyncio
import csv
import json
import os
import resource
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import xlsxwriter
from python_calamine import CalamineWorkbook

from crm_core.patients.exchange import tables
from server.config import CHECKOUT
from tests.bench.hospital import Hospital
from tests.bench.stats import Figure, summary

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
WORKBOOK_ROWS = ROWS // 5  # which take five times as long to write
ROUNDS = 3
TITLES = (
    "姓名",
    "性别",
    "出生日期",
    "手机",
    "一卡通号",
    "门诊号",
    "住院号",
    "地区",
    "来源",
    "科室",
    "疾病",
    "会员等级",
    "语言",
)
Say = Callable[[str], None]


def row(number: int) -> tuple[str, ...]:
    """Somebody as a HIS writes them."""
    numbers = (str(13800000000 + number), f"K{number}", f"M{number}", "")
    return (f"病人{number}", "男", "1980年5月1日", *numbers, "西湖区", "门诊", "内科", "高血压;糖尿病", "", "中文")


def write_csv(path: Path) -> None:
    """In the encoding of most."""
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TITLES)
        writer.writerows(map(row, range(ROWS)))


def write_workbook(path: Path) -> None:
    """As our own exports are."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate((TITLES, *map(row, range(WORKBOOK_ROWS)))):
            sheet.write_row(number, 0, cells)


def ours(path: Path) -> int:
    """Every cell as its field wants it."""
    table = tables.open_table(path)
    return sum(
        1 for _n, cells in table.rows if [tables.ready(*pair) for pair in zip(table.fields, cells, strict=False)]
    )


def bare_csv(path: Path) -> int:
    """Cells as they are, told the encoding and the delimiter."""
    with path.open(encoding="gb18030", newline="") as file:
        return sum(1 for _row in csv.reader(file)) - 1


def bare_workbook(path: Path) -> int:
    """Cells as they are."""
    return sum(1 for _row in CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows()) - 1


READERS: Mapping[str, Callable[[Path], int]] = {"ours": ours, "csv": bare_csv, "calamine": bare_workbook}


async def measure(_hospital: Hospital, say: Say) -> list[Figure]:
    """A csv and a workbook."""
    with TemporaryDirectory(prefix="hcrm-bench-") as folder:
        text, book = Path(folder) / "register.csv", Path(folder) / "register.xlsx"
        say(f"files: writing {ROWS:,} rows of csv, {WORKBOOK_ROWS:,} of a workbook")
        await asyncio.gather(asyncio.to_thread(write_csv, text), asyncio.to_thread(write_workbook, book))
        return [await _figure(text, "csv", ROWS), await _figure(book, "calamine", WORKBOOK_ROWS)]


async def _figure(path: Path, bare: str, rows: int) -> Figure:
    rounds = [(await _read("ours", path, rows), await _read(bare, path, rows)) for _ in range(ROUNDS)]
    return Figure(
        group="files",
        name=f"read {rows:,} rows of {path.suffix}",
        unit="rows/s",
        ours=summary([rows / mine["s"] for mine, _bare in rounds]),
        baselines={bare: summary([rows / other["s"] for _mine, other in rounds])},
        is_more_better=True,
        note=f"memory: ours {_most(mine for mine, _ in rounds)}, bare {_most(other for _, other in rounds)}",
    )


def _most(rounds: Iterable[Mapping[str, float]]) -> str:
    return f"{max(one['mb'] for one in rounds):.0f} MB"


async def _read(reader: str, path: Path, rows: int) -> dict[str, float]:
    words = (sys.executable, "-m", "tests.bench.files", reader, str(path))
    done = await asyncio.create_subprocess_exec(*words, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE)
    said, _nothing = await done.communicate()
    found: dict[str, float] = json.loads(said)
    if found["rows"] != rows:
        raise RuntimeError(f"{reader} read {found['rows']} rows of {rows}")
    return found


def main(reader: str, path: str) -> None:
    """One round."""
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, perf_counter()
    rows = READERS[reader](Path(path))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(json.dumps({"rows": rows, "s": perf_counter() - began, "mb": (after - before) / 1024}))


if __name__ == "__main__":
    main(*sys.argv[1:])
