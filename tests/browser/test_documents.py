"""Documents in the hands of several: two versions of a form, many at once, a cancel that shows first, and comments."""

import re

from playwright.sync_api import Page, expect

from tests.browser.company import Company, tab_to


def test_two_edit_the_same_document(company: Company, console: Page) -> None:
    page = console
    goods = [row["id"] for row in company.call("GET", "products/")["result"]]
    lines = [{"product": each, "quantity": 3, "unit_cost": "1"} for each in goods[:2]]
    row = company.add("stock-adjustments", warehouse=company.rows["warehouse"]["id"], reason="Count", lines=lines)
    company.go(page, f"/stock-adjustments/edit/{row['id']}")
    theirs = [{"id": row["lines"][0]["id"], "quantity": 5}, {"product": goods[2], "quantity": 1, "unit_cost": "2"}]
    company.call("PUT", f"stock-adjustments/{row['id']}", {"reason": "Flood", "note": "Insured", "lines": theirs})
    page.fill("#f-reason", "Fire")
    page.fill("#lines-0-quantity", "7")
    page.keyboard.press("Control+s")

    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.locator("#f-reason")).to_have_value("Fire")
    expect(page.locator("#f-note")).to_have_value("Insured")
    expect(page.locator("[data-line]:visible")).to_have_count(2)
    # A choice shows at once, by the keys too; what is typed after it counts.
    tab_to(page, "[name='take:reason'][value=mine]")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#f-reason")).to_have_value("Flood")
    page.fill("#f-reason", "Flood and fire")
    page.locator("[name='take:lines-0-quantity'][value=theirs]").check()
    expect(page.locator("#lines-0-quantity")).to_have_value("5")
    page.locator("[name='take:lines-1'][value=mine]").check()
    expect(page.locator("[data-line]:visible")).to_have_count(1)
    page.click("[data-submit]")
    page.wait_for_url(re.compile(r"/stock-adjustments/show/\d+$"))
    saved = company.call("GET", f"stock-adjustments/{row['id']}")["result"]
    assert (saved["reason"], saved["note"]) == ("Flood and fire", "Insured")
    assert [line["quantity"] for line in saved["lines"]] == ["5.0000"]


def test_many_at_once_then_one_is_cancelled_and_talked_about(company: Company, console: Page) -> None:
    page = console
    goods, place = company.rows["product"]["id"], company.rows["warehouse"]["id"]
    for quantity, reason in ((-1, "Walk: gift"), (-99_999, "Walk: loss")):
        line = {"product": goods, "quantity": quantity}
        company.add("stock-adjustments", warehouse=place, reason=reason, lines=[line])
    company.go(page, "/stock-adjustments/list/?f=reason:sw:Walk")
    page.locator("[data-pick-all]").check()
    page.locator("[data-bulk-bar]").get_by_role("button", name="Post").click()
    page.wait_for_url("**/bulk/post")
    results = page.locator(".outcomes tbody tr")
    expect(results).to_have_count(2)
    expect(results.nth(0)).to_contain_text("Refused")
    expect(results.nth(0)).to_contain_text("There is not enough")
    expect(results.nth(1)).to_contain_text("Done")
    results.nth(1).locator("a").first.click()

    page.get_by_role("link", name="Cancel document").click()
    expect(page.locator(".hanging")).to_contain_text("Stock entries: 1")
    tab_to(page, "#cancel-comment")
    page.keyboard.type("It was not given away")
    tab_to(page, "[data-submit]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/stock-adjustments/show/\d+$"))
    expect(page.locator(".badge").first).to_have_text("Cancelled")
    expect(page.locator("#history")).to_contain_text("It was not given away")

    page.locator("#tab-comments").click()
    page.fill("#comment-text", "See https://example.com/gift.\n<b>Thanks</b>")
    # What was not sent is there again, until it is.
    page.reload()
    expect(page.locator("#comment-text")).to_have_value("See https://example.com/gift.\n<b>Thanks</b>")
    page.set_input_files(
        "#comment-file", {"name": "赠品.html", "mimeType": "text/html", "buffer": b"<script>alert(1)</script>"}
    )
    page.get_by_role("button", name="Add comment").click()
    page.wait_for_url("**#comments")
    comment = page.locator(".remark")
    expect(page.locator("#comment-text")).to_have_value("")
    expect(comment.locator(".remark-text")).to_have_text(re.compile(r"See https://example\.com/gift\.\s+<b>Thanks</b>"))
    expect(page.locator("#tab-comments .count")).to_have_text("1")
    with page.expect_download() as download:
        comment.locator(".remark-files a").click()
    assert download.value.suggested_filename == "赠品.html"
    comment.get_by_role("button", name="Delete").click()
    page.locator("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#comments")).to_contain_text("Nobody has commented yet.")


def test_a_record_on_the_screen_and_on_paper(company: Company, console: Page) -> None:
    page = console
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.set_viewport_size({"width": 1440, "height": 900})
    customer = company.rows["customer"]
    company.go(page, f"/customers/show/{customer['id']}")
    # Facts and related rows are in the first screen, side by side.
    facts, rows = page.locator(".record-facts").bounding_box(), page.locator("#contacts").bounding_box()
    assert facts and rows and facts["x"] + facts["width"] <= rows["x"] and rows["y"] < 300
    page.locator("h1 .copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == customer["code"]
    folded = page.locator(".facts-folded")
    expect(folded.get_by_text("Website")).to_be_hidden()
    folded.locator("summary").click()
    expect(folded.get_by_text("Website")).to_be_visible()
    page.locator("#tab-history").click()
    page.reload()
    expect(page.locator("#history")).to_be_visible()
    expect(folded.get_by_text("Website")).to_be_visible()

    page.emulate_media(media="print", color_scheme="dark")
    for hidden in (".sidebar", ".topbar", ".page-actions", ".tab-list", ".facts-folded"):
        expect(page.locator(hidden)).to_be_hidden()
    for shown in (".on-paper", "h1", ".facts >> nth=0", "#contacts"):
        expect(page.locator(shown)).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    company.go(page, f"/stock-adjustments/show/{company.rows['opening']['id']}")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.lines-view thead')).display") == "table-header-group"
    )
    paper = page.pdf(prefer_css_page_size=True)
    assert paper.count(b"/Type /Page\n") == 1 and b"/MediaBox [0 0 594.95996 841.91998]" in paper
