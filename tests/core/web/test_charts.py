"""Charts: what is declared is what the table says, and the library is the one that was put here."""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from pathlib import Path

import pytest
from flask import render_template_string

import app
from app.core.charts import Chart, Series
from app.core.web import chart as shown

STATIC = Path(app.__file__).parent / "static"
TEMPLATE = '{% from "kehu/_chart.html" import chart, scripts %}{{ chart(figure) }}{{ scripts([figure]) }}'


def sales(**options) -> Chart:
    series = [
        Series("Tea", [Decimal("1234.50"), Decimal(0)], ["/tea", None]),
        Series("Coffee", [Decimal("-2"), Decimal("3.25")], tone="amber"),
    ]
    return Chart("stacked", "Month", ["Oct", "Nov"], series, "CNY", 2, **options)


class TestLibrary:
    def test_it_is_the_file_that_came_from_the_registry(self):
        told = re.search(r"sha256 `([0-9a-f]{64})`", (STATIC / shown.LIBRARY).with_name("README.md").read_text())
        assert told is not None
        assert hashlib.sha256((STATIC / shown.LIBRARY).read_bytes()).hexdigest() == told[1]
        assert "MIT" in (STATIC / shown.LIBRARY).with_name("LICENSE.md").read_text()

    def test_pages_without_a_chart_do_not_load_it(self, pages, api):
        browser = pages("ann")
        api("ann").add("customers", name="Harbour Trading")
        assert "chart.umd" in browser.get("/").text
        for path in ("/customers/list/", "/customers/show/1", "/account/password"):
            assert "chart.umd" not in browser.get(path).text, path

    def test_no_template_or_script_of_ours_names_another_host(self):
        root = Path(app.__file__).parent
        ours = [
            *(root / "templates").rglob("*.html"),
            *(STATIC / "kehu").glob("*.js"),
            *(STATIC / "kehu").glob("*.css"),
        ]
        assert len(ours) > 40
        loads = re.compile(r"""(?:src|href)=["']?(?:https?:)?//|url\(["']?(?:https?:)?//|import\(?["'](?:https?:)?//""")
        assert [path.name for path in ours if loads.search(path.read_text(encoding="utf-8"))] == []


class TestFigure:
    def test_its_table_says_what_was_declared(self, app):
        with app.test_request_context():
            html = render_template_string(TEMPLATE, figure=shown.figure("Sales", sales(total=True)))
        assert re.findall(r'data-value="([^"]+)"', html) == ["1234.50", "-2", "0", "3.25"]
        assert '<a href="/tea">1,234.50</a>' in html
        assert re.findall(r'data-tone="(\w+)"', html) == ["accent", "amber"]
        assert re.search(r"<tfoot>.*1,234\.50.*1\.25", html, re.DOTALL)
        assert 'data-unit="CNY"' in html and "Sales (CNY)" in html
        assert html.count("chart.umd") == 1

    @pytest.mark.parametrize("kind", ["pie", ""])
    def test_an_unknown_kind_is_refused(self, kind):
        with pytest.raises(ValueError, match="no kind of chart"):
            Chart(kind, "Month", [], [])

    def test_each_label_has_a_number(self):
        with pytest.raises(ValueError, match="not a value for each label"):
            Chart("bar", "Month", ["Oct", "Nov"], [Series("Tea", [1])])
        with pytest.raises(ValueError, match="one series"):
            Chart("doughnut", "Month", ["Oct"], [Series("Tea", [1]), Series("Coffee", [1])])

    def test_nothing_to_see_is_empty(self):
        assert Chart("bar", "Month", ["Oct"], [Series("Tea", [0])]).is_empty
        assert not sales().is_empty
