"""What the crm itself measures of an opportunity."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from app.core import clock
from app.core.i18n import lazy_gettext as _l
from app.domains.crm.measures import measure
from app.domains.crm.models import Contact, Customer
from app.domains.crm.models.opportunities import opportunity_products

DECIDES = ("%decid%", "%decision%", "%决策%", "%拍板%", "%决定%")
"""What the role of somebody who decides is called, however a company writes it."""

CONTACTS: Any = sa.inspect(Contact).local_table
CUSTOMERS: Any = sa.inspect(Customer).local_table


def yes(condition: Any) -> Any:
    """1 where ``condition`` holds, else 0."""
    return sa.case((condition, 1), else_=0)


def _contacts(opportunity: Any) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(CONTACTS).where(CONTACTS.c.customer_id == opportunity.c.customer_id)


@measure("contacts_known", _l("Contacts of the customer that we know"), counts=True)
def contacts_known(opportunity: Any) -> Any:
    """How many people at the customer we know."""
    return _contacts(opportunity).scalar_subquery()


@measure("decision_maker_known", _l("We know who decides"))
def decision_maker_known(opportunity: Any) -> Any:
    """Whether one of the customer's contacts has the role of deciding."""
    role = sa.func.lower(CONTACTS.c.decision_role)
    decides = _contacts(opportunity).where(sa.or_(*(role.like(each) for each in DECIDES)))
    return yes(decides.scalar_subquery() > 0)


@measure("days_since_contact", _l("Days since the last contact with the customer"), counts=True)
def days_since_contact(opportunity: Any) -> Any:
    """Whole days since anybody was last in contact; None when nobody ever was."""
    last = _of_customer(opportunity, CUSTOMERS.c.last_contact_on)
    return _days_between(last, clock.today())


@measure("next_contact_planned", _l("The next contact with the customer has a day"))
def next_contact_planned(opportunity: Any) -> Any:
    """Whether the customer's next contact is today or later."""
    return yes(_of_customer(opportunity, CUSTOMERS.c.next_contact_on) >= clock.today())


@measure("amount_known", _l("The amount is known"), own=lambda row: (row.amount or 0) > 0)
def amount_known(opportunity: Any) -> Any:
    """Whether it says what we expect to sell."""
    return yes(opportunity.c.amount > 0)


@measure("amount_agreed", _l("The customer has agreed to an amount"), own=lambda row: row.agreed_amount is not None)
def amount_agreed(opportunity: Any) -> Any:
    """Whether it says what the customer agreed to pay."""
    return yes(opportunity.c.agreed_amount.is_not(None))


def _closes_ahead(row: Any) -> bool:
    return row.expected_close_on is not None and row.expected_close_on >= clock.today()


@measure("close_date_ahead", _l("The expected close lies ahead"), own=_closes_ahead)
def close_date_ahead(opportunity: Any) -> Any:
    """Whether its expected close is today or later."""
    return yes(opportunity.c.expected_close_on >= clock.today())


@measure("next_step_known", _l("The next step is written down"), own=lambda row: bool(row.next_step))
def next_step_known(opportunity: Any) -> Any:
    """Whether it says what is done next."""
    return yes(sa.func.coalesce(opportunity.c.next_step, "") != "")


@measure("competitor_known", _l("The competitor is known"), own=lambda row: bool(row.competitor))
def competitor_known(opportunity: Any) -> Any:
    """Whether it says whom we are up against."""
    return yes(sa.func.coalesce(opportunity.c.competitor, "") != "")


@measure("products_known", _l("Products that it is about"), counts=True, own=lambda row: len(row.products))
def products_known(opportunity: Any) -> Any:
    """How many products it is about."""
    table = opportunity_products
    wanted = sa.select(sa.func.count()).select_from(table).where(table.c.opportunity_id == opportunity.c.id)
    return wanted.scalar_subquery()


def _of_customer(opportunity: Any, column: Any) -> Any:
    return sa.select(column).where(CUSTOMERS.c.id == opportunity.c.customer_id).scalar_subquery()


def _days_between(earlier: Any, later: Any) -> Any:
    """Whole days from the date ``earlier`` (SQL) to the day ``later``, on either database."""
    return DaysUntil(earlier, sa.literal(later, sa.Date()))


class DaysUntil(sa.sql.functions.GenericFunction[int]):
    """``DaysUntil(a, b)``: whole days from the date a to the date b."""

    type = sa.Integer()
    inherit_cache = True
    name = "kehu_days_until"


@compiles(DaysUntil)
def _days(element: Any, compiler: Any, **kw: Any) -> str:
    earlier, later = (compiler.process(each, **kw) for each in element.clauses)
    return f"({later} - {earlier})"


@compiles(DaysUntil, "sqlite")
def _days_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    earlier, later = (compiler.process(each, **kw) for each in element.clauses)
    return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"
