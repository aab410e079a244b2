"""Opportunities: what is measured of them, what that makes of their stages, and how they move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from app.core import bulk_edit, clock, crud, db
from app.core.errors import Conflict, Invalid
from app.core.exchange.importer import run_import
from app.core.exchange.undo import undo
from app.domains.catalog.models import Product, Unit
from app.domains.crm import measures, queries, services, standing
from app.domains.crm.models import Contact, Customer, Opportunity, Stage, StageCriterion, StageMove
from app.domains.library.models import File
from tests.domains.conftest import count

STAGES = (
    ("Contact", 10, {}),
    ("Proposal", 20, {"max_days": 30}),
    ("Won", 90, {"is_won": True}),
    ("Lost", 99, {"is_lost": True}),
)


@pytest.fixture
def stages(company) -> dict[str, Stage]:
    chances = {"Contact": "0.1", "Proposal": "0.5", "Won": "1", "Lost": "0"}
    with company.acting("Bob"):
        return {
            name: crud.create(Stage, {"name": name, "position": position, "probability": chances[name], **more})
            for name, position, more in STAGES
        }


@pytest.fixture
def deal(company, stages) -> Opportunity:
    """Ann's, with Beijing Tech, in the first stage."""
    with company.acting("Ann"):
        customer = crud.create(Customer, {"name": "Beijing Tech"})
        return make_deal(customer)


def make_deal(customer: Customer, **more: Any) -> Opportunity:
    data = {"customer": customer.id, "name": "Lamps", "amount": "1000", "expected_close_on": "2030-05-01"}
    return crud.create(Opportunity, data | more)


def asked(stage: Stage, name: str, **more: Any) -> StageCriterion:
    return crud.create(StageCriterion, {"stage": stage.id, "name": name, **more})


def again(deal: Opportunity) -> Opportunity:
    """The deal as it is read anew."""
    db.session.flush()
    db.session.expire_all()
    deal.__dict__.pop("standing", None)
    return db.session.get_one(Opportunity, deal.id)


def contact(deal: Opportunity, **more: Any) -> Contact:
    return crud.create(Contact, {"customer": deal.customer_id, "name": "Zhang", **more})


def change(**values: Any) -> Callable[[Opportunity], Any]:
    return lambda deal: crud.update(deal, values)


def change_customer(**values: Any) -> Callable[[Opportunity], Any]:
    def do(deal: Opportunity) -> None:
        for name, value in values.items():
            setattr(deal.customer, name, value)

    return do


def forget_contacts(deal: Opportunity) -> None:
    for each in db.session.scalars(sa.select(Contact).where(Contact.customer_id == deal.customer_id)):
        crud.delete(each)


def with_product(deal: Opportunity) -> None:
    unit = crud.create(Unit, {"name": "pc", "decimals": 0})
    product = crud.create(
        Product, {"code": "L1", "name": "Lamp", "unit": unit.id, "tax_rate": "0.13", "list_price": "9"}
    )
    crud.update(deal, {"products": [product.id]})


TODAY = clock.today
CASES: dict[str, tuple[str, Callable[[Opportunity], Any], Callable[[Opportunity], Any]]] = {
    # measure: (criterion, what makes it so, what makes it no longer so)
    "contacts_known": ("contacts_known >= 2", lambda deal: [contact(deal), contact(deal, name="Li")], forget_contacts),
    "decision_maker_known": (
        "decision_maker_known",
        lambda deal: contact(deal, decision_role="决策人"),
        forget_contacts,
    ),
    "days_since_contact": (
        "days_since_contact <= 14",
        lambda deal: change_customer(last_contact_on=TODAY() - timedelta(days=14))(deal),
        lambda deal: change_customer(last_contact_on=TODAY() - timedelta(days=15))(deal),
    ),
    "next_contact_planned": (
        "next_contact_planned",
        lambda deal: change_customer(next_contact_on=TODAY())(deal),
        lambda deal: change_customer(next_contact_on=TODAY() - timedelta(days=1))(deal),
    ),
    "amount_agreed": ("amount_agreed", change(agreed_amount="900"), change(agreed_amount=None)),
    "next_step_known": ("next_step_known", change(next_step="Send samples"), change(next_step=None)),
    "competitor_known": ("competitor_known", change(competitor="Another"), change(competitor=None)),
    "products_known": ("products_known", with_product, change(products=[])),
}
INVERTED = {
    "amount_known": ("amount_known", change(amount="0"), change(amount="5")),
    "close_date_ahead": (
        "close_date_ahead",
        change(expected_close_on="2020-01-01"),
        change(expected_close_on="2031-01-01"),
    ),
}


