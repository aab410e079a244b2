"""The team board keeps itself up to date without losing the reader's place, and a plan's form tells of guidance."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.browser.company import Company


@pytest.fixture(scope="module")
def team(company: Company) -> dict[str, int]:
    """Thirty people in two departments."""
    role = company.call("GET", "roles/?q=(page_size:100)")["result"]
    seller = next(each["id"] for each in role if each["name"] == "Salesperson")
    departments = [company.add("departments", name=name)["id"] for name in ("Harbour", "Uplands")]
    made = {}
    for number in range(30):
        name = f"seller{number:02}"
        fields = {"username": name, "first_name": "Seller", "last_name": f"{number:02}", "roles": [seller]}
        made[name] = company.add("users", **fields, email=f"{name}@example.com")["id"]
        company.add("employees", user=made[name], department=departments[number % 2])
    return made


def test_it_follows_what_happens_and_keeps_the_place(company: Company, console: Page, team: dict[str, int]) -> None:
    page = console
    page.clock.install()
    company.go(page, "/team/")
    row = page.locator("tr", has=page.get_by_role("rowheader", name="Seller 28", exact=True))
    row.get_by_role("link", name="None yet").focus()
    page.evaluate("scrollTo(0, 300)")
    before = page.evaluate("scrollY")
    fields = {"purpose": "Customs", "owner": team["seller28"], "leave_at": datetime.now(UTC).isoformat()}
    outing = company.add("outings", **fields)
    company.call("POST", f"outings/{outing['id']}/leave", {})
    expect(row).not_to_contain_text("Out since")
    page.clock.run_for(61_000)
    expect(row).to_contain_text("Out since")
    expect(row.get_by_role("link", name="None yet")).to_be_focused()
    assert page.evaluate("scrollY") == before


def test_names_are_found_while_they_are_typed(company: Company, console: Page, team: dict[str, int]) -> None:
    page = console
    company.go(page, "/team/?sort=-week")
    page.get_by_role("searchbox", name="Name").type("seller 07")
    expect(page.locator("[id^=person-]")).to_have_count(1)
    expect(page).to_have_url(f"{company.url}/team/?sort=-week&q=seller+07")
    expect(page.get_by_role("searchbox", name="Name")).to_be_focused()
    page.get_by_role("searchbox", name="Name").fill("")
    expect(page.locator("[id^=person-]")).to_have_count(30)


def test_a_plan_s_form_tells_of_guidance_on_who_is_picked(
    company: Company, console: Page, team: dict[str, int]
) -> None:
    customer = company.add("customers", name="Ostwind Werkzeughandel", owner=team["seller00"])
    record = {"customer": customer["id"], "owner": team["seller00"], "outcome": "Interested", "summary": "Prices"}
    record = company.add("contact-records", **record)
    about = {"record": f"contact-records/{record['id']}", "body": "Who decides there?", "requires_answer": True}
    company.add("reviews", **about)
    page = console
    company.go(page, "/weekly-plans/add")
    hint = page.locator("[data-line-hints]")
    expect(hint).to_be_empty()
    page.locator("#lines-0-customer").fill("Ostwind")
    page.get_by_role("option", name="Ostwind Werkzeughandel").first.click()
    expect(hint).to_contain_text("Who decides there?")
    page.locator("[data-line]").first.locator("[data-line-remove]").click()
    expect(hint).to_be_empty()
