"""The index of the schema: every module with tables, by layer.  What the migrations load."""

import app.core.audit
import app.core.choices
import app.core.numbering
import app.core.users
import app.domains.activities.models
import app.domains.catalog.models
import app.domains.crm.models
import app.domains.people.models
import app.domains.stock.models
import app.ledger.models  # noqa: F401