class TestMeasures:
    def test_every_measure_of_the_crm_has_its_case(self):
        from app.domains.crm import measured

        own = {name for name, each in measures.MEASURES.items() if each.value.__module__ == measured.__name__}
        assert own == set(CASES) | set(INVERTED)

    @pytest.mark.parametrize("name", sorted(CASES))
    def test_no_yes_and_back_to_no(self, company, stages, deal, name):
        test, make_so, make_otherwise = CASES[name]
        with company.acting("Ann"):
            criterion = asked(stages["Proposal"], name, kind="measured", measure=test)
            row = again(deal)
            assert row.score == 0
            make_so(row)
            row = again(row)
            assert row.score == criterion.weight == 1
            make_otherwise(row)
            assert again(row).score == 0

    @pytest.mark.parametrize("name", sorted(INVERTED))
    def test_yes_no_and_back_to_yes(self, company, stages, deal, name):
        test, spoil, mend = INVERTED[name]
        with company.acting("Ann"):
            asked(stages["Proposal"], name, kind="measured", measure=test)
            row = again(deal)
            assert row.score == 1
            spoil(row)
            row = again(row)
            assert row.score == 0
            mend(row)
            assert again(row).score == 1

    @pytest.mark.parametrize(
        ("kind", "measure"),
        [("quotation", "quotation_sent"), ("requirement", "requirement_known"), ("contract", "contract_filed")],
    )
    def test_papers_no_yes_and_back_to_no(self, company, stages, deal, kind, measure):
        """On the opportunity or its customer; on another customer it tells nothing."""
        with company.acting("Ann"):
            asked(stages["Proposal"], kind, kind="measured", measure=measure)
            other = crud.create(Customer, {"name": "Another"})
            crud.create(File, {"title": "Elsewhere", "kind": kind, "record": f"customers/{other.id}"})
            for record in (f"opportunities/{deal.id}", f"customers/{deal.customer_id}"):
                assert again(deal).score == 0
                paper = crud.create(File, {"title": "Q-1", "kind": kind, "record": record})
                assert again(deal).score == 1
                crud.update(paper, {"kind": "other"})
                assert again(deal).score == 0

    def test_what_was_never_done_meets_no_comparison(self, company, stages, deal):
        with company.acting("Ann"):
            asked(stages["Proposal"], "Fresh", kind="measured", measure="days_since_contact <= 999999")
            assert again(deal).score == 0

    @pytest.mark.parametrize(
        "text", ["contacts", "contacts_known >", "contacts_known >= x", "contacts_known => 2", "1; 2"]
    )
    def test_a_criterion_that_cannot_be_read_is_refused(self, company, stages, text):
        with company.acting("Bob"), pytest.raises(Invalid) as refused:
            asked(stages["Proposal"], "Wrong", kind="measured", measure=text)
        assert list(refused.value.errors) == ["measure"]

    def test_it_is_kept_in_one_form(self, company, stages):
        with company.acting("Bob"):
            kept = [
                asked(stages["Proposal"], str(n), kind="measured", measure=text).measure
                for n, text in enumerate(("contacts_known>=2", "  contacts_known >=  1 ", "amount_known"))
            ]
            assert kept == ["contacts_known >= 2", "contacts_known", "amount_known"]
            assert asked(stages["Proposal"], "By hand", kind="manual", measure="whatever").measure is None

    def test_however_many_there_are_it_takes_two_statements(self, company, stages, deal):
        with company.acting("Ann"):
            for name in measures.MEASURES:
                asked(stages["Proposal"], name, kind="measured", measure=name)
            others = [make_deal(again(deal).customer, name=f"Lamps {n}") for n in range(5)]
            db.session.flush()
            assert {each.stage.name for each in others} == {"Contact"}  # they are at hand
            executed: list[str] = []
            count_them = lambda *seen: executed.append(seen[2])  # noqa: E731
            sa.event.listen(db.db.engine, "before_cursor_execute", count_them)
            standing.load(others)
            sa.event.remove(db.db.engine, "before_cursor_execute", count_them)
            assert len(executed) == 2, executed  # the stages with their criteria; what is measured


