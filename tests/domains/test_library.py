"""Papers: files with versions on records and in folders, who sees them, what is refused, and what is found inside."""

from __future__ import annotations

import codecs
import io
import re
import time
import zipfile

import pytest
from PIL import Image

from app.core import db, extraction, fulltext, markdown, store
from app.domains.library import services
from tests.app_fixtures import Api, Pages, acting


def pdf(*lines: str) -> bytes:
    """A small PDF that says ``lines``."""
    said = " ".join(f"({line}) Tj T*" for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 72 720 Td {said} ET".encode("latin-1")
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    out, at = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, start=1):
        at.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % each for each in at)
    out += b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def archive(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return out.getvalue()


def docx(*lines: str) -> bytes:
    said = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines)
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = f'<w:document xmlns:w="{word}"><w:body>{said}</w:body></w:document>'
    return archive({"[Content_Types].xml": "<Types/>", "word/document.xml": body})


def xlsx(*texts: str) -> bytes:
    sheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    strings = "".join(f"<si><t>{text}</t></si>" for text in texts)
    cells = '<row><c t="s"><v>0</v></c><c><v>48213.5</v></c></row>'
    return archive(
        {
            "xl/workbook.xml": "<workbook/>",
            "xl/sharedStrings.xml": f'<sst xmlns="{sheet}">{strings}</sst>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{sheet}"><sheetData>{cells}</sheetData></worksheet>',
        }
    )


def png(width: int = 40, height: int = 30) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "PNG")
    return out.getvalue()


def send(client: Api, content: bytes, name: str, path: str = "files/", headers=None, **fields):
    data = {"file": (io.BytesIO(content), name), **{key: str(value) for key, value in fields.items()}}
    return client.client.post(
        f"/api/v1/{path}",
        data=data,
        headers={**client.headers, **(headers or {})},
        content_type="multipart/form-data",
    )


