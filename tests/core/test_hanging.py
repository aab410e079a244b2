"""A cancel shows first what hangs on a document, and takes all of it back or none, leaves first."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app, grants, security
from app.core import crud, db, hanging, identity
from app.core.audit import AuditEntry
from app.core.document import take
from app.core.entity import entity_for
from app.core.errors import BusinessError, Conflict
from app.ledger.models import StockBalance
from tests.app_fixtures import Running, prepare, settings_for
from tests.core.trading import trading
from tests.support.forms import as_sent

KINDS = ("Deal", "Notice", "Delivery", "Bill", "Offer")


@pytest.fixture(scope="module")
def _trading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, SimpleNamespace]]:
    """An application with documents that hang on one another; those who sell, and Bob, may do everything with them."""
    folder = tmp_path_factory.mktemp("trading")
    with trading() as classes:
        app = create_app(settings_for(folder))
        prepare(app)
        with app.app_context():
            tables = [table for table in db.db.metadata.sorted_tables if table.name.startswith("test_")]
            db.db.metadata.create_all(db.db.engine, tables)
            with db.transaction(identity.system()) as session:
                grants.sync()
                may = security.PermissionView.view_menu.has(security.ViewMenu.name.in_([*KINDS, "Notice_"]))
                found = list(session.scalars(sa.select(security.PermissionView).where(may)))
                for role in session.scalars(sa.select(security.Role)).unique():
                    if role.name in ("Salesperson", "Sales manager"):
                        role.permissions = [*role.permissions, *found]
            template = folder / "template.db"
            with db.db.engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql(f"VACUUM INTO '{template}'")
                connection.exec_driver_sql("BEGIN")
        yield Running(app, folder, template), classes
        shutil.rmtree(folder)


@pytest.fixture
def kinds(_trading) -> SimpleNamespace:
    """The classes of the documents."""
    return _trading[1]


@pytest.fixture
def app(_trading) -> Iterator[Flask]:
    """The application with the documents."""
    running = _trading[0]
    running.reset()
    yield running.app
    with running.app.app_context():
        db.session.remove()


@pytest.fixture
def goods(act) -> dict[str, int]:
    """A product of which 10 lie in a warehouse."""
    with act():
        unit = crud.create(entity_for("units"), {"name": "box"})
        values = {"name": "Tea", "unit": unit.id, "tax_rate": "0.13", "list_price": "8"}
        product = crud.create(entity_for("products"), values).id
        warehouse = crud.create(entity_for("warehouses"), {"name": "Main"}).id
        line = {"product": product, "quantity": "10", "unit_cost": "2"}
        take(crud.create(entity_for("stock-adjustments"), {"warehouse": warehouse, "lines": [line]}), "post")
        return {"product": product, "warehouse": warehouse}


def approved(model: type[Any], **data: Any) -> Any:
    return take(crud.create(model, data), "approve")


@pytest.fixture
def story(act, kinds, goods) -> dict[str, int]:
    """Ann's deal with two notices, of which one has two deliveries; the second also hangs on the deal itself.  A
    delivery that was cancelled, an offer that was lost, and a copy of the deal are no matter.
    """
    with act("ann"):
        offer = approved(kinds.Offer)
        deal = approved(kinds.Deal, offer=offer.id, lines=[{"quantity": 1}, {"quantity": 2}])
        line, other = deal.lines
        first = approved(kinds.Notice, lines=[{"deal_line": line.id}, {"deal_line": other.id}])
        second = approved(kinds.Notice, lines=[{"deal_line": other.id}])
        one = approved(kinds.Delivery, notice=first.id, **goods)
        two = approved(kinds.Delivery, notice=first.id, deal=deal.id, **goods)
        take(approved(kinds.Delivery, deal=deal.id, **goods), "cancel")
        crud.create(kinds.Deal, {"copy_of": deal.id, "lines": [{"quantity": 1}]})
        found = {"offer": offer, "deal": deal, "first": first, "second": second, "one": one, "two": two}
        return {name: row.id for name, row in found.items()}


def numbers(act, kinds, story) -> dict[str, str]:
    """The documents' numbers."""
    models = {"offer": kinds.Offer, "deal": kinds.Deal, "first": kinds.Notice, "second": kinds.Notice}
    with act() as session:
        return {name: session.get(models.get(name, kinds.Delivery), pk).number for name, pk in story.items()}