class TestStanding:
    def test_score_missing_and_suggestion(self, company, stages, deal):
        with company.acting("Ann"):
            asked(stages["Proposal"], "Decider", kind="measured", measure="decision_maker_known", weight=3)
            budget = asked(stages["Proposal"], "Budget", weight=2)
            row = again(deal)
            assert (row.score, row.standing.out_of, row.suggested_stage) == (0, 5, "Contact")
            assert standing.told(row.standing.missing) == "Decider; Budget"
            contact(row, decision_role="decides")
            services.tick(row, [budget.id])
            row = again(row)
            assert (row.score, row.suggested_stage, row.standing.missing) == (5, "Proposal", [])
            services.tick(row, [])
            row = again(row)
            assert (row.score, row.suggested_stage) == (3, "Contact")

    def test_what_is_measured_cannot_be_ticked(self, company, stages, deal):
        with company.acting("Ann"):
            measured = asked(stages["Proposal"], "Decider", kind="measured", measure="decision_maker_known")
            for ids in ([measured.id], [999]):
                with pytest.raises(Invalid) as refused:
                    services.tick(again(deal), ids)
                assert list(refused.value.errors) == ["criteria"]
            assert again(deal).score == 0


class TestMoving:
    def test_it_begins_in_the_first_stage_with_its_probability(self, company, stages, deal):
        with company.acting("Ann"):
            row = again(deal)
            assert (row.stage.name, row.probability, row.weighted) == ("Contact", Decimal("0.1"), Decimal("100.00"))
            move = db.session.scalars(sa.select(StageMove)).one()
            assert (move.from_stage_id, move.to_stage.name, move.reason) == (None, "Contact", None)

    def test_without_stages_it_says_what_to_do(self, company):
        with company.acting("Ann"), pytest.raises(Invalid) as refused:
            make_deal(crud.create(Customer, {"name": "Beijing Tech"}))
        assert "Add the usual stages" in str(refused.value.errors["stage"])

    def test_forward_with_everything_met_needs_no_reason(self, company, stages, deal):
        with company.acting("Ann"):
            row = services.move(again(deal), stages["Proposal"].id, None)
            assert (row.stage.name, row.probability) == ("Proposal", Decimal("0.5"))

    def test_past_what_is_not_met_it_needs_a_reason(self, company, stages, deal):
        with company.acting("Ann"):
            asked(stages["Proposal"], "Decider", kind="measured", measure="decision_maker_known")
            db.session.commit()
            with pytest.raises(Invalid) as refused:
                services.move(again(deal), stages["Won"].id, None)
            assert "Decider" in refused.value.errors["reason"][0]
            db.session.rollback()
            assert (again(deal).stage.name, count(StageMove)) == ("Contact", 1)
            services.move(again(deal), stages["Won"].id, "They signed at the fair")
            last = db.session.scalars(sa.select(StageMove).order_by(StageMove.id.desc())).first()
            assert (last.reason, last.missing) == ("They signed at the fair", "Decider")

    @pytest.mark.parametrize(("there", "back"), [("Proposal", "Contact"), ("Won", "Proposal")])
    def test_back_it_needs_a_reason(self, company, stages, deal, there, back):
        with company.acting("Ann"):
            services.move(again(deal), stages[there].id, None)
            db.session.commit()
            with pytest.raises(Invalid) as refused:
                services.move(again(deal), stages[back].id, "")
            assert list(refused.value.errors) == ["reason"]
            db.session.rollback()
            row = services.move(again(deal), stages[back].id, "The buyer has left")
            assert row.stage.name == back

    def test_lost_it_needs_why(self, company, stages, deal):
        with company.acting("Ann"):
            asked(stages["Proposal"], "Decider", kind="measured", measure="decision_maker_known")
            db.session.commit()
            with pytest.raises(Invalid) as refused:
                services.move(again(deal), stages["Lost"].id, None)
            assert list(refused.value.errors) == ["lost_reason"]
            db.session.rollback()
            row = services.move(again(deal), stages["Lost"].id, "Too dear")
            assert (row.stage.name, row.lost_reason, row.suggested_stage) == ("Lost", "Too dear", "Lost")

    def test_an_edit_moves_by_the_same_rule(self, company, stages, deal):
        with company.acting("Ann"):
            asked(stages["Proposal"], "Agreed", kind="measured", measure="amount_agreed")
            with pytest.raises(Invalid) as refused:
                crud.update(again(deal), {"stage": stages["Proposal"].id})
            assert list(refused.value.errors) == ["stage_reason"]
            db.session.rollback()
            # What the same save says counts already.
            row = crud.update(again(deal), {"stage": stages["Proposal"].id, "agreed_amount": "900"})
            assert (row.stage.name, count(StageMove)) == ("Proposal", 2)

    def test_an_edit_may_say_why_and_its_reason_is_of_that_move_alone(self, company, stages, deal):
        with company.acting("Ann"):
            asked(stages["Proposal"], "Agreed", kind="measured", measure="amount_agreed")
            row = crud.update(again(deal), {"stage": stages["Proposal"].id, "stage_reason": "They asked for it"})
            last = db.session.scalars(sa.select(StageMove).order_by(StageMove.id.desc())).first()
            assert (last.reason, last.missing, row.stage_reason) == ("They asked for it", "Agreed", "")
            db.session.commit()
            with pytest.raises(Invalid) as refused:
                crud.update(row, {"stage": stages["Contact"].id})
            assert list(refused.value.errors) == ["stage_reason"]

    def test_opened_again_it_is_lost_no_more(self, company, stages, deal):
        with company.acting("Ann"):
            lost = services.move(again(deal), stages["Lost"].id, "Too dear")
            assert crud.update(again(lost), {"probability": "0.9"}).weighted == 0, "what is lost has no chance"
            row = services.move(again(deal), stages["Contact"].id, "They came back")
            assert (row.lost_reason, row.probability) == (None, Decimal("0.1"))
            reasons = list(db.session.scalars(sa.select(StageMove.reason).order_by(StageMove.id)))
            assert reasons == [None, "Too dear", "They came back"]
            won = services.move(again(deal), stages["Won"].id, None)
            assert crud.update(again(won), {"probability": "0.2"}).weighted == Decimal("1000.00")

    def test_an_undone_bulk_edit_finds_why_it_was_lost(self, company, stages, deal):
        with company.acting("Ann"):
            services.move(again(deal), stages["Lost"].id, "Too dear")
            db.session.commit()
            given = {"stage": stages["Contact"].id, "stage_reason": "They came back"}
            edited = bulk_edit.edit(Opportunity, [deal.id], given)
            assert edited.run is not None
            assert again(deal).lost_reason is None
            assert undo(edited.run).kept == []
            assert (again(deal).stage.name, again(deal).lost_reason) == ("Lost", "Too dear")

    def test_to_where_it_is_it_does_not_move(self, company, stages, deal):
        with company.acting("Ann"), pytest.raises(Invalid):
            services.move(again(deal), stages["Contact"].id, "Why not")