def sent(client: Api, content: bytes, name: str, **fields):
    answer = send(client, content, name, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json["result"]


def content_of(client: Api, file: int, query: str = ""):
    return client.get(f"files/{file}/content{query}")


@pytest.fixture
def ann(api):
    return api("ann")


@pytest.fixture
def customer(ann):
    return ann.add("customers", name="Beijing Tech")


class TestVersions:
    def test_a_file_comes_goes_and_gets_another_version(self, ann, customer):
        record = f"customers/{customer['id']}"
        file = sent(ann, b"first draft", "offer.txt", title="Our offer", record=record)
        assert (file["title"], file["record"], file["customer"]["id"]) == ("Our offer", record, customer["id"])
        again = send(ann, b"second draft", "offer v2.txt", path=f"files/{file['id']}/versions")
        assert again.status_code == 200, again.text
        versions = again.json["result"]["versions"]
        assert [(each["version"], each["name"], each["size"]) for each in versions] == [
            (2, "offer v2.txt", 12),
            (1, "offer.txt", 11),
        ]
        assert versions[0]["uploaded_by"]["label"] == "Ann Lee" and versions[0]["media_type"] == "text/plain"
        assert content_of(ann, file["id"]).data == b"second draft"
        first = content_of(ann, file["id"], "?version=1")
        assert first.data == b"first draft"
        assert first.headers["Content-Disposition"] == "attachment; filename=offer.txt"
        assert content_of(ann, file["id"], "?version=3").status_code == 404
        assert content_of(ann, file["id"], "?version=x").status_code == 404

    def test_it_is_called_as_it_came_and_its_kind_is_told_by_what_it_is(self, ann, customer):
        photo = sent(ann, png(), "../../门头 photo.png", record=f"customers/{customer['id']}")
        assert (photo["title"], photo["name"], photo["kind"]) == ("门头 photo", "门头 photo.png", "photo")
        small = content_of(ann, photo["id"], "?size=small")
        assert small.data.startswith(b"\x89PNG") and len(small.data) > 50
        assert "filename*=UTF-8''%E9%97%A8" in content_of(ann, photo["id"]).headers["Content-Disposition"]

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig", "utf-8", "gb18030"])
    def test_a_text_is_one_however_it_was_saved(self, app, ann, encoding):
        text = "客户要求：三月 Delivery, Größe 10 – 客"
        mark = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
        file = sent(ann, mark + text.encode(encoding), "要求.txt")
        assert file["media_type"] == "text/plain"
        with app.app_context():
            assert services.read_waiting() == (1, 0)
            assert extraction.text_of(store.waiting() / ".." / "files" / store.name_of(file["sha256"]), "text") == text
        assert [row["id"] for row in ann.rows("files", search="客户要求")] == [file["id"]]

    def test_a_recording_is_no_text(self, ann):
        memo = sent(ann, b"\xff\xfe\x90\x64" + bytes(range(256)) * 40, "memo.mp3")
        assert memo["media_type"] == "audio/mpeg" and memo["text_state"] == "nothing"

    def test_what_is_sent_twice_under_one_key_is_there_once(self, ann, customer):
        key = {"Idempotency-Key": "visit-17-voice-1"}
        memo = b"\x1aE\xdf\xa3" + b"opus" * 5000
        record = f"customers/{customer['id']}"
        first = send(ann, memo, "memo.webm", headers=key, record=record)
        again = send(ann, memo, "memo.webm", headers=key, record=record)
        assert (first.status_code, again.status_code) == (201, 201) and again.json == first.json
        assert again.headers["Idempotent-Replayed"] == "true" and first.json["result"]["kind"] == "voice"
        assert len(ann.rows("files")) == 1
        other = send(ann, memo + b"x", "memo.webm", headers=key, record=record)
        assert other.status_code == 422 and len(ann.rows("files")) == 1

    def test_the_history_says_who_brought_which_version(self, ann, customer, pages):
        file = sent(ann, b"one", "a.txt", record=f"customers/{customer['id']}")
        send(ann, b"two", "b.txt", path=f"files/{file['id']}/versions")
        page = pages("ann").get(f"/files/show/{file['id']}").text
        history = page.split('id="history"')[1]
        assert "brought a new version" in history and "a.txt" in history and "b.txt" in history


class TestScope:
    def test_a_file_is_seen_with_its_record(self, ann, api, customer):
        file = sent(ann, b"secret terms", "terms.txt", record=f"customers/{customer['id']}")
        bob, cleo = api("bob"), api("cleo")
        assert content_of(bob, file["id"]).data == b"secret terms", "Bob leads Ann"
        for path in (f"files/{file['id']}", f"files/{file['id']}/content"):
            assert cleo.get(path).status_code == cleo.get("files/987654").status_code == 404, path
        assert cleo.rows("files") == []
        assert send(cleo, b"x", "x.txt", path=f"files/{file['id']}/versions").status_code == 404

    def test_a_share_opens_it_and_a_share_for_writing_lets_write(self, ann, api, customer, act):
        file = sent(ann, b"secret terms", "terms.txt", record=f"customers/{customer['id']}")
        cleo = api("cleo")
        who = next(row["id"] for row in api("admin").rows("users") if row["username"] == "cleo")
        share = ann.add("customer-shares", customer=customer["id"], user=who, access="read")
        assert content_of(cleo, file["id"]).status_code == 200
        assert send(cleo, b"x", "x.txt", path=f"files/{file['id']}/versions").status_code == 403
        assert send(cleo, b"x", "x.txt", record=f"customers/{customer['id']}").status_code in (403, 422)
        assert ann.put(f"customer-shares/{share['id']}", {"access": "write"}).status_code == 200
        assert send(cleo, b"x", "x.txt", path=f"files/{file['id']}/versions").status_code == 200

    def test_it_is_put_on_nothing_that_one_does_not_see(self, ann, api, customer):
        cleo = api("cleo")
        foreign = send(cleo, b"x", "x.txt", record=f"customers/{customer['id']}")
        missing = send(cleo, b"x", "x.txt", record="customers/987654")
        assert foreign.status_code == missing.status_code == 422
        assert foreign.json["errors"] == missing.json["errors"] and "record" in foreign.json["errors"]
        for nonsense in ("customers", "nothing/1", "stock-entries/1", "users/1", "files/1", "customers/1 OR 1=1"):
            assert send(ann, b"x", "x.txt", record=nonsense).status_code == 422, nonsense

    def test_who_may_not_open_a_kind_of_record_sees_no_file_on_it(self, ann, api, act):
        admin, wei = api("admin"), api("wei")
        share = admin.add("weekly-plans", week="2040-01-02", plan="Visit", lines=[])
        file = sent(admin, b"plan", "plan.txt", record=f"weekly-plans/{share['id']}")
        assert content_of(wei, file["id"]).status_code == 404

    def test_folders_are_everyones_or_some_roles(self, ann, api):
        admin, wei = api("admin"), api("wei")
        roles = {row["name"]: row["id"] for row in admin.rows("roles")}
        public = admin.add("folders", name="Price lists")
        sales = admin.add("folders", name="Margins", visibility="roles", roles=[roles["Salesperson"]])
        seen = sent(ann, b"prices", "prices.txt", folder=public["id"])
        hidden = sent(ann, b"margins", "margins.txt", folder=sales["id"])
        assert content_of(wei, seen["id"]).data == b"prices"
        assert content_of(wei, hidden["id"]).status_code == 404
        assert [row["name"] for row in wei.rows("folders")] == ["Price lists"]
        assert send(wei, b"x", "x.txt", folder=public["id"]).status_code == 403, "a keeper writes none"
        within = admin.post("folders/", {"name": "Old", "parent": sales["id"]})
        assert within.status_code == 422 and "visibility" in within.json["errors"]

    def test_it_goes_where_its_customer_goes(self, ann, customer):
        other = ann.add("customers", name="Tianjin Mills")
        file = sent(ann, b"x", "x.txt", customer=customer["id"])
        assert file["record"] == f"customers/{customer['id']}"
        moved = ann.put(f"files/{file['id']}", {"customer": other["id"]}).json["result"]
        assert moved["record"] == f"customers/{other['id']}"
        back = ann.put(f"files/{file['id']}", {"record": f"customers/{customer['id']}"}).json["result"]
        assert back["customer"]["id"] == customer["id"]

    def test_a_file_that_lies_nowhere_is_its_owners_and_their_superiors(self, ann, api):
        file = sent(ann, b"mine", "mine.txt")
        assert content_of(api("bob"), file["id"]).status_code == 200
        assert content_of(api("cleo"), file["id"]).status_code == 404

    def test_a_record_with_files_is_not_deleted(self, api, customer, ann):
        sent(ann, b"x", "x.txt", record=f"customers/{customer['id']}")
        answer = api("admin").delete(f"customers/{customer['id']}")
        assert answer.status_code == 409 and "1 file" in answer.text

    def test_a_draft_is_its_authors_until_it_is_published(self, api, ann):
        bo = api("bob")
        article = bo.add("articles", title="How we call", body="Ask **first**.")
        assert ann.get(f"articles/{article['id']}").status_code == 404
        bo.put(f"articles/{article['id']}", {"published": True})
        assert ann.get(f"articles/{article['id']}").status_code == 200


def zip_bomb() -> bytes:
    return archive({"zeros.bin": b"\0" * (300 * 2**20)})


BAD = {
    "empty": (b"", "a.pdf", "empty"),
    "a picture that is none": (b"hello there", "a.png", "plain text"),
    "a program that says it is a PDF": (b"MZ\x90\0\x03\0\0\0\xff\xff" + b"\0" * 400, "invoice.pdf", "a program"),
    "a page that says it is a picture": (b"<html><script>alert(1)</script>", "a.jpg", "a web page"),
    "a broken picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "a.png", "damaged"),
    "a broken document": (b"PK\x03\x04" + b"\0" * 500, "a.docx", "ZIP"),
    "an archive of another kind": (archive({"a.txt": "a"}), "a.xlsx", "ZIP"),
}


class TestBadInput:
    def test_a_bad_file_is_refused_at_once_and_nothing_is_kept(self, ann, app):
        for case, (content, name, told) in BAD.items():
            began = time.process_time()
            answer = send(ann, content, name)
            assert time.process_time() - began < 1, case
            assert answer.status_code == 422 and told in answer.json["errors"]["file"][0], answer.text
        assert ann.rows("files") == []
        with acting(app):
            assert list(store.waiting().iterdir()) == [] and list(store.store().all()) == []

    def test_bombs_are_refused_at_once(self, ann):
        pixels = bytearray(png(8, 8))
        pixels[16:24] = (60_000).to_bytes(4, "big") * 2
        for content, name in ((zip_bomb(), "zeros.zip"), (bytes(pixels), "huge.png")):
            began = time.process_time()
            answer = send(ann, content, name)
            assert time.process_time() - began < 1
            assert answer.status_code == 422, answer.text
        assert ann.rows("files") == []

    def test_there_is_no_file_without_content(self, ann, pages, customer):
        answer = ann.post("files/", {"title": "Nothing"})
        assert answer.status_code == 422 and list(answer.json["errors"]) == ["file"], answer.text
        assert send(ann, b"", "", title="Nothing").status_code == 422
        assert ann.rows("files") == []
        browser = pages("ann")
        record = f"customers/{customer['id']}"
        led = browser.get(f"/files/add?record={record}")
        assert (led.status_code, led.headers["Location"]) == (302, f"/files/upload?record={record}")
        assert browser.get("/files/add").headers["Location"] == "/files/upload"
        assert browser.get("/files/add?quick=1").headers["Location"].startswith("/files/upload")
        assert (
            f'name="customer" value="{customer["id"]}"' in browser.get(f"/files/upload?customer={customer['id']}").text
        )
        assert browser.post("/files/add", {"title": "Nothing"}).status_code == 302 and ann.rows("files") == []

    def test_too_large_a_request_is_refused_by_its_head(self, ann):
        began = time.process_time()
        answer = ann.client.post(
            "/api/v1/files/",
            headers=ann.headers,
            content_type="multipart/form-data; boundary=x",
            environ_overrides={"CONTENT_LENGTH": str(300 * 2**20)},
        )
        assert answer.status_code == 413 and time.process_time() - began < 1

    def test_what_a_browser_would_run_is_only_ever_saved(self, ann, pages):
        for content, name in (
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "logo.svg"),
            (b"<!doctype html><script>alert(1)</script>", "page.html"),
        ):
            file = sent(ann, content, name)
            shown = pages("ann").get(f"/files/content/{file['id']}?inline=1")
            assert shown.headers["Content-Disposition"].startswith("attachment"), name
            assert shown.headers["Content-Type"] == "application/octet-stream"
            assert "sandbox" in shown.headers["Content-Security-Policy"]
            assert shown.headers["X-Content-Type-Options"] == "nosniff"

    def test_pictures_sounds_and_pdf_are_shown_alone(self, ann, pages):
        browser = pages("ann")
        for content, name, kind in (
            (png(), "a.png", "image/png"),
            (b"OggS" + b"\0" * 99, "memo.ogg", "audio/ogg"),
            (pdf("Hi"), "a.pdf", "application/pdf"),
        ):
            file = sent(ann, content, name)
            shown = browser.get(f"/files/content/{file['id']}?inline=1")
            assert shown.headers["Content-Type"] == kind and shown.headers["Content-Disposition"].startswith("inline")
            assert shown.headers["Content-Security-Policy"].startswith("default-src 'none'")
            part = browser.get(f"/files/content/{file['id']}?inline=1", headers={"Range": "bytes=0-3"})
            assert part.status_code == 206 and part.data == content[:4]

    def test_an_articles_text_can_do_no_harm(self, api, pages):
        body = (
            "# Hello\n<script>alert(1)</script>\n[a](javascript:alert(1)) [b](/files/show/1) [c](https://x.example)\n"
            "![spy](https://evil.example/x.png) ![own](/files/content/1?inline=1)\n\n| a | b |\n|--|--|\n| 1 | 2 |\n"
        )
        article = api("bob").add("articles", title="Rules", body=body, published=True)
        page = pages("ann").get(f"/articles/show/{article['id']}").text
        prose = page.split('class="prose"')[1].split("</section>")[0]
        assert "<h1>Hello</h1>" in prose and "<td>1</td>" in prose and 'href="/files/show/1"' in prose
        assert "<script" not in prose and "javascript:" not in prose.replace("(javascript:", "") and "evil" not in prose
        assert 'src="/files/content/1?inline=1"' in prose

    def test_a_foreign_picture_is_a_link_and_a_task_a_box(self):
        said = str(
            markdown.html("![logo](https://x.example/a.png) [![in](https://x.example/b.png)](https://y.example)")
        )
        assert "<img" not in said and ">logo</a>" in said and 'href="https://x.example/a.png"' in said
        assert ">in</a>" in said and "b.png" not in said, "it stands in a link already"
        assert ">https://x.example/c.png</a>" in markdown.html("![](https://x.example/c.png)")
        assert markdown.html("![dot](data:image/png;base64,AAAA)") == "<p>dot</p>\n"
        assert "<img" in markdown.html("![own](/files/content/1?inline=1)")
        tasks = markdown.html("- [ ] call **Ann**\n- [X] write\n- [y] no\n- [ ]\n\n[ ] nor this")
        boxes = re.findall(
            r'<li class="task"><label><input type="checkbox" disabled=""( checked="")?>(.*?)</label>', tasks
        )
        assert boxes == [("", " call <strong>Ann</strong>"), (' checked=""', " write")]
        assert "<li>[y] no</li>" in tasks and "<p>[ ] nor this</p>" in tasks and tasks.count("<input") == 2
        assert "&lt;input" in markdown.html('<input type="text">') and markdown.plain("- [ ] call") == "call"