def states(act, kinds) -> dict[str, set[str]]:
    with act() as session:
        return {
            name: set(session.scalars(sa.select(getattr(kinds, name).state))) for name in ("Deal", "Notice", "Delivery")
        }


def on_hand(act) -> Decimal:
    with act() as session:
        return session.scalars(sa.select(StockBalance.on_hand)).one()


class TestPreview:
    def test_the_tree_goes_by_lines_too_and_down_to_every_level(self, act, api, kinds, story):
        told = numbers(act, kinds, story)
        answer = api("ann").get(f"test-deals/{story['deal']}/cancel-preview")
        assert answer.status_code == 200
        result = answer.json["result"]
        assert (result["possible"], result["obstacles"], result["hidden"]) == (True, [], 0)
        assert [each["label"] for each in result["order"]] == [
            told["two"],
            told["second"],
            told["one"],
            told["first"],
            told["deal"],
        ]

        def shape(node: dict[str, Any]) -> Any:
            entries = sum(each["count"] for each in node["entries"])
            return (node["label"], node["via"], entries, node["again"], [shape(child) for child in node["children"]])

        assert shape(result["tree"]) == (
            told["deal"],
            "",
            0,
            False,
            [
                (told["two"], "Deal", 1, False, []),
                (told["second"], "Deal's line", 0, False, []),
                (
                    told["first"],
                    "Deal's line",
                    0,
                    False,
                    [(told["two"], "Notice", 0, True, []), (told["one"], "Notice", 1, False, [])],
                ),
            ],
        )

    def test_it_says_what_is_in_the_way(self, act, api, kinds, story):
        with act("ann"):
            sent = str(take(approved(kinds.Bill, deal=story["deal"]), "to-sent"))
            draft = str(crud.create(kinds.Bill, {"deal": story["deal"], "title": "For March"}))
        with act() as session:
            # Cleo's own, which Ann does not see.
            cleo = session.scalars(sa.select(security.User.id).where(security.User.username == "cleo")).one()
            secret = str(approved(kinds.Bill, deal=story["deal"], owner=cleo))
        ann = api("ann")
        answer = ann.get(f"test-deals/{story['deal']}/cancel-preview")
        result = answer.json["result"]
        assert secret not in answer.text
        assert (result["possible"], result["hidden"]) == (False, 1)
        assert {each.get("label"): each["message"] for each in result["obstacles"]} == {
            sent: "It is sent, and can't be cancelled from there.",
            draft: "It is still being written (draft): delete it, or finish it first.",
            None: "A document that is not yours to see hangs on it. Ask your manager.",
        }
        refused = ann.post(f"test-deals/{story['deal']}/cancel", {"with": "all"})
        assert refused.status_code == 409
        assert "can't be cancelled from there" in refused.json["message"] and secret not in refused.text
        assert states(act, kinds) == {"Deal": {"open", "draft"}, "Notice": {"open"}, "Delivery": {"open", "cancelled"}}

    def test_who_may_not_cancel_a_part_is_told_so(self, act, api, kinds, story):
        with act() as session:
            cancel = security.Permission.name == "can_cancel"
            views = security.ViewMenu.name == "Notice_"
            wanted = sa.select(security.PermissionView).join(security.Permission).join(security.ViewMenu)
            taken = session.scalars(wanted.where(cancel, views)).one()
            for role in session.scalars(sa.select(security.Role).where(security.Role.name == "Salesperson")).unique():
                role.permissions = [each for each in role.permissions if each is not taken]
        ann = api("ann")
        result = ann.get(f"test-deals/{story['deal']}/cancel-preview").json["result"]
        assert [each["message"] for each in result["obstacles"]] == ["Your role may not cancel it."] * 2
        assert ann.post(f"test-deals/{story['deal']}/cancel", {"with": "all"}).status_code == 409
        assert ann.get(f"test-notices/{story['first']}/cancel-preview").status_code == 403

    def test_a_foreign_document_answers_as_a_missing_one(self, api, story):
        cleo = api("cleo")
        foreign, missing = (cleo.get(f"test-deals/{pk}/cancel-preview") for pk in (story["deal"], 987_654))
        assert (foreign.status_code, foreign.json) == (missing.status_code, missing.json)
        assert foreign.status_code == 404
        assert api("fang").get(f"test-deals/{story['deal']}/cancel-preview").status_code == 403
        assert api(None).get(f"test-deals/{story['deal']}/cancel-preview").status_code == 401

    def test_what_can_never_be_cancelled_has_no_preview(self, api):
        plan = api("ann").add("weekly-plans", week="2026-11-23", plan="x")["id"]
        assert api("ann").get(f"weekly-plans/{plan}/cancel-preview").status_code == 404

    def test_a_preview_costs_no_more_for_a_longer_chain(self, act, api, kinds, story, goods, statements):
        ann = api("ann")
        with statements() as few:
            ann.get(f"test-deals/{story['deal']}/cancel-preview")
        with act("ann"):
            for _each in range(8):
                approved(kinds.Delivery, notice=story["first"], deal=story["deal"], **{**goods})
        with statements() as many:
            assert len(ann.get(f"test-deals/{story['deal']}/cancel-preview").json["result"]["order"]) == 13
        assert len(many) == len(few) <= 20


