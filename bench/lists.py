"""Lists, search, filters, pickers and records over 100,000 customers, by page and by API, beside the bare SQL of the
same rows.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from app.core import db, identity
from bench.company import PASSWORD, ROWS, fill_customers, make_app, timed


def run(url: str) -> list[tuple[str, float, str, float]]:
    """(name, measured, unit, raw limit) of each; ``url`` "" is SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(Path(folder), url)
        with app.app_context():
            with db.transaction(identity.system()):
                fill_customers()
            with db.db.engine.connect() as connection:
                connection.exec_driver_sql("ANALYZE")
                connection.commit()
        client = app.test_client(use_cookies=False)
        login = {"username": "admin", "password": PASSWORD, "provider": "db"}
        token = client.post("/api/v1/security/login", json=login).json["access_token"]  # type: ignore[index]
        headers = {"Authorization": f"Bearer {token}"}
        browser = app.test_client()
        with browser.session_transaction() as session:
            session["_user_id"] = "1"
            session["_fresh"] = True

        def page(path: str) -> Callable[[], None]:
            def get() -> None:
                answer = browser.get(path)
                assert answer.status_code == 200, (path, answer.status_code)

            return get

        def api(path: str) -> Callable[[], None]:
            def get() -> None:
                answer = client.get(path, headers=headers)
                assert answer.status_code == 200, (path, answer.text)

            return get

        def raw(*statements: str) -> Callable[[], None]:
            def execute() -> None:
                with app.app_context(), db.db.engine.connect() as connection:
                    for statement in statements:
                        connection.execute(sa.text(statement)).all()

            return execute

        count = "SELECT count(*) FROM customers"
        rows = "SELECT * FROM customers"
        filtered = " WHERE region = '华东' AND status = 'active'"
        searched = " WHERE search_text LIKE '%bjkj%' AND search_text LIKE '%777%'"
        query = quote("(filters:!((col:region,opr:eq,value:华东),(col:status,opr:eq,value:active)))")
        cases = [
            ("list page, first", page("/customers/list/"), raw(count, f"{rows} ORDER BY id DESC LIMIT 25")),
            (
                "list page, the last but one",
                page(f"/customers/list/?page={ROWS // 25 - 1}"),
                raw(count, f"{rows} ORDER BY id DESC LIMIT 25 OFFSET {ROWS - 50}"),
            ),
            (
                "list page, two conditions",
                page("/customers/list/?f=region:eq:华东&f=status:eq:active"),
                raw(count + filtered, f"{rows}{filtered} ORDER BY id DESC LIMIT 25"),
            ),
            (
                "list page, sorted by name",
                page("/customers/list/?sort=name"),
                raw(count, f"{rows} ORDER BY name, id LIMIT 25"),
            ),
            (
                "search, two words",
                page("/customers/list/?q=bjkj+777"),
                raw(count + searched, f"{rows}{searched} ORDER BY id DESC LIMIT 25"),
            ),
            (
                "picker",
                page("/customers/pick?q=bjkj+777"),
                raw(f"{rows}{searched} ORDER BY id LIMIT 20"),
            ),
            (
                "API list, two conditions",
                api(f"/api/v1/customers/?q={query}"),
                raw(count + filtered, f"{rows}{filtered} ORDER BY id DESC LIMIT 20"),
            ),
            ("record page", page("/customers/show/77777"), raw(f"{rows} WHERE id = 77777")),
            ("add form", page("/contacts/add"), raw("SELECT 1")),
        ]
        return [(name, timed(work), "ms", timed(limit)) for name, work, limit in cases]
