"""A list made one's own: its columns, a view of it, many rows changed at once and tagged; one story."""

import re

from playwright.sync_api import Page, expect

from tests.browser.company import Company, begin_filter


def headings(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("thead th").all_inner_texts()]


def test_columns_a_view_many_rows_and_tags(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/customers/list/?size=25")
    # Columns: two fewer, and the status before the name.
    page.click("[data-columns] > summary")
    chooser = page.locator(".columns-panel")
    expect(chooser.locator("input:checked")).to_have_count(8)
    chooser.get_by_role("button", name="Move Status up").click()
    expect(chooser.get_by_role("button", name="Move Status up")).to_be_focused()
    for name in ("Level", "Phone"):
        chooser.get_by_label(name, exact=True).uncheck()
    chooser.get_by_role("button", name="Apply").click()
    expect(page.locator("thead th")).to_have_count(6)
    company.go(page, "/customers/list/")
    assert headings(page) == ["Code", "Status", "Name", "Region", "Owner", "Next contact"]
    # A filter beside it, and both under a name.
    page.locator("thead a", has_text="Name").click()
    page.wait_for_url("**sort=name**")
    page.goto(page.url + "&f=status:eq:active")
    page.click(".views > summary")
    page.get_by_role("button", name="Save as a view").click()
    page.fill("dialog [name=name]", "Active first")
    page.click("dialog [type=submit]")
    page.wait_for_url("**?view=*")
    expect(page.locator(".views-name")).to_have_text("Active first")
    assert headings(page)[:3] == ["Code", "Status", "Name"]
    page.click(".views > summary")
    page.get_by_role("button", name="Make it my default").click()
    expect(page.locator(".toasts, .banner").first).to_contain_text("opens with “Active first”")
    company.go(page, "/customers/list/")
    expect(page.locator("tbody tr")).to_have_count(2)
    # Another filter is a change of the view, which can be taken over; every row stays in reach.
    page.locator(".chip-remove").first.click()
    expect(page.locator(".views-changed")).to_be_visible()
    page.click(".views > summary")
    expect(page.get_by_role("button", name="Save changes")).to_be_visible()
    page.locator(".views").get_by_role("link", name="All", exact=True).click()
    page.wait_for_url("**?view=all")
    expect(page.locator("tbody tr")).to_have_count(4)
    # Many rows: the region of all, and a tag that is new, typed and ended by a comma.
    page.check("[data-pick-all]")
    page.get_by_role("button", name="Edit…").click()
    page.locator("[data-edit-field]", has_text="Region").get_by_role("textbox").fill("Coast")
    tags = page.locator("[data-edit-field]", has_text="Tags")
    tags.get_by_role("combobox", name="Tags", exact=True).press_sequentially("VIP,")
    expect(tags.locator(".token")).to_have_text("VIP")
    expect(page.locator("[data-edit-field] [name=pick]:checked")).to_have_count(2)
    page.click("[data-submit]")
    expect(page.locator(".count-card", has_text="Updated").locator("dd")).to_have_text("4")
    page.get_by_role("link", name="See or undo this change").click()
    expect(page.locator("h1")).to_have_text(re.compile("Bulk edit: (Region, Tags|Tags, Region)"))
    # Found by the tag, by picking it.
    company.go(page, "/customers/list/?view=all&cols=name,region,tags")
    begin_filter(page, "Tags")
    editor = page.locator("[data-filter-value] [role=combobox]")
    editor.press_sequentially("vi")
    page.locator(".option:not(.option-extra)", has_text="VIP").click()
    page.locator("[data-filter-foot] button").click()
    page.wait_for_url("**f=tags*")
    expect(page.locator(".chip")).to_contain_text("Tags has VIP")
    expect(page.locator("tbody .tag")).to_have_count(4)
    # And all of it is undone, the views too.
    company.go(page, "/import-runs/list/")
    page.locator("tbody th a").first.click()
    page.get_by_role("button", name="Undo").click()
    page.locator("dialog [type=submit]").click()
    company.go(page, "/customers/list/?view=all&cols=name,region,tags")
    expect(page.locator("tbody tr")).to_have_count(4)
    expect(page.locator("tbody .tag")).to_have_count(0)
    for view in company.call("GET", "saved-views/")["result"]:
        company.call("DELETE", f"saved-views/{view['id']}")