class TestCancel:
    def test_alone_it_names_what_hangs_on_it(self, act, api, kinds, story):
        told = numbers(act, kinds, story)
        answer = api("ann").post(f"test-deals/{story['deal']}/cancel")
        assert answer.status_code == 409
        assert told["first"] in answer.json["message"]
        assert {each["label"] for each in answer.json["hanging"]} == {
            told[each] for each in ("first", "second", "one", "two")
        }
        assert states(act, kinds)["Deal"] == {"open", "draft"}

    def test_all_of_it_is_taken_back_leaves_first_with_a_history_each(self, act, api, kinds, story):
        told = numbers(act, kinds, story)
        assert on_hand(act) == 8
        ann = api("ann")
        seen = ann.get(f"test-deals/{story['deal']}/cancel-preview").json["result"]["seen"]
        body = {"with": "all", "seen": seen, "comment": "They withdrew"}
        answer = ann.post(f"test-deals/{story['deal']}/cancel", body)
        assert (answer.status_code, answer.json["result"]["state"]) == (200, "cancelled")
        assert on_hand(act) == 10
        assert states(act, kinds) == {
            "Deal": {"cancelled", "draft"},
            "Notice": {"cancelled"},
            "Delivery": {"cancelled"},
        }
        with act() as session:
            statement = sa.select(AuditEntry.record, AuditEntry.comment).where(AuditEntry.action == "cancel")
            entries = session.execute(statement.order_by(AuditEntry.id)).all()
        assert [comment for _record, comment in entries] == [None, *["They withdrew"] * 5]
        order = (
            ("deliveries", "two"),
            ("notices", "second"),
            ("deliveries", "one"),
            ("notices", "first"),
            ("deals", "deal"),
        )
        assert [record for record, _comment in entries][1:] == [f"test-{kind}/{story[name]}" for kind, name in order]
        assert told["deal"] in ann.get(f"test-deals/{story['deal']}").text
        # What it came from is free now.
        assert ann.post(f"test-offers/{story['offer']}/cancel").status_code == 200

    def test_without_a_comment_the_others_say_with_what(self, act, api, kinds, story):
        assert api("ann").post(f"test-notices/{story['first']}/cancel", {"with": "all"}).status_code == 200
        number = numbers(act, kinds, story)["first"]
        with act() as session:
            record = AuditEntry.record == f"test-deliveries/{story['one']}"
            comments = session.scalars(sa.select(AuditEntry.comment).where(record, AuditEntry.action == "cancel")).all()
        assert comments == [f"Cancelled together with {number}"]

    def test_one_refusal_takes_nothing_back(self, act, api, kinds, story):
        with act() as session:
            session.get(kinds.Delivery, story["one"]).note = "gone"
        answer = api("ann").post(f"test-deals/{story['deal']}/cancel", {"with": "all"})
        told = numbers(act, kinds, story)
        assert (answer.status_code, answer.json["message"]) == (409, f"{told['one']}: The carrier has lost it.")
        assert on_hand(act) == 8
        assert states(act, kinds) == {"Deal": {"open", "draft"}, "Notice": {"open"}, "Delivery": {"open", "cancelled"}}

    def test_what_was_not_shown_is_not_cancelled(self, act, api, kinds, story, goods):
        ann = api("ann")
        seen = ann.get(f"test-deals/{story['deal']}/cancel-preview").json["result"]["seen"]
        with act("ann"):
            approved(kinds.Delivery, notice=story["second"], **goods)
        body = {"with": "all", "seen": seen}
        answer = ann.post(f"test-deals/{story['deal']}/cancel", body)
        assert answer.status_code == 409 and "has changed meanwhile" in answer.json["message"]
        assert ann.post(f"test-deals/{story['deal']}/cancel", {"with": "some"}).status_code == 422

    def test_many_are_cancelled_each_by_itself(self, api, kinds, story):
        """Over the bulk call: the notice on which deliveries hang is refused, the other one is not."""
        ids = [story["first"], story["second"]]
        result = api("ann").post("test-notices/bulk/cancel", {"ids": ids}).json["result"]
        assert [each["status"] for each in result] == [409, 200]
        assert len(result[0]["hanging"]) == 2
        assert api("ann").post("test-notices/bulk/cancel", {"ids": ids[:1], "with": "all"}).json["done"] == 1

    def test_a_cycle_ends(self, act, kinds, story):
        with act("ann") as session:
            deal = session.get(kinds.Deal, story["deal"])
            other = approved(kinds.Deal, lines=[{"quantity": 1}])
            offer = approved(kinds.Offer)
            deal.offer_id = offer.id
            session.flush()
            assert [node.document for node in hanging.tree(offer).order][-1] is offer
            assert other not in [node.document for node in hanging.tree(offer).order]

    def test_what_is_over_holds_nothing_up(self, act, kinds):
        with act("ann"):
            deal = approved(kinds.Deal, lines=[{"quantity": 1}])
            bill = approved(kinds.Bill, deal=deal.id)
            with pytest.raises(Conflict):
                take(deal, "cancel")
            take(bill, "cancel")
            assert take(deal, "cancel").state == "cancelled"

    def test_a_draft_that_can_be_cancelled_goes_along(self, act, kinds):
        with act("ann"):
            offer = approved(kinds.Offer)
            deal = crud.create(kinds.Deal, {"offer": offer.id, "lines": [{"quantity": 1}]})
            with pytest.raises(BusinessError):
                take(offer, "cancel")
            take(offer, "cancel", {"with": "all"})
            assert (offer.state, deal.state) == ("cancelled", "cancelled")