class TestBeginning:
    """One that is added further on has passed the stages before, as one that is moved there."""

    def test_beyond_what_is_not_met_it_needs_a_reason(self, company, stages, deal):
        with company.acting("Ann"):
            asked(stages["Contact"], "Known", kind="measured", measure="next_step_known")
            asked(stages["Proposal"], "Decider", kind="measured", measure="decision_maker_known")
            customer = again(deal).customer
            db.session.commit()
            assert make_deal(customer, name="First").stage.name == "Contact", "where it begins nothing is asked"
            db.session.commit()
            won = {"name": "Signed", "stage": stages["Won"].id}
            with pytest.raises(Invalid) as refused:
                make_deal(customer, **won)
            assert list(refused.value.errors) == ["stage_reason"]
            assert "Known; Decider" in refused.value.errors["stage_reason"][0]
            db.session.rollback()
            made = make_deal(customer, **won, stage_reason="Signed at the fair")
            move = db.session.scalars(sa.select(StageMove).where(StageMove.opportunity_id == made.id)).one()
            assert (move.reason, move.missing, made.probability) == ("Signed at the fair", "Known; Decider", 1)

    def test_what_is_known_of_the_customer_counts_already(self, company, stages, deal):
        with company.acting("Ann"):
            asked(stages["Proposal"], "Decider", kind="measured", measure="decision_maker_known")
            asked(stages["Proposal"], "Products", kind="measured", measure="competitor_known")
            contact(deal, decision_role="decides")
            customer = again(deal).customer
            db.session.commit()
            with pytest.raises(Invalid) as refused:
                make_deal(customer, name="Second", stage=stages["Proposal"].id)
            assert "Decider" not in refused.value.errors["stage_reason"][0]
            db.session.rollback()
            made = make_deal(customer, name="Second", stage=stages["Proposal"].id, competitor="Another")
            assert made.stage.name == "Proposal"

    def test_a_lost_one_needs_why(self, company, stages, deal):
        with company.acting("Ann"):
            customer = again(deal).customer
            db.session.commit()
            with pytest.raises(Invalid) as refused:
                make_deal(customer, name="Gone", stage=stages["Lost"].id, stage_reason="Entered late")
            assert list(refused.value.errors) == ["lost_reason"]
            db.session.rollback()
            made = make_deal(customer, name="Gone", stage=stages["Lost"].id, lost_reason="Too dear")
            move = db.session.scalars(sa.select(StageMove).where(StageMove.opportunity_id == made.id)).one()
            assert (move.reason, made.probability) == ("Too dear", 0)

    def test_a_file_says_why_in_a_column(self, company, stages, deal, tmp_path):
        with company.acting("Ann"):
            asked(stages["Proposal"], "Decider", kind="measured", measure="decision_maker_known")
            db.session.commit()
            path = tmp_path / "deals.csv"
            head = "Customer,Name,Stage,Why this stage,Amount,Expected close"
            path.write_text(f"{head}\nBeijing Tech,One,Won,Signed,5,2030-05-01\nBeijing Tech,Two,Won,,5,2030-05-01\n")
        with company.acting("Ann", ("can_import", Opportunity.permission_key())):
            result = run_import(Opportunity, path, "deals.csv", mode="commit", on_error="skip")
            assert [(each.row, each.column) for each in result.errors] == [(3, "Why this stage")]
            made = db.session.scalars(sa.select(Opportunity).where(Opportunity.name == "One")).one()
            move = db.session.scalars(sa.select(StageMove).where(StageMove.opportunity_id == made.id)).one()
            assert (move.reason, move.missing) == ("Signed", "Decider")


