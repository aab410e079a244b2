"""Every operator of every kind of field finds the rows that it should, on both databases; conditions combine; searches find names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from app.core import clock, crud, db, flags, identity
from app.core.entity import entity_for
from app.core.fields import TEXTS, Field, fields_of
from app.core.web import query, spans
from tests.app_fixtures import acting

NAMES = (
    "北京科技",
    "50% off",
    "50 x off",
    "a_b",
    "aXb",
    "back\\slash",
    "O'Brien; --",
    "Ünïcode ß",
    "MiXed",
    "mixed",
    "*?[a]",
    "x" * 200,
)
PROBES: dict[str, tuple[Any, ...]] = {
    "tags": ("vip", "VIP", "50% off", "nothing"),
    "text": ("%", "_", "a_b", "MIXED", "北京", "\\", "50%", "x" * 200, "'", "no such"),
    "integer": (0, 3, 7, 1000),
    "decimal": ("2.50", "0", "1000", "2.500000"),
    "date": ("2026-01-05", "2026-01-01", "2027-01-01"),
    "datetime": ("2026-01-05", "2026-01-05T08:00:00+08:00", "2026-01-05T00:00:00Z"),
    "bool": (True, False),
}  # fmt: skip


SPANS: dict[str, tuple[str, ...]] = {
    "integer": ("0..3", "..3", "3.."),
    "decimal": ("0..2.50", "2.50..", "5"),
    "date": ("2026-01-02..2026-01-05", "..2026-01-03", "2026-01-03..", "this-week", "last-3-days", "next-3-days"),
    "datetime": ("2026-01-02..2026-01-05", "..2026-01-03", "yesterday", "last-month", "this-quarter"),
}  # fmt: skip
NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


def like(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    # SQLite and PostgreSQL agree on the case of ASCII letters; that is what the probes have.
    return lambda value, probe: value is not None and test(value.lower(), probe.lower())


def compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, probe: value is not None and test(value, probe)


CONTAINS = like(lambda value, probe: probe in value)
STARTS = like(str.startswith)
ENDS = like(str.endswith)
MEANING: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, probe: value == probe,
    "neq": lambda value, probe: value != probe,
    "rel_o_m": lambda value, probe: value == probe,
    "nrel_o_m": lambda value, probe: value != probe,
    "gt": compare(lambda value, probe: value > probe),
    "ge": compare(lambda value, probe: value >= probe),
    "lt": compare(lambda value, probe: value < probe),
    "le": compare(lambda value, probe: value <= probe),
    "ct": CONTAINS,
    "nct": lambda value, probe: not CONTAINS(value, probe),
    "sw": STARTS,
    "nsw": lambda value, probe: not STARTS(value, probe),
    "ew": ENDS,
    "new": lambda value, probe: not ENDS(value, probe),
    "in": lambda value, probe: value in probe,
    "nin": lambda value, probe: value not in probe,
    "within": lambda value, probe: (
        value is not None and (probe[0] is None or probe[0] <= value) and (probe[1] is None or value <= probe[1])
    ),
    "nwithin": lambda value, probe: not MEANING["within"](value, probe),
    "empty": lambda value, _probe: value in (None, ""),
    "nempty": lambda value, _probe: value not in (None, ""),
}


def rows(model: Any) -> list[Any]:
    """Rows with something and with nothing in each field, odd texts among them."""
    found = []
    for number, name in enumerate(NAMES):
        full = number % 3 != 2
        data = {
            "name": name,
            "short_name": name[:80] if full else None,
            "address": name if full else None,
            "phone": f"010-8000 {number}00" if full else None,
            "level": "AB"[number % 2] if full else None,
            "status": ("potential", "active", "lost")[number % 3],
            "payment_days": number % 5 if full else None,
            "credit_limit": Decimal("2.50") * (number % 4) if full else None,
            "latitude": Decimal("2.5") * (number % 4) if full else None,
            "next_contact_on": date(2026, 1, 1 + number % 9) if full else None,
            "tags": ["VIP", "50% off"][: number % 3],
        }
        row = crud.create(model, data)
        row.created_on = datetime(2026, 1, 1 + number % 9, 0, 0, tzinfo=UTC)
        found.append(row)
    db.session.flush()
    return found


def met(field: Field, operator: str, value: Any, raw: Any) -> bool:
    """Whether a row's ``value`` meets the condition, reckoned in Python."""
    if field.kind == "tags":
        carried = {str(tag).lower() for tag in value}
        asked = {each.lower() for each in (raw if isinstance(raw, list) else [raw] if raw else [])}
        any_of = bool(carried & asked) if asked else bool(carried)
        return any_of != (operator in ("nrel_m_m", "nin", "empty"))
    if operator in ("empty", "nempty"):
        return MEANING[operator](value, None)
    read = query._read(field, operator, raw)
    if operator in ("within", "nwithin"):
        day = value if value is None or field.kind != "datetime" else clock.local(value).date()
        return MEANING[operator](day, read.bounds(clock.today()))
    if field.kind == "datetime" and isinstance(read, date) and not isinstance(read, datetime):
        day = None if value is None else clock.local(value).date()
        return MEANING[operator](day, read)
    return MEANING[operator](value, read)