class TestSearch:
    def test_files_and_articles_are_found_by_what_is_inside(self, any_app):
        ann, bob, cleo, admin = (Api(any_app, name) for name in ("ann", "bob", "cleo", "admin"))
        record = f"customers/{ann.add('customers', name='Beijing Tech')['id']}"
        papers = {
            "pdf": (pdf("Framework agreement", "Payment within thirty days"), "a.pdf"),
            "docx": (docx("采购合同", "付款条件：货到三十天内付清"), "b.docx"),
            "xlsx": (xlsx("Kugellager 6204", "备件清单"), "c.xlsx"),
            "gbk": ("售后服务承诺书".encode("gbk"), "d.txt"),
            "utf8": ("Warranty of two years – 质保两年".encode(), "e.txt"),
            "broken": (b"%PDF-1.4\nnothing of a PDF", "f.pdf"),
        }
        ids = {name: sent(ann, *paper, record=record)["id"] for name, paper in papers.items()}
        names = {key: name for name, key in ids.items()}
        with any_app.app_context():
            assert services.read_waiting() == (5, 1) and services.read_waiting() == (0, 0)

        def found(question: str, client: Api = ann) -> set[str]:
            return {names[row["id"]] for row in client.rows("files", search=question)}

        assert found("thirty payment") == found("thirty", bob) == {"pdf"}
        assert found("thirty", cleo) == set(), "she does not see Ann's customer"
        assert found("付款条件") == found("采购") == found("付") == {"docx"}
        assert found("kugel") == found("48213") == {"xlsx"}
        assert found("售后服务") == {"gbk"} and found("质保两年") == {"utf8"}
        assert found("付款 warranty") == found("' OR 1=1 --") == found('"*" AND (') == set()
        states = {names[row["id"]]: (row["text_state"], row["text_fault"]) for row in ann.rows("files")}
        assert states["broken"] == ("failed", "damaged") and states["pdf"] == ("read", None)

        # Everything at once, and the list with what stands around it.
        hits = ann.get("search/?q=付款条件").json["result"]
        assert [(kind["resource"], len(kind["rows"])) for kind in hits] == [("files", 1)]
        assert "货到三十天" in hits[0]["rows"][0]["fact"]
        assert cleo.get("search/?q=付款条件").json["result"] == []
        page = Pages(any_app, "ann").get("/files/list/?q=thirty").text
        assert "<mark>thirty</mark>" in page and "Payment within" in page

        # Another version is found by what it says now, and what is gone is found no more.
        assert send(ann, b"Delivery in autumn", "e.txt", path=f"files/{ids['utf8']}/versions").status_code == 200
        with any_app.app_context():
            assert services.read_waiting() == (1, 0)
        assert found("warranty") == set() and found("autumn") == {"utf8"}
        assert admin.delete(f"files/{ids['utf8']}").status_code == 200
        with acting(any_app):
            assert len(db.session.connection().execute(fulltext.TEXTS.select()).all()) == 4

        # An article is found at once.
        article = bob.add("articles", title="Visits", body="Bring the 样品册 along.", published=True)
        assert [row["id"] for row in ann.rows("articles", search="样品册")] == [article["id"]]
        bob.put(f"articles/{article['id']}", {"body": "Bring nothing."})
        assert ann.rows("articles", search="样品册") == []