class TestStale:
    def test_days_in_stage_and_who_is_stale(self, company, stages, deal):
        with company.acting("Ann"):
            services.move(again(deal), stages["Proposal"].id, None)
            stale = sa.select(Opportunity.id).where(queries.is_stale())
            now = clock.now()
            for days, expected in ((30, False), (31, True)):
                with clock.stopped(now + timedelta(days=days)):
                    row = again(deal)
                    assert (row.days_in_stage, row.is_stale) == (days, expected)
                    assert (
                        bool(list(db.session.scalars(sa.select(Opportunity.id).where(queries.is_stale())))) is expected
                    )
            with clock.stopped(now + timedelta(days=90)):
                services.move(again(deal), stages["Won"].id, None)
                assert list(db.session.scalars(stale)) == []


class TestUsualStages:
    def test_they_are_added_once(self, company):
        with company.acting("Bob"):
            made = services.add_usual_stages()
            assert [stage.is_open for stage in made] == [True] * 4 + [False] * 2
            assert count(StageCriterion) == 9
            with pytest.raises(Conflict):
                services.add_usual_stages()


class TestScope:
    def test_the_customers_owner_reads_what_others_try_there(self, company, stages, deal):
        with company.acting("Bob", ("can_assign", "crm")):
            customer = db.session.get_one(Customer, deal.customer_id)
            crud.update(customer, {"owner": company.users["Bob"]})
        with company.acting("Bob"):
            assert count(Opportunity) == 1
        with company.acting("Cleo"):
            assert count(Opportunity) == 0
