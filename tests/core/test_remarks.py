"""Comments and attachments: read by whoever sees the record, written by whoever may, harmless whatever they hold."""

from __future__ import annotations

import io
import os
import re
import time
from typing import Any

import pytest
import sqlalchemy as sa

from app.core import crud, db, files, remarks, store
from app.core.audit import AuditEntry
from app.core.entity import User, entity_for
from app.core.notices import Notice
from app.core.outbox import OutboxMail
from tests.app_fixtures import Api
from tests.support.forms import as_sent

NASTY = '<img src=x onerror=alert(1)> & "quotes"\n第二行 see https://example.com/a?b=1&c=2，and javascript:alert(1).'
MISSING = 987_654


@pytest.fixture
def customer(api) -> int:
    """A customer of Ann's."""
    return int(api("ann").add("customers", name="Harbour Trading")["id"])


def send(client: Api, path: str, text: str = "", *attached: tuple[str, bytes]) -> Any:
    """A comment with files, as a form."""
    data = {"text": text, "file": [(io.BytesIO(content), name) for name, content in attached]}
    return client.client.post(f"/api/v1/{path}", data=data, headers=client.headers, content_type="multipart/form-data")


def told(act: Any, record: str) -> list[tuple[str, str | None, dict[str, Any]]]:
    with act() as session:
        entries = session.scalars(sa.select(AuditEntry).where(AuditEntry.record == record).order_by(AuditEntry.id))
        return [(entry.action, entry.comment, entry.changes) for entry in entries if "comment" in entry.action]


class TestApi:
    def test_what_is_said_is_read_by_whoever_sees_the_record(self, api, customer):
        ann, bob = api("ann"), api("bob")
        place = f"customers/{customer}/comments"
        answer = ann.post(place, {"text": f"  {NASTY}\r\n"})
        assert answer.status_code == 201
        said = answer.json["result"]
        assert (said["id"], said["text"], said["author"]["label"]) == (answer.json["id"], NASTY, "Ann Lee")
        assert said["at"].endswith("+08:00")
        bob.post(place, {"text": "Well done"})
        found = bob.get(place).json
        assert (found["count"], [each["text"] for each in found["result"]]) == (2, ["Well done", NASTY])
        assert [each["may_delete"] for each in found["result"]] == [True, False]
        assert [each["text"] for each in bob.get(f"{place}?page=1&page_size=1").json["result"]] == [NASTY]
        assert bob.get(f"{place}?page=9").json == {"id": customer, "count": 2, "result": []}

    def test_a_stranger_learns_no_more_than_of_a_missing_record(self, api, customer, act, snapshot_of):
        ann, cleo = api("ann"), api("cleo")
        remark = send(ann, f"customers/{customer}/comments", "x", ("a.txt", b"secret")).json["id"]
        before = snapshot_of()
        for method, tail, body in (
            ("GET", "comments", None),
            ("POST", "comments", {"text": "x"}),
            ("POST", "comments", {}),
            ("DELETE", f"comments/{remark}", None),
            ("GET", f"comments/{remark}/files/1", None),
        ):
            foreign, missing = (cleo.request(method, f"customers/{pk}/{tail}", body) for pk in (customer, MISSING))
            assert (foreign.status_code, foreign.data) == (missing.status_code, missing.data), (method, tail)
            assert foreign.status_code == 404
            assert api(None).request(method, f"customers/{customer}/{tail}", body).status_code == 401
        assert send(cleo, f"customers/{customer}/comments", "x", ("a.txt", b"1")).status_code == 404
        # By the way of a record of one's own.
        own = cleo.add("customers", name="Northern Lights")["id"]
        assert cleo.get(f"customers/{own}/comments/{remark}/files/1").status_code == 404
        assert cleo.delete(f"customers/{own}/comments/{remark}").status_code == 404
        assert before == snapshot_of()

    def test_who_may_only_read_writes_nothing(self, api, customer, snapshot_of):
        otto = api("otto")
        before = snapshot_of()
        assert otto.get(f"customers/{customer}/comments").status_code == 200
        assert otto.post(f"customers/{customer}/comments", {"text": "x"}).status_code == 403
        assert otto.post(f"customers/{customer}/comments", []).status_code == 403
        assert before == snapshot_of()

    @pytest.mark.parametrize(
        "body",
        [{}, {"text": ""}, {"text": " \n"}, {"text": None}, {"text": 3}, {"text": "x" * 10_001}, {"note": "x"}, []],
    )
    def test_what_says_nothing_or_too_much_is_refused(self, api, customer, body):
        answer = api("ann").post(f"customers/{customer}/comments", body)
        assert answer.status_code == 422
        assert api("ann").get(f"customers/{customer}/comments").json["count"] == 0

    def test_sent_again_under_its_key_it_is_said_once(self, api, customer):
        ann = api("ann")
        for _each in range(2):
            answer = ann.post(f"customers/{customer}/comments", {"text": "x"}, headers={"Idempotency-Key": "k"})
            assert answer.status_code == 201
        assert ann.get(f"customers/{customer}/comments").json["count"] == 1

    def test_the_record_itself_stays_as_it_is(self, api, customer):
        ann = api("ann")
        before = ann.get(f"customers/{customer}").json["result"]
        ann.post(f"customers/{customer}/comments", {"text": "x"})
        assert ann.get(f"customers/{customer}").json["result"] == before

    def test_on_what_is_posted_too(self, api):
        ann = api("ann")
        plan = ann.add("weekly-plans", week="2026-11-23", plan="x")["id"]
        ann.post(f"weekly-plans/{plan}/submit")
        assert api("bob").post(f"weekly-plans/{plan}/comments", {"text": "More of Beijing"}).status_code == 201

    def test_not_on_the_audit_trail(self, api):
        admin = api("admin")
        entry = admin.rows("audit-entries")[0]["id"]
        assert admin.get(f"audit-entries/{entry}/comments").status_code == 404
        assert admin.post(f"audit-entries/{entry}/comments", {"text": "x"}).status_code in (404, 405)