class TestMany:
    def test_more_than_can_be_cancelled_at_once_is_refused(self, act, kinds, story, monkeypatch):
        monkeypatch.setattr(hanging, "MOST", 3)
        with act("ann") as session:
            deal = session.get(kinds.Deal, story["deal"])
            for asked in ({}, {"with": "all"}):
                with pytest.raises(Conflict):
                    take(deal, "cancel", asked)
            assert (None, "More than 3 documents hang on it.") in hanging.tree(deal).obstacles
            assert deal.state == "open"


class TestAComment:
    def test_a_transition_may_ask_why(self, act, api, pages, kinds, story):
        """Over the call, the button, and for many."""
        ann, browser = api("ann"), pages("ann")
        place = f"test-offers/{story['offer']}"
        answer = ann.post(f"{place}/to-lost", {"comment": " "})
        assert (answer.status_code, set(answer.json["errors"])) == (422, {"comment"})
        assert (
            'id="to-lost-comment" name="comment" rows="3" required'
            in browser.get(f"/{place.replace('/', '/show/')}").text
        )
        assert 'id="bulk-to-lost-comment"' in browser.get("/test-offers/list/").text
        result = ann.post("test-offers/bulk/to-lost", {"ids": [story["offer"]]}).json["result"]
        assert (result[0]["status"], set(result[0]["errors"])) == (422, {"comment"})
        result = ann.post("test-offers/bulk/to-lost", {"ids": [story["offer"]], "comment": "Too dear"}).json["result"]
        assert result[0]["ok"]
        assert "Too dear" in browser.get(f"/{place.replace('/', '/show/')}").text


