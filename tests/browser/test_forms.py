"""Forms and dialogs: a refused save keeps what was typed, leaving is asked about, and deleting asks first."""

import re

from playwright.sync_api import Dialog, Page, expect

from tests.browser.company import Company, asks_to_stay


def test_a_refused_save_keeps_everything_and_leads_to_the_field(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/products/add")
    page.fill("#f-name", "碧螺春")
    page.fill("#f-spec", '125 g, "spring" & <early>')
    page.fill("#f-list_price", "12,5 yuan")
    page.fill("#f-barcode", "6901234567892")
    picker = page.locator("#f-unit")
    picker.press_sequentially("kg")
    expect(page.locator(".option:not(.option-extra)").first).to_contain_text("kg")
    picker.press("Enter")
    shown = picker.input_value()
    page.click("[data-submit]")

    summary = page.locator("[data-error-summary]")
    expect(summary).to_be_focused()
    expect(page.locator("#f-name")).to_have_value("碧螺春")
    expect(page.locator("#f-spec")).to_have_value('125 g, "spring" & <early>')
    expect(page.locator("#f-list_price")).to_have_value("12,5 yuan")
    expect(page.locator("#f-barcode")).to_have_value("6901234567892")
    expect(page.locator("#f-unit")).to_have_value(shown)
    expect(page.locator("input[name=unit]")).to_have_value(re.compile(r"\d+"))

    for link in summary.locator("a").all():
        assert page.locator(link.get_attribute("href") or "").count() == 1, "each message leads to an input"
    summary.locator("a[href='#f-list_price']").click()
    wrong = page.locator("#f-list_price")
    expect(wrong).to_be_focused()
    expect(wrong).to_have_attribute("aria-invalid", "true")
    described = page.locator(f"#{(wrong.get_attribute('aria-describedby') or '').split()[-1]}")
    expect(described).to_be_visible()

    wrong.fill("12.5")
    page.fill("#f-tax_rate", "0.13")
    page.click("[data-submit]")
    page.wait_for_url(re.compile(r"/products/show/\d+$"))
    expect(page.locator("h1")).to_contain_text("碧螺春")
    expect(page.locator(".facts").first).to_contain_text('125 g, "spring" & <early>')


def test_refused_lines_keep_what_was_typed(company: Company, console: Page) -> None:
    page = console
    company.go(page, f"/stock-adjustments/edit/{company.rows['draft']['id']}")
    page.fill("#lines-0-quantity", "many")
    page.click("[data-line-add]")
    page.fill("#lines-1-quantity", "4")
    page.click("[data-submit]")
    summary = page.locator("[data-error-summary]")
    expect(summary).to_be_focused()
    expect(page.locator("#lines-0-quantity")).to_have_value("many")
    expect(page.locator("#lines-1-quantity")).to_have_value("4")
    links = summary.locator("a")
    assert links.count() >= 2, summary.inner_text()
    for link in links.all():
        target = page.locator(link.get_attribute("href") or "")
        assert target.count() == 1, f"{link.inner_text()} leads nowhere"
        link.click()
        expect(target).to_be_focused()


def test_leaving_unsaved_work_is_asked_about(company: Company, console: Page) -> None:
    page = console
    asked: list[str] = []
    company.go(page, "/units/add")
    page.locator("#f-name").press_sequentially("never saved")
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.locator("[data-cancel]").click()
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    expect(page.locator("#f-name")).to_have_value("never saved")

    # So by any other way out: a link of the frame, another language.
    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.locator(".brand").first.click()
    page.locator("summary[title=Language]").click()
    page.locator("button[lang=zh]").click()
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"] * 3
    expect(page.locator("#f-name")).to_have_value("never saved")
    page.remove_listener("dialog", stay)
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("[data-cancel]").click()
    page.wait_for_url("**/units/list/")
    assert "never saved" not in page.locator("main").inner_text()


def test_choices_that_were_made_are_asked_about(company: Company, console: Page) -> None:
    page = console
    one, other = (
        company.add("customers", name=name, phone=phone)
        for name, phone in (("Twin Tea", "010 8001"), ("Twin Teas", "010 8002"))
    )
    company.go(page, f"/customers/merge/{one['id']}?other={other['id']}")
    page.locator("input[type=radio]:not(:checked)").first.check()
    assert asks_to_stay(page)
    expect(page.get_by_role("button", name="Merge")).to_be_visible()

    role = next(each for each in company.call("GET", "roles/")["result"] if each["name"] != "Admin")
    page.once("dialog", lambda dialog: dialog.accept())
    company.go(page, f"/role-permissions/{role['id']}")
    page.locator("input[name=may]:not(:checked)").first.check()
    assert asks_to_stay(page)
    # Saved, there is nothing to lose.
    page.keyboard.press("Control+s")
    page.wait_for_url("**/roles/show/**")
    assert not asks_to_stay(page)


def test_delete_asks_first(company: Company, console: Page) -> None:
    page = console
    brand = company.add("brands", name="Short-lived")
    company.go(page, f"/brands/show/{brand['id']}")
    delete = page.locator("[data-page-actions] button[aria-haspopup=dialog]", has_text="Delete")
    if not delete.is_visible():
        page.locator("[data-page-actions] [data-menu] > summary").click()
    delete.click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("Short-lived")
    dialog.get_by_role("button", name="Not now").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.reload()
    expect(page.locator("h1")).to_contain_text("Short-lived")

    if not delete.is_visible():
        page.locator("[data-page-actions] [data-menu] > summary").click()
    delete.click()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    if not delete.is_visible():
        page.locator("[data-page-actions] [data-menu] > summary").click()
    delete.click()
    page.locator("dialog[open] [type=submit]").click()
    page.wait_for_url("**/brands/list/")
    expect(page.locator("main")).not_to_contain_text("Short-lived")


def test_no_two_inputs_share_an_id(company: Company, console: Page) -> None:
    """Nor do the dialogs of a record's transitions, which are part of its page until they are opened."""
    page = console
    leave = next((each for each in company.call("GET", "leaves/")["result"]), None)
    paths = ["/products/add", "/weekly-plans/add", f"/weekly-plans/show/{company.rows['plan']['id']}"]
    paths += [f"/leaves/show/{leave['id']}"] if leave else []
    for path in paths:
        company.go(page, path)
        repeated = page.evaluate(
            """() => {
                const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
                return ids.filter((id, at) => ids.indexOf(id) !== at);
            }"""
        )
        assert repeated == [], path
