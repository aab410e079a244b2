"""The small company that the browser's tests look at, made over the API as any client could."""

import json
import shutil
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Dialog, Page, expect

from tests.support.server import LiveServer

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# A fixed zone, so that days are the same wherever the tests run.
SETTINGS = {"KEHU_TIMEZONE": "Asia/Shanghai"}


class Company:
    """A running server, a client of its API, and what was made there by name."""

    def __init__(self, folder: Path) -> None:
        self.server = LiveServer(folder, SETTINGS, ("--no-jobs",))
        self.rows: dict[str, dict[str, Any]] = {}
        self._token = ""
        self._session: list[Any] = []

    @property
    def url(self) -> str:
        return self.server.url

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers; HTTPError when it refuses."""
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", method=method)
        request.add_header("Content-Type", "application/json")
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        data = None if body is None else json.dumps(body).encode()
        with _opener.open(request, data=data, timeout=30) as answer:
            return json.load(answer)

    def add(self, resource: str, **fields: Any) -> Any:
        """A new row, as answered."""
        return self.call("POST", f"{resource}/", fields)["result"]

    def copy(self, folder: Path) -> "Company":
        """Another one, not started, that begins as this one is now.  This one's server has stopped."""
        other = Company(folder)
        shutil.copytree(self.server.folder / "data", folder / "data")
        other.server.password, other.rows = self.server.password, dict(self.rows)
        return other

    def start(self) -> None:
        """Start the server: with an empty company, or with what its folder holds."""
        self.server.start()
        credentials = {"username": self.server.username, "password": self.server.password, "provider": "db"}
        self._token = self.call("POST", "security/login", credentials)["access_token"]

    def fill(self) -> None:
        """Customers, goods, stock and plans: a row or more in what an administrator can add."""
        box = self.add("units", name="盒")
        kilo = self.add("units", name="kg", decimals=3)
        tea = self.add("categories", name="Tea 茶叶")
        self.add("brands", name="西湖")
        main = self.add("warehouses", name="Main warehouse")
        goods = [
            self.add(
                "products", name=name, spec=spec, unit=unit["id"], category=tea["id"], tax_rate="0.13", list_price=price
            )
            for name, spec, unit, price in (
                ("龙井茶", "250 g", box, "128.00"),
                ("普洱茶", "357 g", box, "260.50"),
                ("铁观音", "100 g", box, "88.00"),
                ("Loose jasmine tea", "", kilo, "41.25"),
            )
        ]
        names = ("北京科技有限公司", "Shanghai Harbour Trading", "Guangzhou Bright Ltd", "成都天府商贸")
        customers = [
            self.add(
                "customers", name=name, status=status, level=level, phone="+86 10 8888 1234", email="a@example.com"
            )
            for name, status, level in zip(
                names, ("active", "potential", "active", "lost"), ("A", "B", "C", "B"), strict=True
            )
        ]
        self.add("contacts", customer=customers[0]["id"], name="张伟", job_title="采购经理", mobile="13800000000")
        self.add("safety-stocks", product=goods[0]["id"], warehouse=main["id"], minimum=20)
        lines = [
            {"product": each["id"], "quantity": quantity, "unit_cost": "40.5"}
            for each, quantity in zip(goods, (100, 5, 30, "2.5"), strict=True)
        ]
        opening = self.add("stock-adjustments", warehouse=main["id"], reason="Opening stock", lines=lines)
        self.call("POST", f"stock-adjustments/{opening['id']}/post")
        draft = self.add(
            "stock-adjustments", warehouse=main["id"], reason="Damage", lines=[{**lines[0], "quantity": -3}]
        )
        plan = self.add(
            "weekly-plans",
            week="2026-01-05",
            plan="Visit the tea customers",
            lines=[{"planned_on": "2026-01-06", "customer": customers[0]["id"], "kind": "visit", "goal": "A contract"}],
        )
        outing = self.add("outings", customer=customers[1]["id"], purpose="Show samples", place="Pudong")
        self.add(
            "contact-records",
            customer=customers[0]["id"],
            way="phone",
            outcome="Interested",
            summary="They ask for samples of two teas.",
            next_contact_on="2030-01-08",
        )
        self.add("suggestions", body="Keep more samples in stock")
        self.add("targets", metric="contacts", month="2026-01-01", amount="40")
        self.call("POST", "stages/usual", {})
        stages = self.call("GET", "stages/?q=(order_column:position,order_direction:asc)")["result"]
        deals = [
            self.add(
                "opportunities",
                customer=customer["id"],
                name=name,
                stage=stages[0]["id"],
                amount=amount,
                expected_close_on="2030-06-30",
            )
            for customer, name, amount in zip(
                customers,
                ("Tea for the canteen", "Trial order", "年度茶礼采购"),
                ("12000", "800.50", "56000"),
                strict=False,
            )
        ]
        self.add("leads", name="Li Na", company="Hangzhou Tea House", mobile="+86 139 0000 7001", source="Trade fair")
        self.add("departments", name="Sales 销售部")
        self.add("holidays", date="2026-10-01", name="国庆节")
        self.rows = {
            "unit": box,
            "product": goods[0],
            "customer": customers[0],
            "deal": deals[0],
            "warehouse": main,
            "opening": opening,
            "draft": draft,
            "plan": plan,
            "outing": outing,
        }

    def log_in(self, page: Page, username: str = "", password: str = "") -> None:
        """By name and password (the administrator's unless said), in the browser."""
        page.goto(f"{self.url}/login/")
        page.fill("#username", username or self.server.username)
        page.fill("#password", password or self.server.password)
        page.click("[data-submit]")
        page.locator(".user-menu").wait_for()

    def enter(self, page: Page) -> None:
        """Be the administrator, without the page that asks for it: the session that the first one was given serves all."""
        if not self._session:
            self.log_in(page)
            self._session = page.context.cookies()
        page.context.add_cookies(self._session)

    def go(self, page: Page, path: str) -> None:
        """Open a page of the console."""
        answer = page.goto(f"{self.url}{path}")
        assert answer is not None and answer.ok, f"{path} answered {answer and answer.status}"


def begin_filter(page: Page, label: str) -> None:
    """Open «add filter» and choose the field called ``label`` by typing."""
    page.locator("[data-filter] > summary").click()
    expect(page.locator("#filter-field-text")).to_be_focused()
    page.keyboard.type(label)
    page.keyboard.press("Enter")
    expect(page.locator("[data-filter-value]")).to_be_visible()


def asks_to_stay(page: Page) -> bool:
    """Whether the page, left by its frame, asks whether to lose what was written; then it stays."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.locator(".brand").first.click()
    page.wait_for_timeout(300)
    if not asked:
        page.remove_listener("dialog", stay)
    return asked == ["beforeunload"]


def tab_to(page: Page, selector: str, most: int = 150) -> None:
    """Press Tab until what ``selector`` names has the focus; AssertionError when it can't be reached so."""
    for _each in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector} on {page.url}")
