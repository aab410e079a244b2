"""Name cards: written so that another library reads them, read as telephones write them, and refused when they hurt."""

from __future__ import annotations

import io
import re
import tracemalloc
from datetime import date
from pathlib import Path

import pytest
import segno
import vobject

from app.core import qr
from app.core.exchange import vcard
from app.core.exchange.reader import UnreadableFile, open_table
from app.core.settings import settings

IPHONE = """BEGIN:VCARD\r
VERSION:3.0\r
PRODID:-//Apple Inc.//iPhone OS 17.0//EN\r
N:Appleseed;John;;Dr.;\r
FN:Dr. John Appleseed\r
ORG:Acme\\, Inc.;Sales;\r
TITLE:Head of\r
  Purchasing\r
item1.EMAIL;type=INTERNET:second@acme.test\r
item2.EMAIL;type=INTERNET;type=pref:john@acme.test\r
TEL;type=CELL;type=VOICE;type=pref:+86 139 0000 7001\r
TEL;type=WORK;type=FAX:010-62751235\r
TEL;type=WORK:010-62751234\r
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRg\r
 ABAQAAAQABAAD\r
item3.URL;type=pref:https\\://acme.test\r
item3.X-ABLabel:_$!<HomePage>!$_\r
BDAY;value=date:1990-01-02\r
NOTE:first\\nsecond\\; third\r
END:VCARD\r
"""
FOUR = """BEGIN:VCARD
VERSION:4.0
N:王;小明;;;
TEL;VALUE=uri;TYPE="voice,cell":tel:+8613900007002
EMAIL;PREF=1:wang@b.cn
BDAY:--0102
ORG:上海远洋贸易
IMPP:wechat:wxwang
END:VCARD
"""
NOKIA = """BEGIN:VCARD
VERSION:2.1
FN;CHARSET=GBK;ENCODING=QUOTED-PRINTABLE:=CD=F5=D0=
=A1=C3=F7
TEL;CELL;VOICE:13900007003
TEL;WORK:0571-88886666
BDAY:19851231
END:VCARD
"""


