"""When something is wrong a page says what happened, what to do next and whom to ask; and what was typed when the log-in
had run out is there again.
"""

from __future__ import annotations

import html
import re

import pytest
from flask import abort
from sqlalchemy.exc import OperationalError

from app.core import crud
from app.core.entity import entity_for
from app.core.web import resume


def failing(status: int):
    """A page that fails with ``status``, as the edge sees it."""
    if status == 500:
        raise RuntimeError("a secret of the machine")
    if status == 503:
        raise OperationalError("select", {}, Exception("database is locked"))
    abort(status)


def links(answer) -> list[str]:
    part = answer.text.split('class="plain-links"')[1].split("</p>")[0]
    return [html.unescape(each) for each in re.findall(r'href="([^"]+)"', part)]


class TestPages:
    def test_each_says_what_happened_and_what_to_do_in_both_languages(self, app, pages, monkeypatch):
        seen: dict[str, set[str]] = {"en": set(), "zh": set()}
        for locale, told in seen.items():
            bob = pages("bob", locale=locale)
            for status in (400, 403, 405, 409, 413, 422, 429, 500, 503):
                monkeypatch.setitem(app.view_functions, "HomeView.index", lambda status=status: failing(status))
                answer = bob.get("/", headers={"Referer": "http://localhost/customers/list/?q=x"})
                assert answer.status_code == status
                # Framed: the menu is there, and the ways on.
                assert 'data-entry="customers"' in answer.text
                assert links(answer)[-1] == "/" and "/customers/list/?q=x" in links(answer)
                assert (links(answer)[0] == "/") == (status in (429, 500, 503))
                texts = re.findall(r'<p class="plain-text[^"]*">([^<]+)', answer.text)
                assert len(texts) == 2 and all(texts), (status, texts)
                told |= set(texts)
                assert "a secret of the machine" not in answer.text
        assert len(seen["en"]) == 18 and not seen["en"] & seen["zh"]

    def test_who_may_not_is_told_whom_to_ask_and_who_finds_nothing_where_to_look(self, pages):
        ann = pages("ann")
        answer = ann.get("/users/list/")
        assert answer.status_code == 403
        assert "Who may widen your role: Administrator" in answer.text
        assert "/users/list/" not in links(answer)
        answer = ann.get("/customers/show/987654")
        assert (answer.status_code, links(answer)) == (404, ["/customers/list/", "/search", "/"])
        assert ann.get("/no/such/page").status_code == 404

    def test_what_nobody_foresaw_is_found_in_the_log_by_its_code(self, app, pages, monkeypatch, caplog):
        monkeypatch.setitem(app.view_functions, "HomeView.index", lambda: failing(500))
        answer = pages("ann").get("/")
        code = re.search(r"To tell your administrator: ([0-9A-F]{6}),", answer.text)
        assert code is not None and any(code[1] in record.getMessage() for record in caplog.records)

    def test_a_stranger_is_told_less(self, app):
        client = app.test_client()
        answer = client.get("/no/such/page")
        assert answer.status_code == 404 and "data-entry" not in answer.text
        assert client.get("/customers/show/1").location == "/login/?next=/customers/show/1"


def form_of(answer) -> dict[str, str]:
    """The hidden fields of the form that an answer shows."""
    form = answer.text.split("<main")[1]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


