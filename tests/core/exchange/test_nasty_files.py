"""Files made to hurt: each is read right, or refused in words, in about the time that merely unpacking it takes."""

from __future__ import annotations

import contextlib
import io
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

import openpyxl
import pytest

from app.core.exchange.reader import UnreadableFile, open_table
from tests.core.exchange.test_xlsx import sheet_xml, text_row

MIB = 1024 * 1024
SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
RELATIONS = (
    '<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>'
    '<Relationship Id="r2" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
)
BOOK = '<workbook xmlns:r="r"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'


def workbook(sheet: str, texts: str = "") -> bytes:
    """The least workbook with a sheet, and shared texts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr("xl/workbook.xml", BOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", RELATIONS)
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr("xl/sharedStrings.xml", texts or "<sst/>")
    return out.getvalue()


def saved(change: Callable[[openpyxl.Workbook], None]) -> bytes:
    """A workbook of openpyxl's: two columns, three rows, and what ``change`` does to it."""
    book = openpyxl.Workbook()
    for row in (["code", "name"], ["1", "远洋"], ["2", "Acme"]):
        book.active.append(row)
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def hide(book: openpyxl.Workbook) -> None:
    book.active.row_dimensions[2].hidden = True
    book.active.column_dimensions["B"].hidden = True


def million_texts() -> bytes:
    texts = "".join(f"<si><t>{number}</t></si>" for number in range(1_000_000))
    row = '<row><c t="s"><v>0</v></c></row><row><c t="s"><v>999999</v></c></row>'
    return workbook(sheet_xml(text_row(1, "code") + row), f"<sst>{texts}</sst>")


def million_empty_rows() -> bytes:
    rows = "".join(f'<row r="{number}"/>' for number in range(2, 1_000_001))
    return workbook(sheet_xml(text_row(1, "code") + rows + '<row r="1000001"><c><v>7</v></c></row>'))


ROWS = [(2, ["1", "远洋"]), (3, ["2", "Acme"])]
LYING = sheet_xml(text_row(1, "code") + text_row(2, "1")).replace(
    "<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>', 1
)
LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)
MIXED = "code,name\r1,远洋\n2,Acme\r\n3,x"

FILES: dict[str, tuple[Callable[[], bytes], str, object]] = {
    "hidden rows and columns": (lambda: saved(hide), "a.xlsx", ROWS),
    "a lying dimension": (lambda: workbook(LYING), "a.xlsx", [(2, ["1"])]),
    "a million shared texts": (million_texts, "a.xlsx", [(2, ["0"]), (3, ["999999"])]),
    "a million empty rows": (million_empty_rows, "a.xlsx", [(1_000_001, [7])]),
    "billion laughs in the sheet": (lambda: workbook(LAUGHS + sheet_xml(text_row(1, "&j;"))), "a.xlsx", "damaged"),
    "billion laughs in the texts": (lambda: workbook(sheet_xml(""), LAUGHS + "<sst>&j;</sst>"), "a.xlsx", "damaged"),
    "a bomb": (lambda: workbook(sheet_xml("<row/>" * 9_000_000)), "a.xlsx", "zip_bomb"),
    "a workbook called .csv": (lambda: saved(lambda _book: None), "a.csv", ROWS),
    "a text called .xlsx": (lambda: "code;name\n1;远洋\n2;Acme\n".encode(), "a.xlsx", ROWS),
    "an old .xls called .xlsx": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000), "a.xlsx", "old_xls"),
    "an encrypted workbook": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        "a.xlsx",
        "encrypted",
    ),
    "mixed line ends": (lambda: MIXED.encode(), "a.csv", [*ROWS, (4, ["3", "x"])]),
    "mixed line ends, UTF-16": (lambda: MIXED.encode("utf-16"), "a.csv", [*ROWS, (4, ["3", "x"])]),
    "mixed line ends, GBK": (lambda: MIXED.encode("gbk"), "a.csv", [*ROWS, (4, ["3", "x"])]),
    "a mark in the middle": (
        lambda: "code,name\n1,\ufeff远洋\n".encode("utf-8-sig"),
        "a.csv",
        [(2, ["1", "\ufeff远洋"])],
    ),
    "zero bytes late": (lambda: b"code,name\n" + b"1,x\n" * 500_000 + b"2,\0\n", "a.csv", "nul_bytes"),
    "one line of 40 MB": (lambda: b"code\n" + b"x" * 40 * MIB, "a.csv", "damaged"),
    "one line of 100 MB": (lambda: b"code\n" + b"x" * 100 * MIB, "a.csv", "too_large"),
    "one quotation mark in 20 MB": (lambda: b'code\n"' + b"x\n" * 10 * MIB, "a.csv", "open_quote"),
}


def unpacked(content: bytes) -> float:
    """Seconds to unpack and parse the file, or to read it, and do nothing else: what no reader can beat."""
    begun = time.perf_counter()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > 30 * MIB:
                return 0.0  # is not to be unpacked at all
            for entry in archive.infolist():
                parser = expat.ParserCreate()
                parser.StartElementHandler = parser.EndElementHandler = lambda *_told: None
                with contextlib.suppress(expat.ExpatError):
                    parser.Parse(archive.read(entry), True)
    else:
        content.decode("latin-1").splitlines()
    return time.perf_counter() - begun


@pytest.mark.parametrize("name", FILES)
def test_it_is_read_or_refused_at_once(name: str, tmp_path: Path) -> None:
    make, filename, expected = FILES[name]
    path = tmp_path / filename
    path.write_bytes(make())
    raw = unpacked(path.read_bytes())
    begun = time.perf_counter()
    found: object
    try:
        found = list(open_table(path, filename))
    except UnreadableFile as refusal:
        found = refusal.reason
        assert refusal.message
    took = time.perf_counter() - begun
    assert found == expected
    # A second, and generously what merely unpacking it takes on a machine that does other things too.
    assert took < 1 + 8 * raw, f"{took:.2f} s; unpacking alone {raw:.2f} s"


def test_a_long_line_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"code\n" + b"x" * 40 * MIB)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFile):
            list(open_table(path, path.name))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 * MIB, f"{peak / MIB:.0f} MiB"
