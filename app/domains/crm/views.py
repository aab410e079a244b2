"""How customers, contacts and shares are shown."""

from __future__ import annotations

from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.web.view import EntityView, Related
from app.domains.crm.models import Contact, Customer, CustomerShare


class CustomerView(EntityView, model=Customer):
    icon = "users"
    columns = ("code", "name", "status", "level", "region", "phone", "owner", "next_contact_on")
    fieldsets = (
        (
            lazy_pgettext("basics", "Customer"),
            ("code", "name", "short_name", "kind", "status", "level", "industry", "source", "owner", "tags"),
        ),
        (lazy_pgettext("ways", "Contact"), ("phone", "email", "website", "last_contact_on", "next_contact_on")),
        (_l("Place"), ("region", "address", "latitude", "longitude")),
        (_l("Accounting"), ("tax_number", "bank_name", "bank_account", "credit_limit", "payment_days")),
        (_l("Note"), ("note",)),
    )
    related = (
        Related("contacts", "customer", columns=("name", "job_title", "mobile", "email", "is_primary")),
        Related("customer-shares", "customer", label=_l("Shared with"), columns=("user", "access", "until")),
    )
    help = _l("Yours, those of the people you lead, those shared with you, and the public pool.")
    empty = _l("Add your first customer, or import your list from a spreadsheet.")


class ContactView(EntityView, model=Contact):
    icon = "people"
    columns = ("name", "customer", "job_title", "mobile", "phone", "email", "is_primary")
    fieldsets = (
        (lazy_pgettext("basics", "Contact"), ("customer", "name", "job_title", "decision_role", "is_primary")),
        (_l("How to reach them"), ("mobile", "phone", "email", "wechat")),
        (_l("Personal"), ("birthday",)),
    )
    sort = "name"
    help = _l("The people at your customers. The first of each is the one we call first.")
    empty = _l("Open a customer and add the people you talk to there.")


class CustomerShareView(EntityView, model=CustomerShare):
    icon = "key"
    columns = ("customer", "user", "access", "until")
    fieldsets = (("", ("customer", "user", "access", "until")),)
    help = _l("Who besides its owner may see a customer, or work on it, and until when.")
    empty = _l("Share a customer with a colleague who helps you with it, for a while or for good.")
