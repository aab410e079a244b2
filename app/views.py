"""The map of the console: its sections and the views in them, as data, and the one function that registers it.

A new entity is one line here (and one in ``app.models``).
"""

from __future__ import annotations

from flask_appbuilder import AppBuilder

from app.core.exchange.views import ImportMappingView, ImportRunView
from app.core.i18n import lazy_gettext as _l
from app.core.web import frame
from app.core.web.api import api_for
from app.core.web.choices import ChoiceView
from app.core.web.frame import MapSection
from app.core.web.notices import NoticeView
from app.core.web.pages import pages_for
from app.core.web.saved import SavedViewView
from app.core.web.system import AuditEntryView, CustomFieldView, RoleView, SequenceView, UserView
from app.core.web.tags import TagView
from app.domains.activities.field import FIELD_PAGE, FieldApi, FieldView
from app.domains.activities.pages import TEAM, PlanHints, TeamApi, TeamView
from app.domains.activities.views import (
    ContactRecordView,
    OutingView,
    ReviewView,
    SuggestionView,
    WeeklyPlanView,
)
from app.domains.activities.week_pages import MY_WEEK, WeekView
from app.domains.catalog.views import BrandView, CategoryView, ProductView, UnitView
from app.domains.crm.views import (
    PUBLIC_POOL,
    ContactView,
    CustomerShareView,
    CustomerTransferView,
    CustomerView,
    LeadRuleView,
    LeadView,
    OpportunityView,
    PoolRuleView,
    StageCriterionView,
    StageMoveView,
    StageView,
)
from app.domains.finance.views import PartyBalanceView, PartyEntryView, PeriodView
from app.domains.library.pages import FileContentApi, FileUploads, LibraryView
from app.domains.library.views import ArticleView, FileView, FolderView
from app.domains.people.views import DepartmentView, EmployeeView, HolidayView, LeaveView, TargetView
from app.domains.stock.views import (
    SafetyStockView,
    StockAdjustmentView,
    StockBalanceView,
    StockEntryView,
    WarehouseView,
)
from app.jobs.views import JobRunView, OutboxMailView, ScheduledJobView

CONSOLE = (
    MapSection(
        "crm",
        _l("Customers"),
        "users",
        (CustomerView, ContactView, LeadView, CustomerShareView, CustomerTransferView, PoolRuleView, LeadRuleView),
        (PUBLIC_POOL,),
    ),
    MapSection(
        "selling", _l("Opportunities"), "target", (OpportunityView, StageMoveView, StageView, StageCriterionView)
    ),
    MapSection(
        "activities",
        _l("Activities"),
        "clipboard",
        (WeeklyPlanView, ContactRecordView, OutingView, ReviewView, SuggestionView, NoticeView),
        (MY_WEEK, FIELD_PAGE, TEAM),
    ),
    MapSection("library", _l("Papers"), "folder", (FileView, ArticleView, FolderView)),
    MapSection("catalog", _l("Products"), "box", (ProductView, CategoryView, BrandView, UnitView)),
    MapSection(
        "stock",
        _l("Stock"),
        "warehouse",
        (StockBalanceView, StockAdjustmentView, SafetyStockView, StockEntryView, WarehouseView),
    ),
    MapSection("finance", _l("Receivables"), "coin", (PartyBalanceView, PartyEntryView, PeriodView)),
    MapSection(
        "people",
        _l("People"),
        "people",
        (EmployeeView, DepartmentView, TargetView, LeaveView, HolidayView),
        (frame.reading_page(EmployeeView, "handovers"),),
    ),
    MapSection(
        "system",
        _l("System"),
        "cog",
        (
            UserView,
            RoleView,
            CustomFieldView,
            SequenceView,
            ScheduledJobView,
            JobRunView,
            OutboxMailView,
            ImportRunView,
            ImportMappingView,
            SavedViewView,
            TagView,
            ChoiceView,
            AuditEntryView,
        ),
    ),
)


def register(appbuilder: AppBuilder) -> None:
    """Register every view of the map with Flask-AppBuilder: its pages and its API."""
    frame.console[:] = CONSOLE
    for section in CONSOLE:
        for view in section.views:
            appbuilder.add_view_no_menu(pages_for(view))
            appbuilder.add_api(api_for(view))
    appbuilder.add_view_no_menu(TeamView)
    appbuilder.add_view_no_menu(PlanHints)
    appbuilder.add_api(TeamApi)
    appbuilder.add_view_no_menu(WeekView)
    appbuilder.add_view_no_menu(LibraryView)
    appbuilder.add_view_no_menu(FileUploads)
    appbuilder.add_api(FileContentApi)
    appbuilder.add_view_no_menu(FieldView)
    appbuilder.add_api(FieldApi)