@pytest.fixture
def table(app, tmp_path):
    def read(content: str | bytes, name: str = "contacts.vcf", encoding: str = "utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        with app.app_context():
            assert settings().country == "CN"
            opened = open_table(path, name)
            return [dict(zip(opened.headers, values, strict=True)) for _number, values in opened]

    return read


class TestReading:
    def test_what_an_iphone_writes(self, table):
        (card,) = table(IPHONE)
        assert card == {
            "FN": "Dr. John Appleseed",
            "ORG": "Acme, Inc.",
            "TITLE": "Head of Purchasing",
            "TEL CELL": "+86 139 0000 7001",
            "TEL": "010-62751234",
            "EMAIL": "john@acme.test",
            "BDAY": date(1990, 1, 2),
            "X-WECHAT": None,
            "URL": "https://acme.test",
            "NOTE": "first\nsecond; third",
        }

    def test_version_four_and_a_name_without_fn(self, table):
        (card,) = table(FOUR)
        told = (card["FN"], card["ORG"], card["TEL CELL"], card["EMAIL"], card["BDAY"], card["X-WECHAT"])
        assert told == ("王小明", "上海远洋贸易", "+8613900007002", "wang@b.cn", None, "wxwang")

    def test_what_old_telephones_write(self, table):
        (card,) = table(NOKIA)
        assert (card["FN"], card["TEL CELL"], card["TEL"], card["BDAY"]) == (
            "王小明",
            "13900007003",
            "0571-88886666",
            date(1985, 12, 31),
        )

    def test_several_cards_under_their_numbers(self, app, tmp_path):
        path = tmp_path / "all.vcf"
        path.write_text("\n".join((IPHONE.replace("\r", ""), "", FOUR, NOKIA)), encoding="utf-8")
        with app.app_context():
            opened = open_table(path, "all.vcf")
            assert [number for number, _values in opened] == [1, 2, 3]
            assert [values[0] for _number, values in opened] == ["Dr. John Appleseed", "王小明", "王小明"], "again"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk"])
    def test_every_encoding_whatever_the_file_is_called(self, table, encoding):
        assert table(FOUR, "cards.txt", encoding)[0]["FN"] == "王小明"

    def test_a_number_that_says_nothing_of_itself(self, table):
        (card,) = table("BEGIN:VCARD\nFN:A\nTEL:13900007001\nTEL:010-62751234\nEND:VCARD\n")
        assert (card["TEL CELL"], card["TEL"]) == ("13900007001", "010-62751234")
        (card,) = table("BEGIN:VCARD\nFN:A\nTEL;TYPE=CELL:1\nTEL;TYPE=CELL:2\nEND:VCARD\n")
        assert (card["TEL CELL"], card["TEL"]) == ("1", "2")

    def test_a_year_that_is_none_is_left_out(self, table):
        for day in ("1604-01-02", "--01-02", "1990-02-31", "soon"):
            (card,) = table(f"BEGIN:VCARD\nFN:A\nBDAY:{day}\nEND:VCARD\n")
            assert card["BDAY"] is None


class TestRefusing:
    def reason(self, table, content: str | bytes, name: str = "contacts.vcf") -> tuple[str, dict]:
        with pytest.raises(UnreadableFile) as refusal:
            table(content, name)
        assert "%(" not in refusal.value.message
        return refusal.value.reason, refusal.value.params

    def test_a_card_without_end(self, table):
        assert self.reason(table, FOUR + "BEGIN:VCARD\nFN:A\n") == ("open_card", {"row": 2})
        assert self.reason(table, "BEGIN:VCARD\nFN:A\n" + FOUR) == ("open_card", {"row": 1})

    def test_what_is_no_card(self, table):
        assert self.reason(table, FOUR + "Hello\n") == ("broken_card", {"row": 2})
        assert self.reason(table, "BEGIN:VCARD\nFN:A\nno colon here\nEND:VCARD\n") == ("broken_card", {"row": 1})
        assert self.reason(table, "name,phone\nA,1\n") == ("unknown_type", {})
        assert self.reason(table, b"")[0] == "empty"

    def test_broken_encodings(self, table):
        broken = FOUR.replace("王", "远洋贸易" * 20).encode() + b"\xe8\n"
        assert self.reason(table, broken)[0] == "unknown_encoding"
        for said in ("CHARSET=NONSENSE;", "CHARSET=UTF-8;"):
            line = f"FN;{said}ENCODING=QUOTED-PRINTABLE:=CD=F5\n"
            assert self.reason(table, f"BEGIN:VCARD\n{line}END:VCARD\n") == ("broken_card", {"row": 1})

    @pytest.mark.parametrize(
        "line",
        [
            "FN;" + "x=" * 400_000 + ":A",  # vobject takes for ever
            "FN;" + 'B="' * 100_000 + ":A",
            "FN:" + "A" * 5_000_000,
            "FN:A\n" + " folded\n" * 200_000,
            "TEL:1\n" * 100_000,
            "NOTE:" + "\\" * 2_000_000,
        ],
        ids=["params", "quotes", "long", "folded", "many", "escapes"],
    )
    def test_what_is_made_to_hurt(self, table, line):
        assert self.reason(table, f"BEGIN:VCARD\n{line}\nEND:VCARD\n") == ("broken_card", {"row": 1})

    def test_a_picture_is_passed_over_in_little_memory(self, table):
        picture = "PHOTO;ENCODING=b:" + "A" * 20_000_000 + "\n" + " B\n" * 100_000
        content = f"BEGIN:VCARD\n{picture}FN:Li\nEND:VCARD\n".encode()
        tracemalloc.start()
        try:
            (card,) = table(content)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert card["FN"] == "Li"
        assert peak < 8_000_000

    def test_too_large_a_file(self, app, tmp_path):
        path = tmp_path / "big.vcf"
        path.write_text(FOUR * 10)
        with app.app_context(), pytest.raises(UnreadableFile) as refusal:
            open_table(path, "big.vcf", max_bytes=100)
        assert refusal.value.reason == "too_large"


class TestWriting:
    VALUES = {
        "FN": "李娜, née; Li\\",
        "ORG": "上海远洋贸易有限公司; 进出口部",
        "TITLE": "采购经理" * 20,
        "TEL CELL": "+86 139 0000 7001",
        "TEL": "021-6275 1234",
        "EMAIL": "li@tea.cn",
        "BDAY": date(1990, 1, 2),
        "X-WECHAT": "wx_li",
        "NOTE": "first\nEND:VCARD\nBEGIN:VCARD",
    }

    def test_another_library_reads_it(self):
        card = vobject.readOne(vcard.text(self.VALUES))
        assert card.version.value == "3.0"
        assert card.fn.value == self.VALUES["FN"]
        assert card.org.value == [self.VALUES["ORG"]]
        assert (card.title.value, card.email.value) == (self.VALUES["TITLE"], "li@tea.cn")
        assert [(each.value, each.type_param) for each in card.tel_list] == [
            ("+86 139 0000 7001", "CELL"),
            ("021-6275 1234", "WORK"),
        ]
        assert (card.bday.value, card.note.value) == ("1990-01-02", self.VALUES["NOTE"])

    def test_and_we_read_it_back(self, table):
        written = vcard.text(self.VALUES)
        assert max(len(line.encode()) for line in written.split("\r\n")) <= 76
        (card,) = table(written)
        assert {name: card[name] for name in self.VALUES} == self.VALUES

    def test_a_code_holds_the_whole_card(self):
        said = vcard.text({"FN": "李娜", "TEL CELL": "13900007001"}, folded=False)
        drawn = qr.svg(said, "<b>")
        made = segno.make(said, error="m", micro=False, boost_error=False)
        side = made.symbol_size(border=qr.QUIET)[0]
        assert f'viewBox="0 0 {side} {side}"' in drawn
        assert drawn.startswith("<svg") and "&lt;b&gt;" in drawn and "http" not in drawn.replace("www.w3.org", "")
        assert qr.svg("A" * 5000, "x") == ""


CARDS = """BEGIN:VCARD
VERSION:3.0
N:Li;Na;;;
FN:Li Na
ORG:Hangzhou Tea House
TITLE:Buyer
TEL;TYPE=CELL:+86 139 0000 7001
EMAIL:li@tea.cn
BDAY:1990-01-02
X-WECHAT:wxli
END:VCARD
BEGIN:VCARD
VERSION:3.0
N:Wu;Lei;;;
FN:Wu Lei
ORG:Nobody knows them
END:VCARD
"""


def send(api, text: str, mode: str = "commit", **options):
    data = {"file": (io.BytesIO(text.encode()), "cards.vcf"), "mode": mode, **options}
    return api.post("contacts/import", data=data)


class TestContacts:
    @pytest.fixture
    def tea(self, api):
        return api("ann").add("customers", name="Hangzhou Tea House")

    def test_an_import_finds_the_customer_and_can_be_undone(self, api, tea):
        ann = api("ann")
        told = send(ann, CARDS, "preview").json
        assert (told["rows"], told["created"], told["failed"]) == (2, 1, 1)
        (error,) = told["errors"]
        assert (error["row"], error["column"], "Nobody knows them" in error["message"]) == (2, "ORG", True)
        assert ann.rows("contacts") == []
        told = send(ann, CARDS, on_error="skip").json
        (contact,) = ann.rows("contacts")
        assert (contact["customer"]["id"], contact["name"], contact["job_title"]) == (tea["id"], "Li Na", "Buyer")
        assert (contact["mobile"], contact["phone"], contact["email"]) == ("+86 139 0000 7001", None, "li@tea.cn")
        assert (contact["birthday"], contact["wechat"]) == ("1990-01-02", "wxli")
        assert ann.post(f"import-runs/{told['run']}/undo").status_code == 200
        assert ann.rows("contacts") == []

    def test_what_a_card_leaves_out_stays(self, api, tea):
        ann = api("ann")
        there = ann.add("contacts", customer=tea["id"], name="Li Na", phone="0571-88886666", decision_role="Decides")
        told = send(ann, CARDS.partition("BEGIN:VCARD\nVERSION:3.0\nN:Wu")[0], on_match="update").json
        assert (told["updated"], told["failed"]) == (1, 0)
        contact = ann.get(f"contacts/{there['id']}").json["result"]
        assert (contact["phone"], contact["mobile"]) == ("0571-88886666", "+86 139 0000 7001")

    def test_a_broken_file_is_refused_clearly(self, api, pages, tea):
        answer = send(api("ann"), "BEGIN:VCARD\nFN:A\n")
        assert (answer.status_code, "Card 1 has no end." in answer.text) == (422, True)
        sent = {"file": (io.BytesIO(b"BEGIN:VCARD\nFN:A\n"), "cards.vcf"), "mode": "preview"}
        page = pages("ann").post("/contacts/import", sent, content_type="multipart/form-data", follow_redirects=True)
        assert "Card 1 has no end." in page.text

    def test_leads_come_from_cards_too(self, api):
        ann = api("ann")
        data = {"file": (io.BytesIO(CARDS.encode()), "cards.vcf"), "mode": "commit"}
        assert ann.post("leads/import", data=data).json["created"] == 2
        assert {row["company"] for row in ann.rows("leads")} == {"Hangzhou Tea House", "Nobody knows them"}

    def test_the_export_is_read_by_another_library_and_imported_again(self, api, tea):
        ann = api("ann")
        send(ann, CARDS, on_error="skip")
        ann.add("contacts", customer=tea["id"], name="王小明")
        answer = ann.get("contacts/export?format=vcf")
        assert (answer.status_code, answer.mimetype) == (200, "text/vcard")
        cards = list(vobject.readComponents(answer.text))
        assert {card.fn.value for card in cards} == {"Li Na", "王小明"}
        assert {card.org.value[0] for card in cards} == {"Hangzhou Tea House"}
        again = send(ann, answer.text, "preview", on_match="update").json
        assert (again["failed"], again["updated"], again["created"]) == (0, 2, 0)

    def test_filtered_chosen_and_one(self, api, pages, tea):
        ann, browser = api("ann"), pages("ann")
        ids = {name: ann.add("contacts", customer=tea["id"], name=name)["id"] for name in ("Li", "Wu", "Xu")}

        def names(text: str) -> set[str]:
            return {card.fn.value for card in vobject.readComponents(text)}

        q = {"filters": [{"col": "name", "opr": "eq", "value": "Wu"}]}
        assert names(ann.get("contacts/export?format=vcf", q).text) == {"Wu"}
        assert names(browser.get("/contacts/export?format=vcf&f=name:eq:Xu").text) == {"Xu"}
        chosen = browser.post("/contacts/bulk/export-vcf", {"ids": [ids["Li"], ids["Xu"]]})
        assert (chosen.mimetype, names(chosen.text)) == ("text/vcard", {"Li", "Xu"})
        assert browser.post("/contacts/bulk/export-vcf", {}).status_code == 302
        one = browser.get(f"/contacts/card/{ids['Li']}")
        assert (names(one.text), "Li.vcf" in one.headers["Content-Disposition"]) == ({"Li"}, True)
        assert names(ann.get(f"contacts/{ids['Wu']}/card").text) == {"Wu"}

    def test_only_of_what_is_a_card_and_ones_to_see(self, api, pages, tea):
        ann = api("ann")
        contact = ann.add("contacts", customer=tea["id"], name="Li")["id"]
        assert api("cleo").get(f"contacts/{contact}/card").status_code == 404
        assert pages("cleo").get(f"/contacts/card/{contact}").status_code == 404
        assert ann.get(f"customers/{tea['id']}/card").status_code == 404
        assert ann.get("customers/export?format=vcf").status_code == 400
        assert pages("cleo").post("/contacts/bulk/export-vcf", {"ids": [contact]}).text == ""
        assert "format=vcf" in pages("ann").get("/contacts/list/").text
        assert "format=vcf" not in pages("ann").get("/customers/list/").text

    def test_the_page_shows_the_code_and_leads_to_the_file(self, api, pages, tea):
        contact = api("ann").add("contacts", customer=tea["id"], name="Li <b>", mobile="13900007001")["id"]
        page = pages("ann").get(f"/contacts/show/{contact}").text
        assert f'href="/contacts/card/{contact}"' in page
        drawn = re.search(r"<svg[^>]*class=\"qr\".*?</svg>", page, re.DOTALL)
        assert drawn is not None and "Li &lt;b&gt;" in drawn[0]


def test_a_file_of_many_cards_is_written_as_it_goes(tmp_path: Path):
    def cards():
        for number in range(3000):
            yield {"FN": f"Li {number}"}

    path = tmp_path / "many.vcf"
    vcard.write(path, cards())
    assert path.read_text().count("END:VCARD") == 3000
