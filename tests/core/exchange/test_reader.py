"""Opening the files that people want to import: every encoding, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from app.core.exchange import reader
from app.core.exchange.cells import MAX_COLUMNS, CellError
from app.core.exchange.reader import UnreadableFile, open_table


def read(path: Path) -> tuple[list[str], list[tuple[int, list]]]:
    table = open_table(path, path.name)
    return table.headers, list(table)


def reason(path: Path, filename: str | None = None, **options) -> str:
    with pytest.raises(UnreadableFile) as refusal:
        list(open_table(path, filename or path.name, **options))
    assert refusal.value.message
    assert "%(" not in refusal.value.message
    return refusal.value.reason


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, encoding: str = "utf-8", name: str = "customers.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


class TestTextTable:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030"])
    def test_reads_every_encoding_by_content(self, write, encoding):
        path = write("客户编码,客户名称\r\nC1,上海远洋贸易\r\nC2,北京联通\r\n", encoding)
        assert read(path) == (
            ["客户编码", "客户名称"],
            [(2, ["C1", "上海远洋贸易"]), (3, ["C2", "北京联通"])],
        )

    @pytest.mark.parametrize("order", ["le", "be"])
    def test_reads_utf_16_in_either_byte_order(self, write, order):
        assert read(write("\ufeffcode\tname\n1\t远洋\n", f"utf-16-{order}"))[1] == [(2, ["1", "远洋"])]

    def test_decides_the_encoding_by_the_whole_file(self, write):
        lines = "code,name\n" + "C1,plain\n" * 200_000 + "C2,远洋\n"
        assert read(write(lines, "gbk"))[1][-1] == (200_002, ["C2", "远洋"])

    def test_reads_rare_characters_of_gb18030(self, write):
        assert read(write("name\n㐂😀\n", "gb18030"))[1] == [(2, ["㐂😀"])]

    def test_refuses_broken_utf_8_instead_of_making_a_mess(self, write):
        assert reason(write(b"name\n" + "远洋贸易".encode() * 20 + b"\xe8\n")) == "unknown_encoding"

    def test_refuses_what_is_in_no_known_encoding(self, write):
        assert reason(write(b"name\nCaf\xe9,\xff\xff\n")) == "unknown_encoding"
        assert reason(write(b"\xef\xbb\xbfname\n\xb9\xab\n")) == "unknown_encoding"

    @pytest.mark.parametrize("delimiter", list(",;\t|"))
    def test_finds_the_delimiter(self, write, delimiter):
        path = write(delimiter.join(["code", '"a, b; c; d; e"', "name"]) + "\n" + delimiter.join("123"))
        assert read(path) == (["code", "a, b; c; d; e", "name"], [(2, ["1", "2", "3"])])

    def test_follows_excels_hint(self, write):
        assert read(write("sep=|\r\na;b|c\r\n1|2\r\n")) == (["a;b", "c"], [(2, ["1", "2"])])

    def test_counts_the_rows_a_person_sees(self, write):
        path = write('\n"code","na\nme"\n1,"two\nlines"\n\n ,\n2,x')
        assert read(path) == (["code", "na me"], [(3, ["1", "two\nlines"]), (6, ["2", "x"])])

    def test_reads_old_macintosh_line_ends(self, write):
        assert read(write("code,name\r1,x\r2,y\r"))[1] == [(2, ["1", "x"]), (3, ["2", "y"])]

    def test_strips_values_and_keeps_their_digits(self, write):
        path = write('a,b,c,d\n 00123 ,"\u3000远洋 ","",1e5\n')
        assert read(path)[1] == [(2, ["00123", "远洋", None, "1e5"])]

    def test_takes_quotes_after_a_space_and_within_a_field(self, write):
        assert read(write('a,b\n1, "x, y"\n2,5" pipe\n'))[1] == [(2, ["1", "x, y"]), (3, ["2", '5" pipe'])]

    def test_takes_off_the_guard_of_an_export(self, write):
        assert read(write("a,b,c\n'=1+1,'plain,''-x\n"))[1] == [(2, ["=1+1", "'plain", "'-x"])]

    def test_reports_errors_that_excel_saved(self, write):
        assert isinstance(read(write("a,b\n1,#N/A\n"))[1][0][1][1], CellError)

    def test_gives_short_rows_every_column_and_long_ones_what_they_hold(self, write):
        assert read(write("a,b,c\n1\n1,2,3,,\n1,2,3,4\n"))[1] == [
            (2, ["1", None, None]),
            (3, ["1", "2", "3"]),
            (4, ["1", "2", "3", "4"]),
        ]

    def test_numbers_repeated_headers(self, write):
        assert read(write("Name,Name,,Name (2),Name\n1,2,3,4,5"))[0] == [
            "Name",
            "Name (2)",
            "",
            "Name (2) (2)",
            "Name (3)",
        ]

    def test_can_be_read_again(self, write):
        table = open_table(write("a\n1\n2\n"), "a.csv")
        next(iter(table))
        assert list(table) == list(table) == [(2, ["1"]), (3, ["2"])]

    def test_names_the_row_of_a_quotation_mark_left_open(self, write):
        path = write('a,b\n1,2\n2,"x\n3,y\n')
        with pytest.raises(UnreadableFile, match="row 3") as refusal:
            list(open_table(path, path.name))
        assert refusal.value.reason == "open_quote"

    def test_takes_a_long_text_and_refuses_an_endless_one(self, write):
        assert read(write(f'a\n"{"x" * 200_000}"\n'))[1] == [(2, ["x" * 200_000])]
        assert reason(write('a\n"' + "x\n" * 600_000)) == "open_quote"
        assert reason(write("a\n" + "x," * 3_000_000)) == "damaged"

    @pytest.mark.parametrize("content", ["", "\ufeff", "\n\n , \n"])
    def test_refuses_an_empty_file(self, write, content):
        assert reason(write(content)) == "empty"

    def test_refuses_a_file_without_header(self, write):
        assert reason(write("1,2.50\n3,4\n")) == "no_header"

    def test_refuses_zero_bytes(self, write):
        assert reason(write("a,b\n1,\0\n")) == "nul_bytes"
        assert reason(write("a,b\n1,2\n", "utf-16-le")) == "nul_bytes"

    def test_refuses_too_many_columns(self, write):
        assert len(read(write(",".join(f"c{i}" for i in range(MAX_COLUMNS)) + "\n1"))[0]) == MAX_COLUMNS
        assert reason(write(",".join(f"c{i}" for i in range(MAX_COLUMNS + 1)))) == "too_many_columns"

    def test_refuses_what_is_too_large(self, write):
        assert reason(write("a\n1\n"), max_bytes=3) == "too_large"

    @pytest.mark.parametrize(
        ("content", "name", "expected"),
        [
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls", "old_xls"),
            (b"\x09\x08\x08\x00\x00\x05", "a.xls", "old_xls"),
            (
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
                "a.xlsx",
                "encrypted",
            ),
            (b"\xef\xbb\xbf\n<html><table>", "report.xls", "unknown_type"),
            (b"%PDF-1.7\n", "a.csv", "unknown_type"),
            (b'{"a": 1}', "a.json", "unknown_type"),
            (b"\x89PNG\r\n\x1a\n\0\0", "a.csv", "nul_bytes"),
            (b"PK\x03\x04 not a zip", "a.xlsx", "damaged"),
        ],
    )
    def test_refuses_other_kinds_of_files(self, write, content, name, expected):
        assert reason(write(content, name=name)) == expected

    def test_reads_by_content_not_by_name(self, write):
        assert read(write("a\tb\n1\t2\n", name="report.xls"))[1] == [(2, ["1", "2"])]


def test_it_leaves_the_parser_a_limit_for_long_texts():
    assert csv.field_size_limit() == reader.MAX_TEXT