class TestPage:
    def test_it_is_shown_and_confirmed_without_scripts(self, act, kinds, pages, story):
        told = numbers(act, kinds, story)
        ann = pages("ann")
        record = ann.get(f"/test-deals/show/{story['deal']}").text
        place = f"/test-deals/cancel/{story['deal']}"
        assert f'href="{place}"' in record
        page = ann.get(place)
        for name in ("first", "second", "one", "two"):
            assert told[name] in page.text
        assert "stands above already" in page.text and "Stock entries: 1" in page.text
        sent = as_sent(page.text, f'action="/test-deals/action/cancel/{story["deal"]}"')
        assert sent["with"] == "all"
        done = ann.client.post(f"/test-deals/action/cancel/{story['deal']}", data=sent | {"comment": "They withdrew"})
        assert (done.status_code, done.location) == (302, f"/test-deals/show/{story['deal']}")
        assert states(act, kinds)["Notice"] == {"cancelled"}
        assert "They withdrew" in ann.get(f"/test-deliveries/show/{story['one']}").text

    def test_what_is_in_the_way_leaves_no_button(self, act, kinds, pages, story):
        with act("ann"):
            take(approved(kinds.Bill, deal=story["deal"]), "to-sent")
        page = pages("ann").get(f"/test-deals/cancel/{story['deal']}").text
        assert "can&#39;t be cancelled from there" in page
        assert "action/cancel" not in page

    def test_a_change_meanwhile_is_shown_before_anything_is_done(self, act, kinds, pages, story, goods):
        ann = pages("ann")
        place = f"/test-deals/cancel/{story['deal']}"
        sent = as_sent(ann.get(place).text, "action/cancel")
        with act("ann"):
            approved(kinds.Delivery, notice=story["second"], **goods)
        sent["comment"] = "They withdrew"
        answer = ann.client.post(f"/test-deals/action/cancel/{story['deal']}", data=sent)
        assert answer.status_code == 409 and "has changed meanwhile" in answer.text
        now = as_sent(answer.text, "action/cancel")
        assert now == as_sent(ann.get(place).text, "action/cancel") | {"comment": "They withdrew"}
        assert now["seen"] != sent["seen"], "what hangs on it now is what was shown"

    def test_a_foreign_one_is_as_a_missing_one(self, pages, story):
        cleo = pages("cleo")
        assert cleo.get(f"/test-deals/cancel/{story['deal']}").status_code == 404
        assert cleo.get("/test-deals/cancel/987654").status_code == 404
