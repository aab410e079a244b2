"""The steps of a first start, each with how far it is: counted, so that nothing has to be ticked off."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.core import db, settings
from app.core.entity import User, entity_for
from app.core.i18n import gettext as _
from app.core.i18n import ngettext
from app.core.state import Remembered
from app.core.web.page import Link
from app.demo import MARK

LEFT = "first-start"  # what the database remembers of the steps: «later» or «hidden»
LATER, HIDDEN = "later", "hidden"


@dataclass(frozen=True)
class Known:
    """What one look tells of the company: how far it is, and what was said of the steps."""

    company: bool
    people: int  # accounts besides the first
    products: int
    customers: int
    left: str = ""
    demo: dict[str, Any] | None = None

    @property
    def done(self) -> tuple[bool, ...]:
        """Whether each of the steps is done."""
        return (self.company, self.people > 0, self.products > 0, self.customers > 0)

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has been done at all."""
        return not any(self.done)


@dataclass
class Step:
    """A step as the page shows it; the first of ``links`` is the one to begin with."""

    id: str
    title: str
    text: str
    is_done: bool
    told: str = ""
    links: list[Link] = field(default_factory=list)


MOST = 1000  # rows that are counted; more are «1,000+»


def look() -> Known:
    """One statement, however many rows there are."""

    def some(resource: str) -> Any:
        model = entity_for(resource)
        assert model is not None
        # Whoever asks sees every row: only administrators are shown the steps.
        rows = sa.select(model.id).limit(MOST).subquery()
        return sa.select(sa.func.count()).select_from(rows).scalar_subquery()

    def remembered(name: str) -> Any:
        return sa.select(Remembered.value).where(Remembered.name == name).scalar_subquery()

    people = sa.select(sa.func.count()).select_from(sa.select(User.id).limit(MOST).subquery()).scalar_subquery()
    row = db.session.execute(
        sa.select(people, some("products"), some("customers"), remembered(LEFT), remembered(MARK))
    ).one()
    demo = json.loads(row[4]) if row[4] else None
    return Known(settings.is_said(), row[0] - 1, row[1], row[2], row[3] or "", demo)


def steps(known: Known) -> Sequence[Step]:
    """The steps, as far as they are."""
    company, people, products, customers = known.done
    return [
        Step(
            "company",
            _("Your company"),
            _("What it is called, which language and zone it keeps, and in which currency it counts."),
            company,
            settings.settings().company if company else "",
            [Link(_("Say who you are") if not company else _("Change"), "/start/company")],
        ),
        Step(
            "people",
            _("Your people"),
            _("An account for each, with a role that says what they may do, and their place under Employees."),
            people,
            _counted(
                known.people, ngettext("%(count)s account", "%(count)s accounts", known.people, count=_n(known.people))
            ),
            [
                Link(_("Add an account"), "/users/add"),
                Link(_("Departments"), "/departments/list/"),
                Link(_("Import employees"), "/employees/import"),
            ],
        ),
        Step(
            "products",
            _("Your products"),
            _("Import the list that you have (Excel or CSV, headings in English or Chinese), or add them one by one."),
            products,
            _counted(
                known.products,
                ngettext("%(count)s product", "%(count)s products", known.products, count=_n(known.products)),
            ),
            [Link(_("Import products"), "/products/import"), Link(_("Add a product"), "/products/add")],
        ),
        Step(
            "customers",
            _("Your customers"),
            _("Import them too. Whoever is named as the owner looks after the customer from then on."),
            customers,
            _counted(
                known.customers,
                ngettext("%(count)s customer", "%(count)s customers", known.customers, count=_n(known.customers)),
            ),
            [Link(_("Import customers"), "/customers/import"), Link(_("Add a customer"), "/customers/add")],
        ),
    ]


def _n(count: int) -> str:
    return f"{count:,}" + ("+" if count >= MOST else "")


def _counted(count: int, text: str) -> str:
    return text if count else ""