@pytest.fixture
def snapshot_of(act):
    """What the tables of comments, news and history hold."""

    def read() -> list[Any]:
        with act() as session:
            tables = (remarks.REMARKS, remarks.FILES, Notice.__table__, OutboxMail.__table__, AuditEntry.__table__)
            kept = [
                session.connection().execute(sa.select(sa.func.count()).select_from(table)).scalar()
                for table in tables[:4]
            ]
            about = AuditEntry.action.in_(("comment", "uncomment"))
            return [*kept, session.scalar(sa.select(sa.func.count()).select_from(AuditEntry).where(about))]

    return read


class TestFiles:
    def test_they_come_back_as_they_were_and_can_do_no_harm(self, api, pages, customer):
        ann = api("ann")
        content = b"<script>alert(1)</script>"
        names = ("..\\..\\evil\u202egpj.html", "/etc/passwd", "报价单 2026.pdf", "a';&<i>.txt", "...")
        answer = send(ann, f"customers/{customer}/comments", "", *((name, content) for name in names))
        assert answer.status_code == 201, answer.text
        kept = answer.json["result"]["files"]
        assert [(each["n"], each["name"]) for each in kept] == list(
            enumerate(("evilgpj.html", "passwd", "报价单 2026.pdf", "a';&<i>.txt", "file"), start=1)
        )
        assert {each["size"] for each in kept} == {len(content)}
        for each in kept:
            by_page = each["url"].replace(f"/api/v1/customers/{customer}/comments", f"/customers/comments/{customer}")
            for answer in (ann.client.get(each["url"], headers=ann.headers), pages("ann").get(by_page)):
                assert (answer.status_code, answer.data) == (200, content)
                headers = answer.headers
                assert headers["Content-Type"] == "application/octet-stream"
                assert headers["Content-Disposition"].startswith("attachment")
                assert headers["X-Content-Type-Options"] == "nosniff"
                assert "sandbox" in headers["Content-Security-Policy"]
                answer.close()
        for number in (0, 6, 2**40):
            assert ann.get(f"customers/{customer}/comments/{answer_id(kept)}/files/{number}").status_code == 404

    def test_their_number_and_size_have_bounds(self, api, customer, monkeypatch):
        ann = api("ann")
        monkeypatch.setattr(remarks, "MAX_FILE_BYTES", 10)
        place = f"customers/{customer}/comments"
        for attached in ([("a.txt", b"x" * 11)], [("a.txt", b"")], [("a.txt", b"x")] * 11):
            answer = send(ann, place, "x", *attached)
            assert (answer.status_code, set(answer.json["errors"])) == (422, {"file"})
        assert ann.get(place).json["count"] == 0

    def test_the_sweep_knows_them(self, app, api, act, customer):
        ann = api("ann")
        kept = send(ann, f"customers/{customer}/comments", "", ("a.txt", b"kept"))
        gone = send(ann, f"customers/{customer}/comments", "", ("b.txt", b"gone")).json["id"]
        assert ann.delete(f"customers/{customer}/comments/{gone}").status_code == 200

        def sweep() -> int:
            with act():
                long_ago = time.time() - 2 * files.UNUSED.total_seconds()
                for path in store.store().folder.glob("??/*"):
                    os.utime(path, (long_ago, long_ago))
                return files.sweep()

        assert [sweep(), sweep(), sweep()] == [0, 1, 0]
        assert ann.client.get(kept.json["result"]["files"][0]["url"], headers=ann.headers).data == b"kept"


