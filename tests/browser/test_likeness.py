"""Duplicates in a browser: while a name or a number is typed the form says who may be the same, in another's case only that
it exists; two become one on the page that shows them side by side, and somebody's work is handed over.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.company import Company
from tests.support.browser import open_page

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def people(company: Company) -> dict[str, int]:
    """Bob, who leads Ann; and Cleo, whom he does not; each with a customer of their own."""
    roles = {row["name"]: row["id"] for row in company.call("GET", "security/roles/?q=(page_size:100)")["result"]}
    found = {}
    for name, last, role in (
        ("Bob", "Ito", "Sales manager"),
        ("Ann", "Lee", "Salesperson"),
        ("Cleo", "Roy", "Salesperson"),
    ):
        body = {
            "username": name.lower(),
            "first_name": name,
            "last_name": last,
            "email": f"{name.lower()}@example.com",
            "active": True,
            "password": PASSWORD,
            "roles": [roles[role]],
        }
        found[name] = company.call("POST", "security/users/", body)["id"]
    north = company.add("departments", name="North", manager=found["Bob"])
    for name in ("Bob", "Ann"):
        company.add("employees", user=found[name], department=north["id"])
    company.add("customers", name="Bright Tea Co., Ltd.", phone="010-6275 1234", owner=found["Ann"])
    company.add("customers", name="Northern Mills GmbH", phone="139 0000 1111", owner=found["Cleo"])
    return found


@pytest.fixture
def ann(company: Company, people: dict[str, int], page: Page) -> Page:
    """A page on which Ann is logged in."""
    company.log_in(page, "ann", PASSWORD)
    return page


def hint(page: Page, name: str):
    """What stands beside the field ``name``."""
    return page.locator(".field[data-like]").filter(has=page.locator(f"[name={name}]")).get_by_role("status")


def test_matches_show_while_one_types(company: Company, people: dict[str, int], ann: Page) -> None:
    company.go(ann, "/customers/add")
    name, phone = ann.locator("[name=name]"), ann.locator("[name=phone]")
    expect(ann.locator(".like")).to_have_count(0)

    # Her own: by name, with the way to it.
    name.press_sequentially("ＢＲＩＧＨＴ tea", delay=10)
    link = hint(ann, "name").get_by_role("link", name="Bright Tea Co., Ltd.")
    expect(link).to_be_visible()
    expect(hint(ann, "name")).to_contain_text("Ann Lee")
    expect(link).to_have_attribute("target", "_blank")  # what is typed stays

    # Another's: that it exists, and nothing more.
    name.fill("northern-mills")
    expect(hint(ann, "name")).to_contain_text("Exists, owned by Cleo Roy")
    expect(hint(ann, "name")).not_to_contain_text("Northern")
    expect(hint(ann, "name").get_by_role("link")).to_have_count(0)

    # By a number as it is dialled; at its own field.
    phone.fill("+86 10 62751234")
    expect(hint(ann, "phone")).to_contain_text("Bright Tea Co., Ltd.")
    phone.fill("13900001111")
    expect(hint(ann, "phone")).to_contain_text("Exists, owned by Cleo Roy")

    # Nothing alike, nothing said; and saving was never held up.
    phone.fill("")
    name.fill("Quite another")
    expect(hint(ann, "name")).to_be_hidden()
    expect(hint(ann, "phone")).to_be_hidden()
    name.fill("Bright Tea Limited")
    expect(hint(ann, "name")).to_contain_text("Bright Tea Co., Ltd.")
    ann.locator("[data-submit]").first.click()
    expect(ann.locator("h1")).to_contain_text("Bright Tea Limited")


def test_two_become_one_side_by_side(company: Company, people: dict[str, int], ann: Page) -> None:
    one = company.add("customers", name="Blue River", note="Old friends", owner=people["Ann"])
    two = company.add("customers", name="BLUE RIVER Inc.", email="b@river.cn", note="New contract", owner=people["Ann"])
    company.go(ann, "/customers/duplicates?again=1")
    group = ann.locator("section.group").filter(has_text="BLUE RIVER")
    group.get_by_role("link", name="Merge", exact=True).click()
    expect(ann).to_have_url(f"{company.url}/customers/merge/{one['id']}?other={two['id']}")
    expect(ann.locator("input[name='take:note'][value=both]")).to_be_checked()
    expect(ann.locator("input[name='take:email'][value=other]")).to_be_checked()
    ann.locator("input[name='take:name'][value=other]").check()
    ann.get_by_role("button", name="Merge", exact=True).click()
    expect(ann).to_have_url(f"{company.url}/customers/show/{one['id']}")
    expect(ann.locator("h1")).to_contain_text("BLUE RIVER Inc.")
    company.go(ann, f"/customers/show/{two['id']}")
    expect(ann).to_have_url(f"{company.url}/customers/show/{one['id']}")
    ann.get_by_role("link", name="Look at it, or undo it").or_(ann.locator("h1")).first.wait_for()


def test_work_is_handed_over(company: Company, people: dict[str, int], browser: Browser) -> None:
    with open_page(browser) as page:
        company.log_in(page, "bob", PASSWORD)
        company.go(page, "/employees/list/")
        page.locator("[data-entry='employees/handovers'] .nav-item").click()
        page.get_by_role("link", name="Ann Lee").first.click()
        expect(page.get_by_role("row").filter(has_text="Customers")).to_be_visible()
        picker = (
            page.locator(".field")
            .filter(has_text="Hand over to")
            .locator("input[type=text], input[role=combobox]")
            .first
        )
        picker.fill("Cleo")
        page.get_by_role("option").filter(has_text="Cleo Roy").click()
        page.get_by_role("button", name="Hand over", exact=True).click()
        expect(page.locator("body")).to_contain_text("of Ann Lee went to Cleo Roy.")
        expect(page.get_by_role("link", name="Look at it, or undo it")).to_be_visible()
