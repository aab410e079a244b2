"""What is exported opens well in a spreadsheet, runs nothing there, and reads back equal."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from app.core.exchange import writer
from app.core.exchange.cells import CUT, CUT_MARK, CellError
from app.core.exchange.guard import guard_text, unguard_text
from app.core.exchange.reader import open_table
from app.core.exchange.writer import ExportColumn, write_csv, write_errors, write_xlsx

NAME = ExportColumn("name", "客户名称", "text")
CODE = ExportColumn("code", "Code", "code")
PRICE = ExportColumn("price", "Price", "number", scale=2)
COUNT = ExportColumn("count", "Count", "number", scale=0)
PLAIN = ExportColumn("plain", "Plain", "number")
DAY = ExportColumn("day", "Day", "date")
MOMENT = ExportColumn("moment", "Moment", "datetime")
ACTIVE = ExportColumn("active", "Active", "bool")

NASTY = [
    "=1+1",
    "+86 138 0013 8000",
    "-",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "'",
    "'quoted'",
    "'=1",
    "''=1",
    "it's",
    "00123",
    "1e5",
    "1.50",
    "-5",
    "TRUE",
    "2026-01-01",
    "#hash",
    'say "hi"',
    "two\nlines",
    "two\r\nlines",
    "a\rb",
    "a,b;c\td|e",
    "远洋贸易（上海）有限公司",
    "😀👩‍👩‍👧",
    "𠮷野家",
    "<b>&amp;</b>",
    "<r>raw</r>",
    "_x000D_",
    "x_x0041_y",
    "\x07bell",
    "http://example.com/?a=b",
    "mailto:a@example.com",
    "{=1}",
    "sep=;",
    "\ufeffmark",
    "\ufffe",
    "x" * 32_767,
    "😀" * 16_383,
]


def rows_of(path: Path) -> list[list]:
    return [values for _, values in open_table(path, path.name)]


def sheet_of(path: Path):
    return openpyxl.load_workbook(path).worksheets[0]


@pytest.fixture(params=["csv", "xlsx"])
def export(request, tmp_path):
    """Writes an export of either kind."""

    def export(columns, rows) -> Path:
        path = tmp_path / f"export.{request.param}"
        (write_csv if request.param == "csv" else write_xlsx)(path, columns, rows)
        return path

    return export


class TestGuard:
    @pytest.mark.parametrize("start", list("=+-@\t\r\n"))
    def test_guards_what_a_spreadsheet_runs(self, start):
        assert guard_text(f"{start}1") == f"'{start}1"

    @pytest.mark.parametrize("text", ["", "a=b", "'quoted'", "00123", "客户", " =1"])
    def test_leaves_the_rest(self, text):
        assert guard_text(text) == text
        assert unguard_text(text) == text

    @given(st.text(alphabet="'=+-@\t\r\na", max_size=6))
    def test_comes_off_again(self, text):
        assert unguard_text(guard_text(text)) == text


class TestRoundTrip:
    @pytest.mark.parametrize("text", NASTY, ids=lambda text: ascii(text[:12]))
    def test_every_text_reads_back_equal(self, export, text):
        path = export([NAME, CODE, NAME], [["x", text, text], [text, None, "x"]])
        assert rows_of(path) == [["x", text.strip(), text.strip()], [text.strip(), None, "x"]]

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), max_size=5))
    def test_any_text_reads_back_equal(self, tmp_path_factory, texts):
        folder = tmp_path_factory.mktemp("any")
        for name, write in (("a.csv", write_csv), ("a.xlsx", write_xlsx)):
            write(folder / name, [CODE, NAME], [["x", text] for text in texts])
            assert rows_of(folder / name) == [["x", text.strip() or None] for text in texts]

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**14), max_value=10**14, places=6))
    )
    def test_any_number_reads_back_equal(self, tmp_path_factory, numbers):
        path = tmp_path_factory.mktemp("any") / "a.xlsx"
        write_xlsx(path, [CODE, PRICE], [["x", number] for number in numbers])
        assert [Decimal(values[1]) for values in rows_of(path)] == numbers

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.dates(min_value=date(1900, 1, 1))
            | st.datetimes(min_value=datetime(1900, 1, 1)).map(lambda moment: moment.replace(microsecond=0, second=1))
        )
    )
    def test_any_time_reads_back_equal(self, tmp_path_factory, moments):
        path = tmp_path_factory.mktemp("any") / "a.xlsx"
        write_xlsx(path, [CODE, MOMENT], [["x", moment] for moment in moments])
        assert [values[1] for values in rows_of(path)] == moments

    def test_other_readers_agree(self, tmp_path):
        path = tmp_path / "a.xlsx"
        row = ["客户", "00123", Decimal("1.50"), 7, date(2026, 2, 3), datetime(2026, 2, 3, 8, 30), True]
        write_xlsx(path, [NAME, CODE, PRICE, COUNT, DAY, MOMENT, ACTIVE], [row])
        ours = rows_of(path)[0]
        assert ours == row
        theirs = [cell.value for cell in list(sheet_of(path).rows)[1]]
        assert theirs == ["客户", "00123", 1.5, 7, datetime(2026, 2, 3), datetime(2026, 2, 3, 8, 30), True]
        assert CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1] == [
            "客户",
            "00123",
            1.5,
            7.0,
            date(2026, 2, 3),
            datetime(2026, 2, 3, 8, 30),
            True,
        ]

    def test_drops_only_what_no_file_can_hold(self, export):
        assert rows_of(export([NAME], [["a\0b\ud800"]])) == [["ab"]]


class TestCsv:
    def test_writes_what_excel_opens_well(self, tmp_path):
        path = tmp_path / "a.csv"
        write_csv(
            path,
            [NAME, CODE, PRICE, COUNT, PLAIN, DAY, MOMENT, ACTIVE],
            [
                [
                    "=1",
                    "007",
                    Decimal("-1.5"),
                    3,
                    Decimal("1E+3"),
                    date(2026, 2, 3),
                    datetime(2026, 2, 3, 8, 30),
                    True,
                ],
                [None, "", 5, Decimal("2.50"), -7, None, None, False],
            ],
            bool_labels=("是", "否"),
        )
        assert path.read_bytes().decode("utf-8") == (
            '\ufeff"客户名称","Code","Price","Count","Plain","Day","Moment","Active"\r\n'
            "'=1,007,-1.50,3,1000,2026-02-03,2026-02-03 08:30:00,是\r\n"
            ",,5.00,2.5,-7,,,否\r\n"
        )

    def test_never_rounds(self, tmp_path):
        path = tmp_path / "a.csv"
        write_csv(path, [PRICE], [[Decimal("1.23456")], [Decimal("1.100")], [Decimal("0E-6")]])
        assert rows_of(path) == [["1.23456"], ["1.10"], ["0.00"]]

    def test_a_label_with_delimiters_does_not_mislead(self, tmp_path):
        path = tmp_path / "a.csv"
        write_csv(path, [ExportColumn("a", "a;b;c|d", "text"), CODE], [["1", "2"]])
        assert open_table(path, "a.csv").headers == ["a;b;c|d", "Code"]


class TestXlsx:
    def test_looks_like_a_table(self, tmp_path):
        path = tmp_path / "a.xlsx"
        write_xlsx(
            path,
            [NAME, PRICE, COUNT, DAY, MOMENT],
            [["x", Decimal(1), 2, date(2026, 1, 1), datetime(2026, 1, 1, 8)]],
        )
        sheet = sheet_of(path)
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == "A1:E2"
        assert sheet["A1"].font.bold
        assert [cell.number_format for cell in sheet[2]] == [
            "General",
            "0.00",
            "0",
            "yyyy-mm-dd",
            "yyyy-mm-dd hh:mm",
        ]

    def test_writes_no_formula_and_no_link(self, tmp_path):
        path = tmp_path / "a.xlsx"
        write_xlsx(path, [NAME], [[text] for text in NASTY])
        kinds = {cell.data_type for (cell,) in sheet_of(path).rows}
        assert kinds <= {"s", "inlineStr"}
        assert not [name for name in zipfile.ZipFile(path).namelist() if "_rels/sheet" in name]

    def test_writes_numbers_as_numbers_and_long_ones_as_text(self, tmp_path):
        path = tmp_path / "a.xlsx"
        numbers = [
            Decimal("-12.5"),
            Decimal("123456789.123456"),
            Decimal("1234567890.123456"),
            10**15 - 1,
            10**15 + 1,
        ]
        write_xlsx(path, [PLAIN], [[number] for number in numbers])
        assert [cell.value for (cell,) in list(sheet_of(path).rows)[1:]] == [
            -12.5,
            123456789.123456,
            "1234567890.123456",
            10**15 - 1,
            "1000000000000001",
        ]

    def test_writes_a_code_as_text(self, tmp_path):
        path = tmp_path / "a.xlsx"
        write_xlsx(path, [CODE], [[310000]])
        assert sheet_of(path)["A2"].value == "310000"

    def test_writes_a_date_before_excels_time_as_text(self, tmp_path):
        path = tmp_path / "a.xlsx"
        write_xlsx(path, [DAY], [[date(1899, 12, 31)], [datetime(1850, 1, 1, 8)]])
        assert rows_of(path) == [["1899-12-31"], ["1850-01-01 08:00:00"]]

    @pytest.mark.parametrize("text", ["x" * 32_768, "😀" * 16_384])
    def test_a_cut_text_says_so_and_is_not_taken_for_the_whole(self, tmp_path, text):
        path = tmp_path / "a.xlsx"
        write_xlsx(path, [NAME], [[text]])
        shown = sheet_of(path)["A2"].value
        assert shown.endswith(CUT_MARK)
        assert len(shown.encode("utf-16-le")) <= 2 * 32_767
        assert rows_of(path) == [[CellError(CUT)]]

    def test_goes_on_on_another_sheet(self, tmp_path, monkeypatch):
        monkeypatch.setattr(writer, "MAX_ROWS", 2)
        path = tmp_path / "a.xlsx"
        write_xlsx(path, [COUNT], [[number] for number in range(5)], sheet_name="Customers: all/every one of them")
        book = openpyxl.load_workbook(path)
        assert book.sheetnames == [
            "Customers  all every one of the",
            "Customers  all every one of (2)",
            "Customers  all every one of (3)",
        ]
        assert [[row[0] for row in sheet.values] for sheet in book] == [
            ["Count", 0, 1],
            ["Count", 2, 3],
            ["Count", 4],
        ]
        assert [sheet.auto_filter.ref for sheet in book] == ["A1:A3", "A1:A3", "A1:A2"]

    def test_makes_columns_wide_enough_for_chinese_labels(self, tmp_path):
        path = tmp_path / "a.xlsx"
        wide = ExportColumn("a", "本年累计销售金额合计", "number")
        write_xlsx(path, [wide, COUNT, ExportColumn("b", "b", "text", width=9)], [])
        widths = sheet_of(path).column_dimensions
        assert [round(widths[letter].width) for letter in "ABC"] == [25, 15, 10]

    def test_leaves_nothing_behind_when_the_rows_fail(self, tmp_path):
        def rows():
            yield ["x"]
            raise LookupError("the database went away")

        path = tmp_path / "a.xlsx"
        with pytest.raises(LookupError):
            write_xlsx(path, [NAME], rows())
        assert not path.exists()


class TestErrors:
    @pytest.mark.parametrize("suffix", ["csv", "xlsx"])
    def test_gives_back_the_failed_rows_with_their_reasons(self, tmp_path, suffix):
        path = tmp_path / f"errors.{suffix}"
        failed = [
            (["007", Decimal("-1.50"), date(2026, 2, 3)], "Price is negative."),
            (["=x", CellError("#N/A"), None, "beyond"], "=reason"),
            (["short"], "Price is missing."),
        ]
        write_errors(path, ["Code", "Price", "Day"], failed, "原因")
        table = open_table(path, path.name)
        assert table.headers == ["Code", "Price", "Day", "原因"]
        typed = ["-1.50", "2026-02-03"] if suffix == "csv" else [Decimal("-1.5"), date(2026, 2, 3)]
        assert list(table) == [
            (2, ["007", *typed, "Price is negative."]),
            (3, ["=x", "#N/A", None, "=reason", "beyond"]),
            (4, ["short", None, None, "Price is missing."]),
        ]