def probes(field: Field, found: list[Any]) -> list[Any]:
    if field.kind in TEXTS:
        return list(PROBES["text"])
    if field.kind == "choice":
        return [*field.choices, "nonsense"]
    if field.kind == "relation":
        return [1, 2, 987_654]
    return list(PROBES[field.kind])


def test_every_operator_of_every_kind(any_app):
    model = entity_for("customers")
    with acting(any_app), clock.stopped(NOW):
        found = rows(model)
        checked = 0
        tried: set[str] = set()
        fields = {name: field for name, field in query.filterable(model).items() if not isinstance(field, flags.Flag)}
        for name, field in fields.items():  # a flag is no field of a row, and has tests of its own
            values = {row.id: getattr(row, field.attribute) for row in found}
            for operator in query.BY_KIND[field.kind]:
                given = probes(field, found)
                # Every probe for one field of a kind; the others are the same SQL on another column.
                given = given[:2] if field.kind in tried else given
                asked = [given[:2], given] if operator in ("in", "nin") else given
                asked = SPANS[field.kind] if operator in ("within", "nwithin") else asked
                asked = asked if query.OPERATORS[operator][1] else [None]
                for raw in asked:
                    statement = query.ListQuery(model, conditions=[query.condition(model, name, operator, raw)])
                    right = {key for key, value in values.items() if met(field, operator, value, raw)}
                    assert {row.id for row in db.session.scalars(statement.filtered()).unique()} == right, (
                        name,
                        operator,
                        raw,
                    )
                    assert raw is not asked[0] or statement.count() == len(right), (name, operator, raw)
                    checked += 1
            tried.add(field.kind)
        assert checked > 300


def test_conditions_combine(any_app):
    model = entity_for("customers")
    with acting(any_app):
        found = rows(model)
        asked = [
            ("level", "eq", "A"),
            ("payment_days", "ge", 1),
            ("name", "nct", "%"),
            ("next_contact_on", "lt", "2026-01-08"),
        ]
        conditions = [query.condition(model, *each) for each in asked]
        right = {
            row.id
            for row in found
            if all(met(each.field, each.operator, getattr(row, each.field.attribute), each.raw) for each in conditions)
        }
        assert {row.id for row in db.session.scalars(query.ListQuery(model, conditions=conditions).filtered())} == right
        assert 0 < len(right) < len(found)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("bjkj", {"北京科技"}),
        ("beijing", {"北京科技"}),
        ("BEIJINGKEJI", {"北京科技"}),
        ("北京", {"北京科技"}),
        ("京科 bj", {"北京科技"}),
        ("50%", {"50% off"}),
        ("a_b", {"a_b"}),
        ("back\\", {"back\\slash"}),
        ("*", {"*?[a]"}),
        ("unicode", {"Ünïcode ß"}),
        ("MIXED", {"MiXed", "mixed"}),
        ("ｍｉｘｅｄ", {"MiXed", "mixed"}),
        ("o'brien", {"O'Brien; --"}),
        ("off 50", {"50% off", "50 x off"}),
        ("off nothing", set()),
    ],
)  # fmt: skip
def test_a_search_finds(app, typed, names):
    model = entity_for("customers")
    with acting(app):
        rows(model)
        assert {row.name for row in db.session.scalars(query.ListQuery(model, search=typed).filtered())} == names


def test_an_order_has_no_ties_across_pages(any_app):
    """Whatever the order, the pages together hold each row once."""
    model = entity_for("customers")
    with acting(any_app):
        every = sorted(row.id for row in rows(model))
        for name in query.sortable(model):
            for descending in (False, True):
                asked = query.ListQuery(model, order=name, descending=descending, size=5)
                found = []
                for asked.page in range(3):
                    found += [row.id for row in asked.rows(["owner"])]
                assert sorted(found) == every, (name, descending)
        for name in ("payment_days", "credit_limit", "next_contact_on", "created_on"):
            values = [getattr(row, name) for row in query.ListQuery(model, order=name, size=100).rows([])]
            given = [value for value in values if value is not None]
            assert given == sorted(given), name


def test_a_page_says_in_words_what_is_in_force(pages, api):
    api("ann").add("customers", name="50% off", level="A")
    browser = pages("ann")
    page = browser.get("/customers/list/?f=level:eq:A&f=name:ct:50%25&f=payment_days:empty:&q=50%25").text
    for words in ("Level is A", "Name contains 50%", "Payment days is empty"):
        assert words in page, words
    assert "50% off" in page
    # Taking one away keeps the others, the search and the order.
    assert "f=level%3Aeq%3AA" in page and "q=50%25" in page


