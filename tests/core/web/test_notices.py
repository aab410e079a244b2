"""Notices: each told once, in the way that its reader chose, to nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core import clock, notices, outbox
from app.core.entity import User
from tests.app_fixtures import Api, Pages, acting

KIND = "low-stock"


@pytest.fixture
def ids(app):
    with acting(app) as session:
        return dict(session.execute(sa.select(User.username, User.id)).tuples().all())


def tell(app, user_id, key="a key", record="", to="x@example.com"):
    with acting(app):
        mail = outbox.Mail(to, "Two pumps are low", "The text.", "<p>The text.</p>", key)
        return notices.deliver([notices.News(user_id, KIND, mail, record)])


def told(app):
    """How many notices and mails there are."""
    with acting(app) as session:
        return tuple(
            session.scalar(sa.select(sa.func.count()).select_from(m)) for m in (notices.Notice, outbox.OutboxMail)
        )


class TestDeliver:
    @pytest.mark.parametrize(
        ("way", "found"), [("both", (1, 1)), ("console", (1, 0)), ("mail", (0, 1)), ("none", (0, 0))]
    )
    def test_each_in_the_way_it_was_chosen(self, app, ids, way, found):
        with acting(app):
            notices.choose(ids["wei"], {KIND: way, "nonsense": "both"})
        assert tell(app, ids["wei"]) == {"a key"}
        assert told(app) == found
        assert tell(app, ids["wei"]) == (set() if way != "none" else {"a key"}), "once"
        assert told(app) == found

    def test_who_has_no_address_is_told_here(self, app, ids):
        tell(app, ids["wei"], to="")
        assert told(app) == (1, 0)

    def test_it_goes_with_what_caused_it(self, app, ids):
        with pytest.raises(ZeroDivisionError), acting(app):
            mail = outbox.Mail("x@example.com", "s", "t", "", "k")
            notices.deliver([notices.News(ids["wei"], KIND, mail)])
            raise ZeroDivisionError
        assert told(app) == (0, 0)


class TestTheBell:
    def test_its_page_says_the_subject_once_and_its_address_can_be_followed(self, app, ids):
        with acting(app):
            text = "Hello Wei,\n\nTwo pumps are low\n\nhttp://localhost/products/12\n"
            mail = outbox.Mail("", "Two pumps are low", text, "", "a key")
            notices.deliver([notices.News(ids["wei"], KIND, mail)])
            pk = notices.db.session.scalars(sa.select(notices.Notice.id)).one()
        page = Pages(app, "wei").get(f"/notices/show/{pk}").text
        main = page[page.index("<main") : page.index("</main>")]
        assert main.count("Two pumps are low") == 1
        assert '<a href="http://localhost/products/12"' in main

    def test_the_list_says_whose_they_are(self, app, ids):
        assert "What Kehu has told you." in Pages(app, "wei").get("/notices/list/").text
        assert "What Kehu has told everyone." in Pages(app, "admin").get("/notices/list/").text

    def test_it_counts_what_is_unread(self, app, ids):
        for number in range(3):
            tell(app, ids["wei"], f"key {number}")
        browser = Pages(app, "wei")
        assert '<span class="bell-count">3</span>' in browser.get("/").text
        assert "bell-count" not in Pages(app, "ann").get("/").text
        wei = Api(app, "wei")
        first = wei.rows("notices")[0]["id"]
        assert wei.post(f"notices/{first}/read").json["result"]["read"] is True
        assert '<span class="bell-count">2</span>' in browser.get("/").text
        assert "Mark all as read" in browser.get("/notices/list/").text
        assert browser.post("/notices/do/read-all").status_code == 302
        assert "bell-count" not in browser.get("/").text
        tell(app, ids["wei"], "key 4")
        tell(app, ids["ann"], "key 5")
        assert wei.post("notices/read-all").json["count"] == 1
        assert '<span class="bell-count">1</span>' in Pages(app, "ann").get("/").text

    def test_another_ones_notice_is_not_there(self, app, ids):
        tell(app, ids["wei"])
        pk = Api(app, "wei").rows("notices")[0]["id"]
        for name in ("ann", "dora"):
            api = Api(app, name)
            assert api.rows("notices") == []
            answers = [api.get(f"notices/{each}") for each in (pk, 9999)]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert api.post(f"notices/{pk}/read").status_code == 404

    def test_it_leads_to_what_it_is_about(self, app, ids):
        customer = Api(app, "ann").add("customers", name="Acme")["id"]
        tell(app, ids["ann"], record=f"customers/{customer}")
        tell(app, ids["ann"], "gone", record="customers/9999")
        browser = Pages(app, "ann")
        gone, there = (row["id"] for row in Api(app, "ann").rows("notices", order_column="id", order_direction="desc"))
        answer = browser.post(f"/notices/action/open/{there}")
        assert answer.headers["Location"] == f"/customers/show/{customer}"
        answer = browser.post(f"/notices/action/open/{gone}")
        assert answer.headers["Location"] == f"/notices/show/{gone}"
        assert all(row["read"] for row in Api(app, "ann").rows("notices"))

    def test_what_was_read_long_ago_goes(self, app, ids):
        tell(app, ids["ann"], "read")
        tell(app, ids["ann"], "unread")
        api = Api(app, "ann")
        api.post(f"notices/{api.rows('notices', order_column='id', order_direction='asc')[0]['id']}/read")
        with clock.stopped(clock.now() + notices.KEPT + timedelta(days=1)), acting(app):
            assert notices.forget_old() == 1
        assert len(api.rows("notices")) == 1


class TestChoices:
    def test_one_chooses_for_oneself(self, app, ids):
        browser = Pages(app, "wei")
        page = browser.get("/account/notices/").text
        assert "Stock runs low" in page and "A job failed" in page
        answer = browser.post("/account/notices/", {KIND: "none", "job-failed": "mail"}, token_from="/account/notices/")
        assert answer.status_code == 302
        with acting(app):
            assert notices.chosen([ids["wei"]]) == {(ids["wei"], KIND): "none", (ids["wei"], "job-failed"): "mail"}
            assert notices.chosen([ids["ann"]]) == {}
        rows = Api(app, "otto").rows("audit-entries", order_column="id", order_direction="desc")
        assert rows[0]["record"] == f"users/{ids['wei']}"
        assert rows[0]["changes"]["notices"] == [{}, {KIND: "none", "job-failed": "mail"}]
