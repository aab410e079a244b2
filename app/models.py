"""The index of the schema: every module with tables, by layer.  What the migrations load."""

import app.core.audit
import app.core.choices
import app.core.custom_field
import app.core.exchange.models
import app.core.fulltext
import app.core.idempotency
import app.core.match_keys
import app.core.notices
import app.core.numbering
import app.core.outbox
import app.core.preferences
import app.core.remarks
import app.core.saved_views
import app.core.state
import app.core.tags
import app.core.users
import app.domains.activities.models.outings
import app.domains.activities.models.plans
import app.domains.activities.models.records
import app.domains.activities.models.reviews
import app.domains.activities.models.suggestions
import app.domains.catalog.models
import app.domains.crm.models.customers
import app.domains.crm.models.lead_rules
import app.domains.crm.models.leads
import app.domains.crm.models.opportunities
import app.domains.crm.models.pool
import app.domains.crm.models.stages
import app.domains.crm.models.transfers
import app.domains.library.models
import app.domains.people.models
import app.domains.stock.models
import app.grants
import app.jobs.models
import app.ledger.models
import app.security  # noqa: F401