def test_a_day_is_the_companys_day(app):
    """A moment late in the evening of UTC is of the next day in Shanghai."""
    model = entity_for("customers")
    with acting(app) as session:
        row = crud.create(model, {"name": "x"})
        row.created_on = datetime.combine(date(2026, 3, 1), time(17, 0), UTC)
        session.flush()
        on = lambda day: query.ListQuery(model, conditions=[query.condition(model, "created_on", "eq", day)]).count()  # noqa: E731
        assert (on("2026-03-01"), on("2026-03-02")) == (0, 1)


class TestRelativeDays:
    """A stretch that has a name is reckoned when it is asked for, in the company's days."""

    def test_what_they_are(self, app):
        day = fields_of(entity_for("customers"))["next_contact_on"]
        # Saturday evening in UTC is Sunday already in Shanghai.
        with clock.stopped(datetime(2026, 2, 28, 17, 0, tzinfo=UTC)):
            for named, first, last in (
                ("today", "2026-03-01", "2026-03-01"),
                ("yesterday", "2026-02-28", "2026-02-28"),
                ("tomorrow", "2026-03-02", "2026-03-02"),
                ("this-week", "2026-02-23", "2026-03-01"),
                ("last-week", "2026-02-16", "2026-02-22"),
                ("next-week", "2026-03-02", "2026-03-08"),
                ("this-month", "2026-03-01", "2026-03-31"),
                ("last-month", "2026-02-01", "2026-02-28"),
                ("next-month", "2026-04-01", "2026-04-30"),
                ("this-quarter", "2026-01-01", "2026-03-31"),
                ("last-quarter", "2025-10-01", "2025-12-31"),
                ("this-year", "2026-01-01", "2026-12-31"),
                ("last-year", "2025-01-01", "2025-12-31"),
                ("last-7-days", "2026-02-23", "2026-03-01"),
                ("next-2-days", "2026-03-01", "2026-03-02"),
                ("2026-03-05..", "2026-03-05", "None"),
            ):  # fmt: skip
                assert tuple(map(str, spans.read(day, named).bounds(clock.today()))) == (first, last), named

    def test_what_is_none_is_told(self, app, api):
        ann = api("ann")
        for value in ("", "..", "someday", "last-0-days", "last-99999-days", "2026-03-02..2026-03-01", ["today"], 3):
            answer = ann.get("customers/", {"filters": [{"col": "created_on", "opr": "within", "value": value}]})
            assert answer.status_code == 400, value
            assert answer.json["message"].startswith("Created: "), value

    def test_a_view_of_this_month_moves_on(self, app, api, pages):
        ann = api("ann")
        for name, day in (("March", "2026-03-10"), ("April", "2026-04-01")):
            ann.add("customers", name=name, next_contact_on=day)
        ann.add("customers", name="Never")
        asked = {"filters": [{"col": "next_contact_on", "opr": "within", "value": "this-month"}]}
        with clock.stopped(datetime(2026, 3, 31, 12, 0)):
            state = "f=next_contact_on:within:this-month"
            saved = pages("ann").post(f"/list-views/customers/save?state={quote(state)}", {"name": "Due"})
            [view] = ann.rows("saved-views")
            assert view["filter"] == asked
            assert [row["name"] for row in ann.rows("customers", view=view["id"])] == ["March"]
            page = pages("ann").get(saved.location).text
            assert "Next contact: this month" in page and "March" in page and "Never" not in page
        with clock.stopped(datetime(2026, 4, 1, 0, 30)):
            assert [row["name"] for row in ann.rows("customers", view=view["id"])] == ["April"]
            assert [row["name"] for row in ann.rows("customers", **asked)] == ["April"]
            contrary = {"filters": [{"col": "next_contact_on", "opr": "nwithin", "value": "this-month"}]}
            assert {row["name"] for row in ann.rows("customers", **contrary)} == {"March", "Never"}
            file = pages("ann").get(f"/customers/export?format=csv&view={view['id']}")
            assert "April" in file.text and "March" not in file.text
            file.close()
            assert "：本月" in pages("ann", locale="zh").get(f"/customers/list/?{state}").text


def test_many_values_to_many(app):
    """A user is found by a role it has."""
    model = next(view.model for name, view in query_views() if name == "users")
    with acting(app) as session:
        roles = fields_of(model)["roles"]
        for role in session.scalars(sa.select(roles.target)):
            right = {user.id for user in session.scalars(sa.select(model)).unique() if role in user.roles}
            asked = query.ListQuery(model, conditions=[query.condition(model, "roles", "rel_m_m", role.id)])
            assert {user.id for user in session.scalars(asked.filtered()).unique()} == right, role
            asked = query.ListQuery(model, conditions=[query.condition(model, "roles", "nin", [role.id])])
            every = set(session.scalars(sa.select(model.id)))
            assert {user.id for user in session.scalars(asked.filtered()).unique()} == every - right, role
        assert identity.current() is not None


def query_views() -> list[tuple[str, Any]]:
    from app.core.web.view import views

    return list(views.items())
