"""Kehu: customers, goods and stock in one console.  ``create_app`` puts the house together in a few steps."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify
from flask_appbuilder import AppBuilder
from flask_appbuilder.api.manager import OpenApi

if TYPE_CHECKING:
    from config import Settings

SESSION_LIFETIME = timedelta(hours=12)


def create_app(settings: Settings | None = None) -> Flask:
    """The application for ``settings`` (from the environment when None).  Touches no database."""
    from app.core import clock, db, i18n
    from app.core.web import compiled, edge, frame, statics
    from app.core.web.routes import LazyRule
    from config import Settings

    settings = settings or Settings.from_env()
    # Flask-AppBuilder complains of columns that its own lists could not filter by; they are not used.
    logging.getLogger("flask_appbuilder.models.filters").setLevel(logging.ERROR)
    app = Flask(__name__)
    app.url_rule_class = LazyRule
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["kehu.settings"] = settings
    clock.set_zone(settings.timezone)
    app.config.from_mapping(_flask_config(settings))
    statics.init_app(app)
    compiled.init_app(app)
    i18n.compile_catalogues()
    db.db.init_app(app)

    with app.app_context():
        from app import models, security, views
        from app.core.web import accounts
        from app.core.web.access import PreviewView
        from app.core.web.account import AccountView
        from app.core.web.menu import MenuView
        from app.core.web.notices import NoticeChoicesView
        from app.core.web.permissions import RolePermissionsView
        from app.core.web.saved import ListViews
        from app.core.web.search_pages import SearchApi, SearchView
        from app.first.views import FirstStartView
        from app.reports.home import HomeView

        app.config["FAB_PASSWORD_COMPLEXITY_ENABLED"] = True
        app.config["FAB_PASSWORD_COMPLEXITY_VALIDATOR"] = accounts.require_good_password
        edge.init_app(app, security.load_actor)
        frame.init_app(app)
        appbuilder = AppBuilder(indexview=HomeView, base_template="kehu/base.html", update_perms=False)
        appbuilder.security_manager_class = security.KehuSecurityManager
        appbuilder.init_app(app, db.session)
        i18n.init_app(app)
        appbuilder.add_api(OpenApi)
        appbuilder.add_view_no_menu(AccountView)
        appbuilder.add_view_no_menu(NoticeChoicesView)
        appbuilder.add_view_no_menu(MenuView)
        appbuilder.add_view_no_menu(ListViews)
        appbuilder.add_view_no_menu(FirstStartView)
        appbuilder.add_view_no_menu(PreviewView)
        appbuilder.add_view_no_menu(RolePermissionsView)
        appbuilder.add_view_no_menu(SearchView)
        appbuilder.add_api(SearchApi)
        views.register(appbuilder)
        assert models is not None  # every table is known by now

    @app.get("/health")
    def health() -> Response:
        return jsonify(status="ok")

    return app


def _flask_config(settings: Settings) -> dict[str, object]:
    """Flask's and Flask-AppBuilder's own settings, from ours."""
    return {
        "SECRET_KEY": settings.ensured_secret_key(),
        "SQLALCHEMY_DATABASE_URI": settings.sqlalchemy_url,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(settings),
        "MAX_CONTENT_LENGTH": settings.max_upload_mb * 2**20,
        "MAX_FORM_PARTS": 40_000,  # a document of 2,000 lines
        "MAX_FORM_MEMORY_SIZE": 16 * 2**20,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.address.startswith("https://"),
        "PERMANENT_SESSION_LIFETIME": SESSION_LIFETIME,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: a form left open over lunch can be saved
        "TRUSTED_HOSTS": [host.strip() for host in settings.trusted_hosts.split(",") if host.strip()] or None,
        "BABEL_DEFAULT_LOCALE": settings.locale,
        "BABEL_DEFAULT_TIMEZONE": settings.timezone,
        "LANGUAGES": {"en": {"flag": "gb", "name": "English"}, "zh": {"flag": "cn", "name": "简体中文"}},
        "APP_NAME": settings.company,
        "AUTH_ROLE_ADMIN": "Administrator",
        "FAB_CREATE_DB": False,
        "FAB_UPDATE_PERMS": False,
        "FAB_ADD_SECURITY_API": True,
        "FAB_API_MAX_PAGE_SIZE": 100,
        "FAB_API_SWAGGER_UI": False,  # its page loads scripts; the description itself is at /api/v1/_openapi
        "FAB_OPENAPI_SERVERS": [{"url": "/"}],
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(hours=1),
        **settings.extra,
    }


def _engine_options(settings: Settings) -> dict[str, object]:
    if settings.sqlalchemy_url.startswith("sqlite"):
        return {"connect_args": {"check_same_thread": False}}
    # A statement is planned anew each time it runs: the plan that was right for an empty table would be kept while an
    # import fills it, and reads the whole table for each batch. Nor is it compiled: for what a page asks that takes longer
    # than the statement.
    return {
        "pool_pre_ping": True,
        "pool_size": settings.threads + 2,
        "connect_args": {"options": "-c plan_cache_mode=force_custom_plan -c jit=off"},
    }