def answer_id(kept: list[dict[str, Any]]) -> int:
    return int(re.search(r"comments/(\d+)/files", kept[0]["url"])[1])


class TestDeleting:
    def test_one_takes_back_what_is_ones_own_and_an_administrator_anything(self, api, act, customer):
        ann, bob, admin = api("ann"), api("bob"), api("admin")
        place = f"customers/{customer}/comments"
        first, second = (ann.post(place, {"text": text}).json["id"] for text in ("too soon", "rude"))
        assert bob.delete(f"{place}/{first}").status_code == 403
        assert ann.delete(f"{place}/{first}").status_code == 200
        assert ann.delete(f"{place}/{first}").status_code == 404
        assert admin.delete(f"{place}/{second}").status_code == 200
        assert ann.get(place).json["count"] == 0
        assert told(act, f"customers/{customer}") == [
            ("comment", "too soon", {}),
            ("comment", "rude", {}),
            ("uncomment", None, {"remark": ["Ann Lee: too soon", None]}),
            ("uncomment", None, {"remark": ["Ann Lee: rude", None]}),
        ]

    def test_a_record_that_goes_takes_its_comments_along(self, api, act):
        admin = api("admin")
        unit, other = (admin.add("units", name=name)["id"] for name in ("box", "kg"))
        for pk in (unit, other):
            send(admin, f"units/{pk}/comments", "x", ("a.txt", b"1"))
        assert admin.delete(f"units/{unit}").status_code == 200
        with act() as session:
            records = session.connection().execute(sa.select(remarks.REMARKS.c.record)).scalars().all()
            assert records == [f"units/{other}"]
            assert session.connection().execute(sa.select(sa.func.count()).select_from(remarks.FILES)).scalar() == 1

    def test_a_user_who_goes_leaves_what_was_said(self, api, act):
        admin = api("admin")
        unit = admin.add("units", name="box")["id"]
        with act() as session:
            gone = User(username="gone", first_name="Gone", last_name="", active=True, email=None)
            session.add(gone)
            session.flush()
            values = {"record": f"units/{unit}", "author_id": gone.id, "author": "Gone", "text": "still here"}
            session.connection().execute(sa.insert(remarks.REMARKS).values(**values, at=sa.func.now()))
            pk = gone.id
        assert admin.delete(f"users/{pk}").status_code == 200
        (said,) = admin.get(f"units/{unit}/comments").json["result"]
        assert said["author"] == {"id": None, "label": "Gone"}


class TestNews:
    def told(self, act: Any) -> list[tuple[str, str, str]]:
        with act() as session:
            rows = session.execute(sa.select(User.username, Notice.subject, Notice.record).join(User, Notice.user))
            return [tuple(row) for row in rows]

    def test_the_owner_is_told_when_somebody_else_comments(self, api, act, customer):
        api("ann").post(f"customers/{customer}/comments", {"text": "My own"})
        assert self.told(act) == []
        api("bob").post(f"customers/{customer}/comments", {"text": "Call them"})
        assert self.told(act) == [("ann", "Bob Ito commented on C00001 Harbour Trading", f"customers/{customer}")]
        with act() as session:
            (mail,) = session.scalars(sa.select(OutboxMail))
            assert (mail.to, "Call them" in mail.body, f"/customers/show/{customer}#comments" in mail.body) == (
                "ann@example.com",
                True,
                True,
            )

    def test_of_what_hangs_on_something_it_is_whose_that_is(self, api, act, customer):
        contact = api("bob").add("contacts", customer=customer, name="Zhang")["id"]
        api("bob").post(f"contacts/{contact}/comments", {"text": "Nice"})
        assert [name for name, _subject, _record in self.told(act)] == ["ann"]

    def test_who_made_a_record_without_an_owner_is_told_while_they_may_see_it(self, api, act):
        wei, admin = api("wei"), api("admin")
        place = admin.add("warehouses", name="Main")["id"]
        document = wei.add("stock-adjustments", warehouse=place, reason="Count")["id"]
        admin.post(f"stock-adjustments/{document}/comments", {"text": "Why?"})
        assert [name for name, _subject, _record in self.told(act)] == ["wei"]
        with act() as session:
            session.scalars(sa.select(User).where(User.username == "wei")).one().roles = []
        admin.post(f"stock-adjustments/{document}/comments", {"text": "And this?"})
        assert len(self.told(act)) == 1

    def test_one_may_not_want_to_hear(self, api, act, pages, customer):
        assert "comment" in as_sent(pages("ann").get("/account/notices/").text)
        pages("ann").post("/account/notices/", {"comment": "none"})
        api("bob").post(f"customers/{customer}/comments", {"text": "x"})
        assert self.told(act) == []


