"""Weekly plans: written by their owner, reviewed by a superior."""

from __future__ import annotations

from datetime import date

import pytest

from app.core import crud, db, identity
from app.core.document import possible, take
from app.core.errors import Conflict, Invalid, NotPermitted, NotVisible
from app.domains.activities import queries
from app.domains.activities.models import WeeklyPlan

WEEK = "2026-11-23"
LINES = [{"planned_on": "2026-11-24", "kind": "visit", "goal": "Show the new valves"}]


def make_plan(**fields) -> WeeklyPlan:
    return crud.create(WeeklyPlan, {"week": WEEK, "plan": "Visit Beijing Tech", "lines": LINES} | fields)


@pytest.fixture
def submitted(company) -> int:
    """Ann's plan, waiting for Bob."""
    with company.acting("Ann"):
        return take(make_plan(), "submit").id


class TestWeeklyPlan:
    def test_any_day_stands_for_its_week(self, company):
        with company.acting("Ann"):
            assert make_plan(week="2026-11-29").week == date(2026, 11, 23)

    def test_there_is_one_for_each_owner_and_week(self, company):
        with company.acting("Ann"):
            make_plan()
            with pytest.raises(Invalid):
                make_plan(week="2026-11-25")
            db.session.rollback()
        with company.acting("Bob"):
            make_plan()

    @pytest.mark.parametrize("day", ["2026-11-22", "2026-11-30", "2027-03-20"])
    def test_a_line_lies_in_its_week(self, company, day):
        with company.acting("Ann"):
            with pytest.raises(Invalid) as refusal:
                make_plan(lines=[*LINES, {**LINES[0], "planned_on": day}])
            assert list(refusal.value.errors) == ["lines.1.planned_on"]
            assert "2026-11-23" in refusal.value.words and "2026-11-29" in refusal.value.words

    def test_the_first_and_the_last_day_are_in_it(self, company):
        days = ("2026-11-23", "2026-11-29")
        with company.acting("Ann"):
            plan = make_plan(lines=[{**LINES[0], "planned_on": day} for day in days])
            assert tuple(str(line.planned_on) for line in plan.lines) == days

    def test_it_comes_to_another_week_with_its_lines_alone(self, company):
        with company.acting("Ann"):
            plan = make_plan()
            with pytest.raises(Invalid) as refusal:
                crud.update(plan, {"week": "2026-11-30"})
            assert list(refusal.value.errors) == ["lines.0.planned_on"]
            db.session.rollback()
            plan = make_plan()
            line = {"id": plan.lines[0].id, "planned_on": "2026-12-01"}
            crud.update(plan, {"week": "2026-11-30", "lines": [line]})
            assert plan.lines[0].planned_on == date(2026, 12, 1)

    def test_another_team_does_not_see_it(self, company, submitted):
        with company.acting("Cleo"), pytest.raises(NotVisible):
            crud.fetch(WeeklyPlan, submitted)


class TestSubmit:
    def test_it_takes_its_number(self, company):
        with company.acting("Ann"):
            plan = take(make_plan(date="2026-11-22"), "submit")
            assert (plan.state, plan.number) == ("submitted", "WP2026-00001")

    @pytest.mark.parametrize("fields", [{"lines": []}, {"plan": ""}])
    def test_text_or_a_line_is_enough(self, company, fields):
        with company.acting("Ann"):
            assert take(make_plan(**fields), "submit").state == "submitted"

    def test_refuses_an_empty_one(self, company):
        with company.acting("Ann"), pytest.raises(Invalid) as refusal:
            take(make_plan(plan=" ", lines=[]), "submit")
        assert list(refusal.value.errors) == ["plan"]


class TestSubmitted:
    def test_results_summary_and_suggestion_can_still_be_written(self, company, submitted):
        with company.acting("Ann"):
            plan = crud.fetch(WeeklyPlan, submitted)
            line = {"id": plan.lines[0].id, "done": True, "result": "They want ten", **LINES[0]}
            crud.update(plan, {"plan": plan.plan, "summary": "Good", "suggestion": "More samples", "lines": [line]})
            assert (plan.summary, plan.lines[0].done) == ("Good", True)

    @pytest.mark.parametrize(
        "change", [{"plan": "Another"}, {"week": "2026-11-30"}, {"lines": []}, {"lines": [*LINES, *LINES]}]
    )
    def test_the_plan_itself_stays(self, company, submitted, change):
        with company.acting("Ann"), pytest.raises(Conflict):
            crud.update(crud.fetch(WeeklyPlan, submitted), change)

    def test_a_line_stays(self, company, submitted):
        with company.acting("Ann"):
            plan = crud.fetch(WeeklyPlan, submitted)
            with pytest.raises(Conflict):
                crud.update(plan, {"lines": [{"id": plan.lines[0].id, "goal": "Something else"}]})

    @pytest.mark.parametrize("who", ["Ann", "Bob"])
    def test_it_is_reopened_by_its_owner_or_a_superior(self, company, submitted, who):
        with company.acting(who):
            plan = take(crud.fetch(WeeklyPlan, submitted), "reopen")
            crud.update(plan, {"plan": "Another"})
            assert (plan.state, plan.number) == ("draft", "WP2026-00001")


class TestReview:
    @pytest.mark.parametrize("superior", ["Bob", "Dora"])
    def test_a_superior_reviews_with_a_comment(self, company, submitted, superior):
        with company.acting(superior):
            assert db.session.scalars(queries.awaiting_review()).one().id == submitted
            plan = take(crud.fetch(WeeklyPlan, submitted), "review", {"review_comment": "Well done"})
            assert (plan.state, plan.review_comment) == ("reviewed", "Well done")
            assert possible(plan) == []
            with pytest.raises(Conflict):
                crud.update(plan, {"summary": "Late"})

    def test_nobody_reviews_their_own(self, company, submitted):
        with company.acting("Ann"), pytest.raises(NotPermitted):
            take(crud.fetch(WeeklyPlan, submitted), "review")

    def test_not_even_who_leads_everyone(self, company):
        with company.acting("Dora", (identity.CHANGE_ALL, "activities")):
            plan = take(make_plan(), "submit")
            assert [step.name for step in possible(plan)] == ["reopen"]
            with pytest.raises(NotPermitted):
                take(plan, "review")

    def test_who_may_change_every_plan_reviews_it(self, company, submitted):
        with company.acting("Wei", (identity.SEE_ALL, "activities"), (identity.CHANGE_ALL, "activities")):
            assert take(crud.fetch(WeeklyPlan, submitted), "review").state == "reviewed"

    def test_seeing_it_is_not_enough(self, company, submitted):
        with company.acting("Wei", (identity.SEE_ALL, "activities")), pytest.raises(NotPermitted):
            take(crud.fetch(WeeklyPlan, submitted), "review")

    def test_the_comment_is_set_by_the_review_alone(self, company):
        with company.acting("Ann"), pytest.raises(Invalid) as refusal:
            make_plan(review_comment="Well done, me")
        assert list(refusal.value.errors) == ["review_comment"]
