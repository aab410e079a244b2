"""The reader's language: the browser's, one's own choice that stays with the account, and the company's."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from app.core import i18n
from app.core.custom_values import KINDS
from app.core.entity import User, registry
from app.core.fields import fields_of
from tests.app_fixtures import Pages

CATALOGUE = i18n.TRANSLATIONS / "zh" / "LC_MESSAGES" / "messages.po"
pytestmark = pytest.mark.skipif(not CATALOGUE.exists(), reason="there is no Chinese catalogue yet")


def spoken(page: str) -> str:
    return re.search(r'<html lang="([^"]+)"', page)[1]


class TestBrowser:
    @pytest.mark.parametrize(
        ("header", "locale"),
        [("zh", "zh"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB", "en"), ("fr", "en"), ("", "en"), ("en;q=0.1,zh-TW", "zh")],
    )  # fmt: skip
    def test_the_page_before_the_log_in_speaks_it(self, pages, header, locale):
        page = pages(None, locale=header).get("/login/").text
        assert spoken(page).startswith(locale)
        assert ("登录" in page) == (locale == "zh")

    def test_lists_forms_and_refusals_speak_it(self, app):
        browser = Pages(app, "ann", locale="zh")
        assert "客户" in browser.get("/customers/list/").text
        assert "客户" in browser.get("/customers/add").text
        refused = browser.post("/customers/add", {"name": ""})
        assert refused.status_code == 422 and "This is required" not in refused.text
        assert "Not found" not in browser.get("/customers/show/999").text

    def test_the_api_speaks_it(self, ann_zh):
        told = ann_zh.post("customers/", {"name": ""}, headers={"Accept-Language": "zh"}).json["errors"]["name"][0]
        assert re.search("[\u4e00-\u9fff]", told)

    @pytest.fixture
    def ann_zh(self, api):
        return api("ann")


class TestChoice:
    def choose(self, browser: Pages, locale: str) -> None:
        answer = browser.post("/account/language", {"locale": locale, "next": "/customers/list/"})
        assert (answer.status_code, answer.location) == (302, "/customers/list/")

    def test_it_goes_before_the_browsers_and_stays_with_the_user(self, app, act):
        browser = Pages(app, "ann", locale="en")
        self.choose(browser, "zh")
        assert spoken(browser.get("/customers/list/").text).startswith("zh")
        with act() as session:
            assert session.scalar(sa.select(User.locale).where(User.username == "ann")) == "zh"
        # Another browser, another day.
        assert spoken(Pages(app, "ann", locale="en").get("/").text).startswith("zh")
        assert spoken(Pages(app, "bob", locale="en").get("/").text).startswith("en")

    def test_it_outlives_the_log_out(self, app):
        browser = Pages(app, "ann", locale="en")
        self.choose(browser, "zh")
        assert browser.post("/logout/").status_code == 302
        assert spoken(browser.get("/login/").text).startswith("zh")

    def test_nonsense_changes_nothing(self, app):
        browser = Pages(app, "ann", locale="en")
        for locale in ("fr", "", "../zh", "x" * 500):
            self.choose(browser, locale)
            assert spoken(browser.get("/").text).startswith("en")

    def test_the_theme_is_left_alone(self, app):
        browser = Pages(app, "ann", locale="en")
        browser.client.set_cookie("kehu_theme", "dark")
        self.choose(browser, "zh")
        assert 'data-theme="dark"' in browser.get("/").text
        browser.client.set_cookie("kehu_theme", '"><script>')
        assert 'data-theme="system"' in browser.get("/").text


def test_one_english_word_may_be_two_in_chinese(app):
    order = fields_of(registry["stock-adjustments"])
    described = fields_of(registry["custom-fields"])
    category = fields_of(registry["categories"])
    with app.test_request_context(), force_locale("zh"):
        assert (str(order["number"].label), str(KINDS["number"])) == ("单据编号", "数字")
        assert (str(fields_of(registry["notices"])["body"].label), str(KINDS["text"])) == ("正文", "文本")
        assert (str(category["parent"].label), str(described["resource"].label)) == ("上级", "所属")
        assert str(described["position"].label) == "顺序"


class TestOneWordTwoMeanings:
    """What is one word in English and two in Chinese is said for each place by itself."""

    @pytest.mark.parametrize(
        ("resource", "names"),
        [
            ("stage-moves", {"from_stage": "原阶段", "to_stage": "新阶段"}),
            ("customer-transfers", {"from_owner": "原负责人", "to_owner": "新负责人"}),
            ("outbox-mails", {"to": "收件人"}),
            ("stages", {"is_lost": "输单", "position": "顺序"}),
        ],
    )
    def test_fields(self, app, resource, names):
        with app.app_context(), force_locale("zh"):
            known = fields_of(registry[resource])
            assert {name: str(known[name].label) for name in names} == names

    def test_a_lost_customer_and_a_lost_opportunity(self, app):
        with app.app_context(), force_locale("zh"):
            lost = dict(fields_of(registry["customers"])["status"].choices)["lost"]
            assert str(lost) == "流失"

    def test_the_group_of_what_a_contact_record_belongs_to(self, app):
        page = Pages(app, "ann", locale="zh").get("/contact-records/add").text
        assert "关联信息" in page and "上级" not in page