class TestPage:
    def test_it_is_written_read_and_taken_back_without_scripts(self, api, act, pages, customer):
        ann = pages("ann")
        place = f"/customers/show/{customer}"
        form = as_sent(ann.get(place).text, f'action="/customers/comments/{customer}"')
        data = form | {"text": NASTY, "file": (io.BytesIO(b"1" * 2048), "<b>offer<b>.pdf")}
        answer = ann.client.post(f"/customers/comments/{customer}", data=data, content_type="multipart/form-data")
        assert (answer.status_code, answer.location) == (302, f"{place}#comments")
        page = ann.get(place).text
        assert "<img src=x" not in page and "&lt;img src=x onerror=alert(1)&gt;" in page
        links = re.findall(r'<a href="([^"]+)" target="_blank" rel="noopener noreferrer nofollow">', page)
        assert links == ["https://example.com/a?b=1&amp;c=2"]
        assert "&lt;b&gt;offer&lt;b&gt;.pdf" in page and "2 KB" in page
        assert 'href="#comments">Comments<span class="count">1</span>' in page
        assert "commented on this" in page and "Attachments" in page
        erase = re.search(r'action="(/customers/comments/\d+/\d+/delete)"', page)[1]
        assert pages("bob").post(erase).status_code == 403
        assert pages("cleo").post(erase).status_code == 404
        assert ann.post(erase).location == f"{place}#comments"
        page = ann.get(place).text
        assert "Nobody has commented yet." in page and "deleted a comment" in page and "Comment text" in page

    def test_a_refused_one_keeps_what_was_typed(self, app, api, pages, customer):
        ann = pages("ann")
        answer = ann.post(f"/customers/comments/{customer}", {"text": "x" * 10_001})
        assert answer.status_code == 422
        assert "x" * 10_001 in answer.text and "At most 10000 characters" in answer.text
        with_file = {"text": "", "file": (io.BytesIO(b""), "empty.txt")}
        answer = ann.post(f"/customers/comments/{customer}", with_file, content_type="multipart/form-data")
        assert answer.status_code == 422
        sent = [("good.txt", b"nobody keeps this"), ("empty.txt", b"")]
        assert send(api("ann"), f"customers/{customer}/comments", "", *sent).status_code == 422
        with app.app_context():
            assert list(store.store().folder.glob("??/*")) == []
        assert "this file is empty" in answer.text and "Choose the files again" in answer.text

    def test_who_may_only_read_has_no_form(self, pages, customer):
        page = pages("otto").get(f"/customers/show/{customer}").text
        assert "Nobody has commented yet." in page and "comment-text" not in page

    def test_many_cost_no_more_statements(self, api, pages, customer, statements):
        browser, ann = pages("ann"), api("ann")
        for count in (1, 30):
            for _each in range(count):
                send(ann, f"customers/{customer}/comments", "x", ("a.txt", b"1"))
            with statements() as executed:
                browser.get(f"/customers/show/{customer}")
            assert len(executed) <= 20


class TestNames:
    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("C:\\Users\\ann\\offer.pdf", "offer.pdf"),
            ("../../etc/passwd", "passwd"),
            ("", "file"),
            ("...", "file"),
            ("\u202e\u200bx\x00.exe", "x.exe"),
            ("报价 单.xlsx", "报价 单.xlsx"),
            ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ],
    )
    def test_they_are_names_and_nothing_else(self, name, kept):
        assert remarks.safe_name(name) == kept


def test_pieces_are_links_to_the_web_alone():
    from app.core.web.remarks import pieces

    text = "看 https://a.example/x（y），(http://b.example/p?q=1). ftp://c.example javascript:x HTTPS://D.example!"
    found = list(pieces(text))
    assert "".join(part for part, _address in found) == text
    assert [address for _part, address in found if address] == [
        "https://a.example/x",
        "http://b.example/p?q=1",
        "HTTPS://D.example",
    ]


def test_a_row_that_is_gone_is_forgotten_whoever_deletes_it(act):
    """By the flush, not by the page: an import that is undone, a rule, a command."""
    with act() as session:
        unit = crud.create(entity_for("units"), {"name": "box"})
        remarks.add(unit, "x")
        session.delete(unit)
        session.flush()
        assert db.session.connection().execute(sa.select(sa.func.count()).select_from(remarks.REMARKS)).scalar() == 0