class TestTypedTooLate:
    TYPED = {"name": "Late <Ltd>", "note": "first\nsecond", "level": "A", "then": ""}
    HERE = {"Origin": "http://localhost"}

    def test_it_is_kept_over_the_log_in_shown_and_sent_again(self, pages, api):
        ann = pages("ann")
        token = ann.token("/customers/add")
        ann.post("/logout/")
        late = ann.client.post("/customers/add", data={**self.TYPED, "csrf_token": token}, headers=self.HERE)
        assert late.status_code == 401 and "what you entered is kept" in late.text
        assert api("ann").rows("customers") == []
        wrong = ann.client.post("/login/", data={**form_of(late), "username": "ann", "password": "wrong"})
        assert (wrong.status_code, bool(form_of(wrong)["kept"])) == (401, True)
        shown = ann.client.post("/login/", data={**form_of(wrong), "username": "ann", "password": "correct horse"})
        assert shown.status_code == 200
        assert "Late &lt;Ltd&gt;" in shown.text and "first\nsecond" in shown.text
        assert api("ann").rows("customers") == []
        assert 'action="/customers/add"' in shown.text
        saved = ann.client.post("/customers/add", data=form_of(shown), headers=self.HERE)
        assert saved.status_code == 302
        [row] = api("ann").rows("customers")
        assert (row["name"], row["note"], row["level"]) == ("Late <Ltd>", "first\nsecond", "A")

    def test_what_was_typed_is_shown_as_pages_show_it(self, pages):
        ann = pages("ann")
        token = ann.token("/contact-records/add")
        ann.post("/logout/")
        ann.post("/login/", {"username": "ann", "password": "correct horse"}, token_from="/login/")
        typed = {"at": "2026-03-01T08:27", "next_contact_on": "2026-03-09", "summary": "x", "csrf_token": token}
        late = ann.client.post("/contact-records/add", data=typed, headers=self.HERE)
        assert late.status_code == 400 and '<dd class="longtext">2026-03-01 08:27</dd>' in late.text

    def test_who_logged_in_anew_elsewhere_sends_it_at_once(self, pages, api):
        ann = pages("ann")
        old = ann.token("/customers/add")
        ann.post("/logout/")
        ann.post("/login/", {"username": "ann", "password": "correct horse"}, token_from="/login/")
        late = ann.client.post("/customers/add", data={**self.TYPED, "csrf_token": old}, headers=self.HERE)
        assert late.status_code == 400 and "Your entries are still here" in late.text
        assert ann.client.post("/customers/add", data=form_of(late), headers=self.HERE).status_code == 302
        assert [row["name"] for row in api("ann").rows("customers")] == ["Late <Ltd>"]

    @pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Referer": "https://evil.example/x"}])
    def test_what_another_page_made_the_browser_send_is_not(self, headers, pages):
        ann = pages("ann")
        answer = ann.client.post("/customers/add", data=self.TYPED, headers=headers)
        assert (answer.status_code, "kept" in form_of(answer)) == (400, False)
        assert "Late" not in answer.text

    def test_nobody_can_have_a_form_sent_that_never_came(self, pages, act):
        ann = pages("ann")
        ann.post("/logout/")
        token = ann.token("/login/")
        for kept in ("nonsense", "WyJ4Il0.aaaa.bbbb", "." * 2000):
            data = {
                "csrf_token": token,
                "username": "ann",
                "password": "correct horse",
                "kept": kept,
                "next": "/search",
            }
            answer = ann.client.post("/login/", data=data)
            assert (answer.status_code, answer.location) == (302, "/search")
            ann.post("/logout/")
            token = ann.token("/login/")

    def test_passwords_and_what_is_too_much_are_not_kept(self, app, pages):
        for path, data in (
            ("/account/password", {"current": "correct horse"}),
            ("/login/", {"username": "ann", "password": "correct horse"}),
            ("/customers/add", {"note": "x" * (resume.LARGEST + 1)}),
        ):
            answer = app.test_client().post(path, data=data, headers=self.HERE)
            assert (answer.status_code, "correct horse" in answer.text) == (400, False), path
        with app.test_request_context(
            "/users/add", method="POST", data={"username": "x", "new_password": "s3cret"}, headers=self.HERE
        ):
            form = resume.read(resume.kept())
            assert form is not None and form.pairs == [("username", "x")]


def test_an_empty_list_says_what_to_do(pages, act):
    for who, buttons in (("ann", ["/customers/add", "/customers/import"]), ("otto", [])):
        text = pages(who).get("/customers/list/").text
        empty = text.split('class="empty"')[1].split("<nav")[0]
        assert re.findall(r'href="([^"]+)"', empty) == buttons, who
    with act("ann"):
        crud.create(entity_for("customers"), {"name": "First"})
    assert 'class="empty"' not in pages("ann").get("/customers/list/").text
