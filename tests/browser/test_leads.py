"""A lead is converted by hand: a customer that may be the same is taken at a click."""

from playwright.sync_api import Page, expect

from tests.browser.company import Company


def test_a_likely_customer_is_chosen_at_a_click(company: Company, console: Page) -> None:
    page = console
    first = company.add("customers", name="Ningbo Boats")
    company.add("customers", name="Ningbo Boats Ltd")
    lead = company.add("leads", name="Xu Min", company="Ningbo Boats Co., Ltd.")
    company.go(page, f"/leads/show/{lead['id']}")
    page.locator("[data-page-actions] .btn-primary").click()
    dialog = page.locator("dialog[open]")
    expect(dialog.locator("[data-offer]")).to_have_count(2)
    dialog.locator(f'[data-offer="{first["id"]}"]').click()
    expect(dialog.locator("[role=combobox]")).to_have_value(f"{first['code']} Ningbo Boats")
    dialog.locator("[type=submit]").click()
    expect(page.locator(".banner-green, .toast, [role=status]").first).to_be_visible()
    row = company.call("GET", f"leads/{lead['id']}")["result"]
    assert (row["status"], row["customer"]["id"]) == ("converted", first["id"])


def test_a_contacts_code_is_drawn_by_our_own_host(company: Company, console: Page) -> None:
    page = console
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    customer = company.add("customers", name="Taizhou Pumps")
    contact = company.add("contacts", customer=customer["id"], name="Xu Min", mobile="13900007009")
    company.go(page, f"/contacts/show/{contact['id']}")
    code = page.locator("svg.qr")
    expect(code).to_be_visible()
    box = code.bounding_box()
    assert box is not None and box["width"] >= 120 and abs(box["width"] - box["height"]) < 1
    assert all(url.startswith((company.url, "data:")) for url in asked), asked


def test_what_is_refused_is_asked_again_as_it_was_typed(company: Company, console: Page) -> None:
    page = console
    company.add("customers", name="Wenzhou Valves")
    company.add("customers", name="Wenzhou Valves Ltd")
    lead = company.add("leads", name="He Ping", company="Wenzhou Valves Co., Ltd.")
    company.go(page, f"/leads/show/{lead['id']}")
    page.locator("[data-page-actions] .btn-primary").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Amount").fill("1234.50")
    dialog.locator("[type=submit]").click()
    # Two customers may be meant: which, is asked with all that was typed, on a page that needs no dialog.
    form = page.locator("form[data-form]")
    expect(page.locator("[data-error-summary]")).to_contain_text("There may be this customer already")
    expect(form.get_by_label("Amount")).to_have_value("1234.50")
    assert company.call("GET", f"leads/{lead['id']}")["result"]["status"] == "new"
    form.locator("[data-offer]").first.click()
    form.locator("[data-submit]").click()
    page.wait_for_url(f"**/leads/show/{lead['id']}")
    expect(page.get_by_text("Converted").first).to_be_visible()
    row = company.call("GET", f"leads/{lead['id']}")["result"]
    assert row["status"] == "converted" and row["opportunity"] is not None
