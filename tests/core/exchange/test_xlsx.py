"""Reading workbooks: what their cells mean, and what is refused before it can do harm."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import Font

from app.core.exchange import xlsx
from app.core.exchange.cells import CellError
from app.core.exchange.reader import UnreadableFile, open_table

MIB = 1024 * 1024
SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def read(path: Path) -> tuple[list[str], list[tuple[int, list]]]:
    table = open_table(path, path.name)
    return table.headers, list(table)


def reason(path: Path) -> str:
    with pytest.raises(UnreadableFile) as refusal:
        list(open_table(path, path.name))
    assert refusal.value.message
    assert "%(" not in refusal.value.message
    return refusal.value.reason


@pytest.fixture
def save(tmp_path):
    def save(book: openpyxl.Workbook) -> Path:
        path = tmp_path / "customers.xlsx"
        book.save(path)
        return path

    return save


@pytest.fixture
def pack(tmp_path):
    """A workbook put together by hand: what no library would write."""

    def pack(sheet: str, *, parts: dict[str, str | bytes] | None = None, compression=zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / "packed.xlsx"
        relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        contents: dict[str, str | bytes] = {
            "xl/workbook.xml": f'<workbook xmlns="{SPREADSHEET}" xmlns:r="{relations}">'
            '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": "<Relationships>"
            f'<Relationship Id="rId1" Type="{relations}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
            f'<Relationship Id="rId2" Type="{relations}/styles" Target="styles.xml"/></Relationships>',
            "xl/styles.xml": f'<styleSheet xmlns="{SPREADSHEET}"/>',
            "xl/worksheets/sheet1.xml": sheet,
        }
        contents.update(parts or {})
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
        return path

    return pack


def sheet_xml(rows: str) -> str:
    return f'<worksheet xmlns="{SPREADSHEET}"><sheetData>{rows}</sheetData></worksheet>'


def text_row(number: int, *texts: str) -> str:
    cells = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return f'<row r="{number}">{cells}</row>'


class TestWorkbook:
    def test_reads_values_as_they_are_typed(self, save):
        book = openpyxl.Workbook()
        book.active.append(["code", "price", "whole", "count", "on", "day", "moment", "sum", "none", "last"])
        book.active.append(
            [
                "00123",
                0.1,
                3.0,
                7,
                True,
                date(2026, 2, 3),
                datetime(2026, 2, 3, 8, 30),
                0.1 + 0.2,
                None,
                "  x ",
            ]
        )
        path = save(book)
        expected = ["00123", Decimal("0.1"), 3, 7, True, date(2026, 2, 3), datetime(2026, 2, 3, 8, 30)]
        values = read(path)[1][0][1]
        assert values == [*expected, Decimal("0.3"), None, "x"]
        assert [type(value) for value in values[:7]] == [type(value) for value in expected]
        assert type(values[2]) is int

    def test_reads_numbers_at_the_ends_of_their_range(self, pack):
        numbers = ["1E-7", "-2.50", "123456789012345678", "1e22", "0.10000000000000001", "1e999", "-0"]
        cells = "".join(f"<c><v>{number}</v></c>" for number in numbers)
        values = read(pack(sheet_xml(text_row(1, *"abcdefg") + f"<row>{cells}</row>")))[1][0][1]
        assert values == [
            Decimal("1E-7"),
            Decimal("-2.5"),
            123456789012345678,
            10**22,
            Decimal("0.1"),
            CellError("#NUM!"),
            0,
        ]
        assert isinstance(values[5], CellError)

    @pytest.mark.parametrize(
        ("code", "serial", "expected"),
        [
            ("yyyy-mm-dd", 46056, date(2026, 2, 3)),
            ('yyyy"年"m"月"d"日"', 46056, date(2026, 2, 3)),
            ("[$-804]aaaa;@", 46056, date(2026, 2, 3)),
            ("[Red]dd/mm/yy", 46056.5, datetime(2026, 2, 3, 12)),
            ("yyyy-mm-dd hh:mm:ss", 46056.1234567, datetime(2026, 2, 3, 2, 57, 46, 659000)),
            ("yyyy-mm-dd", 1, date(1900, 1, 1)),
            ("yyyy-mm-dd", 59, date(1900, 2, 28)),
            ("yyyy-mm-dd", 61, date(1900, 3, 1)),
            ("yyyy-mm-dd", 46055.9999999999, date(2026, 2, 3)),
            ("yyyy-mm-dd", -1, -1),
            ("yyyy-mm-dd", 2_958_465, date(9999, 12, 31)),
            ("yyyy-mm-dd", 2_958_466, 2_958_466),
            ("yyyy-mm-dd", 2_958_465.999999999, Decimal("2958466")),
            ("h:mm", 0.354166666666667, "08:30:00"),
            ("[h]:mm", 1.5, "36:00:00"),
            ("0.00E+00", 46056, 46056),
            ('#,##0.00" d"', 46056, 46056),
            ("[$¥-804]#,##0.00_);(#,##0.00)", 46056, 46056),
            ("0.00\\h", 46056, 46056),
            ("General", 46056, 46056),
        ],
    )
    def test_tells_dates_from_numbers_by_their_format(self, save, code, serial, expected):
        book = openpyxl.Workbook()
        book.active.append(["when"])
        book.active.append([serial])
        book.active["A2"].number_format = code
        assert read(save(book))[1] == [(2, [expected])]

    @pytest.mark.parametrize("number", [14, 22, 31, 57])
    def test_knows_the_dates_of_a_chinese_excel_by_number(self, pack, number):
        styles = f'<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="{number}"/></cellXfs></styleSheet>'
        path = pack(
            sheet_xml(text_row(1, "when") + '<row><c s="1"><v>46056</v></c></row>'),
            parts={"xl/styles.xml": styles},
        )
        assert read(path)[1] == [(2, [date(2026, 2, 3)])]

    def test_counts_days_as_a_macintosh_did(self, save):
        book = openpyxl.Workbook()
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
        book.active.append(["when"])
        book.active.append([date(2026, 2, 3)])
        assert read(save(book))[1] == [(2, [date(2026, 2, 3)])]

    def test_reads_the_first_visible_sheet(self, save):
        book = openpyxl.Workbook()
        book.active.append(["hidden"])
        book.active.sheet_state = "veryHidden"
        chart = book.create_chartsheet("Chart")
        chart.sheet_state = "visible"
        book.create_sheet("Hidden").sheet_state = "hidden"
        book.create_sheet("Shown").append(["shown"])
        book.create_sheet("Next").append(["next"])
        assert read(save(book)) == (["shown"], [])

    def test_reads_formulas_by_their_value(self, pack):
        row = (
            '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="str"><f>"a"&amp;"b"</f><v>ab</v></c>'
            '<c r="C2"><f>1+2</f></c><c r="D2" t="e"><f>NA()</f><v>#N/A</v></c>'
            '<c r="E2" t="str"><f>""</f><v></v></c><c r="F2"><f>1</f><v/></c></row>'
        )
        values = read(pack(sheet_xml(text_row(1, *"abcdef") + row)))[1][0][1]
        # Without a result it is an error; an empty text is a result.
        assert values == [2, "ab", "#FORMULA!", "#N/A", None, "#FORMULA!"]
        assert all(isinstance(values[at], CellError) for at in (2, 3, 5))

    def test_reads_merged_cells_at_their_top_left(self, save):
        book = openpyxl.Workbook()
        for row in (["a", "b"], ["m", None], [None, None], ["x", "y"]):
            book.active.append(row)
        book.active.merge_cells("A2:B3")
        assert read(save(book))[1] == [(2, ["m", None]), (4, ["x", "y"])]

    def test_reads_rich_texts_without_their_readings(self, pack):
        row = (
            '<row r="2"><c t="inlineStr"><is><r><t>远</t></r><r><t xml:space="preserve">洋 A</t></r>'
            "<rPh><t>yuan</t></rPh></is></c>"
            '<c t="inlineStr"><is><t>a_x000D_b_x005F_x000D_</t></is></c></row>'
        )
        assert read(pack(sheet_xml(text_row(1, "a", "b") + row)))[1] == [(2, ["远洋 A", "a\rb_x000D_"])]

    def test_reads_shared_texts(self, save):
        book = openpyxl.Workbook()
        for row in (["a", "b"], ["远洋", "远洋"], ["😀", "x"]):
            book.active.append(row)
        assert read(save(book))[1] == [(2, ["远洋", "远洋"]), (3, ["😀", "x"])]

    def test_reads_tags_with_a_prefix(self, pack):
        path = pack(
            f'<x:worksheet xmlns:x="{SPREADSHEET}"><x:sheetData><x:row r="1"><x:c t="inlineStr"><x:is>'
            '<x:t>a</x:t></x:is></x:c></x:row><x:row r="2"><x:c><x:v>5</x:v></x:c></x:row>'
            "</x:sheetData></x:worksheet>"
        )
        assert read(path) == (["a"], [(2, [5])])

    def test_turns_headers_into_texts(self, save):
        book = openpyxl.Workbook()
        book.active.append(["客户\n名称", 2026, date(2026, 1, 1), None, "客户 名称"])
        assert read(save(book))[0] == ["客户 名称", "2026", "2026-01-01", "", "客户 名称 (2)"]

    def test_skips_a_million_rows_that_are_not_there(self, save):
        book = openpyxl.Workbook()
        book.active["A3"] = "code"
        book.active["A4"] = "C1"
        for row in range(5, 2000):
            book.active.cell(row, 1).font = Font(bold=True)
        book.active["C1048576"] = "end"
        assert read(save(book)) == (["code"], [(4, ["C1"]), (1_048_576, [None, None, "end"])])

    def test_refuses_a_workbook_without_cells(self, save):
        assert reason(save(openpyxl.Workbook())) == "empty"

    def test_refuses_numbers_as_headers(self, save):
        book = openpyxl.Workbook()
        book.active.append([1, 2.5])
        assert reason(save(book)) == "no_header"

    def test_refuses_too_many_columns_but_not_far_off_formatting(self, save):
        book = openpyxl.Workbook()
        book.active["A1"] = "a"
        book.active["XFD1"].font = Font(bold=True)
        assert read(save(book))[0] == ["a"]
        book.active["XFD2"] = "far off"
        assert reason(save(book)) == "too_many_columns"

    def test_refuses_other_zips(self, tmp_path):
        path = tmp_path / "a.xlsx"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("word/document.xml", "<document/>")
        assert reason(path) == "unknown_type"

    @pytest.mark.parametrize(
        "sheet",
        [
            sheet_xml(text_row(1, "a"))[:-20],
            sheet_xml('<row><c t="s"><v>5</v></c></row>'),
            sheet_xml("<row><c><v>five</v></c></row>"),
            sheet_xml('<row><c r="5"><v>5</v></c></row>'),
            '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + sheet_xml(text_row(1, "&b;")),
            f"<worksheet><!--{'x' * 6 * MIB}--></worksheet>",
            sheet_xml(text_row(1, "x" * 2 * MIB)),
        ],
        ids=["cut off", "no such text", "no number", "no column", "entities", "endless tag", "endless text"],
    )
    def test_refuses_damage_and_tricks(self, pack, sheet):
        assert reason(pack(sheet, compression=zipfile.ZIP_STORED)) == "damaged"

    def test_refuses_a_lie_about_the_unpacked_size(self, pack):
        sheet = sheet_xml(text_row(1, "a") + text_row(2, "x") * 10_000)
        path = pack(sheet)
        content = path.read_bytes()
        true_size = len(sheet).to_bytes(4, "little")
        assert content.count(true_size) == 2
        path.write_bytes(content.replace(true_size, (2000).to_bytes(4, "little")))
        assert reason(path) == "damaged"

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_refuses_other_packings(self, pack, method):
        assert reason(pack(sheet_xml(text_row(1, "a")), compression=method)) == "damaged"

    def test_refuses_an_encrypted_zip(self, pack):
        path = pack(sheet_xml(text_row(1, "a")))
        content = bytearray(path.read_bytes())
        content[content.index(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(content)
        assert reason(path) == "encrypted"


class TestZipBomb:
    def test_refuses_an_entry_packed_too_tightly(self, pack, monkeypatch):
        path = pack(sheet_xml(text_row(1, "a")), parts={"xl/media/image1.png": bytes(11 * MIB)})
        monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
        assert reason(path) == "zip_bomb"

    def test_refuses_too_much_altogether(self, pack, monkeypatch):
        monkeypatch.setattr(xlsx, "MAX_UNPACKED", MIB)
        path = pack(sheet_xml(text_row(1, "a")), parts={f"xl/{n}": bytes(MIB // 4) for n in range(4)})
        monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
        assert reason(path) == "zip_bomb"

    def test_refuses_too_many_entries(self, pack, monkeypatch):
        monkeypatch.setattr(xlsx, "MAX_ENTRIES", 50)
        assert reason(pack(sheet_xml(""), parts={f"xl/{n}": "" for n in range(50)})) == "zip_bomb"

    def test_lets_a_repetitive_sheet_pass(self, pack):
        rows = "".join(text_row(number, "yes", "no") for number in range(1, 100_001))
        assert len(read(pack(sheet_xml(rows)))[1]) == 99_999
