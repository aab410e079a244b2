"""An import in the browser: the file is checked before anything is written, and refused rows come back as a file."""

import re
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect

from tests.browser.company import Company, asks_to_stay

FILE = """Name,Status,Credit limit,Phone
Imported Tea House,active,5000,+86 21 1234 5678
Refused Tea House,active,a lot,+86 21 1234 5679
进口茶行,potential,,
,active,,
"""


def test_an_import_from_the_file_to_the_refused_rows(company: Company, console: Page, tmp_path: Path) -> None:
    page = console
    company.go(page, "/customers/import")
    page.locator("#import-file").set_input_files(
        {"name": "customers.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    )
    expect(page.locator(".dropzone")).to_contain_text("customers.csv, 1 KB")
    page.locator("[data-submit]").click()

    # Checked, and nothing written yet.
    expect(page.locator(".steps .is-current")).to_contain_text("Check")
    bad = page.locator("td.cell-bad")
    expect(bad).to_have_count(2)
    expect(bad.first).to_contain_text("a lot")
    expect(bad.first.locator(".cell-reason")).to_be_visible()
    expect(bad.first).to_have_attribute("title", re.compile("not a number"))
    rows = page.locator(".checked-rows tbody tr:visible")
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("Will be added")
    page.get_by_label("Only what is refused").check()
    expect(rows).to_have_count(2)
    page.locator("select[name=map-3]").select_option("")
    assert asks_to_stay(page)
    page.locator("select[name=map-3]").select_option("phone")
    expect(rows.first).to_contain_text("Refused Tea House")
    expect(page.locator("main")).not_to_contain_text("What else is refused")
    expect(page.locator("select[name=map-0]")).to_have_value("name")
    assert company.call("GET", "customers/")["count"] == 4

    page.locator("select[name=on_error]").select_option("skip")
    page.locator("[data-submit]").click()
    expect(page.locator(".steps .is-current")).to_contain_text("Result")
    assert company.call("GET", "customers/")["count"] == 6

    with page.expect_download() as download:
        page.get_by_text("Download the refused rows").click()
    path = tmp_path / "refused.xlsx"
    download.value.save_as(path)
    assert download.value.suggested_filename == "customers-refused.xlsx"
    kept = list(openpyxl.load_workbook(path).active.values)
    assert len(kept) == 3
    assert "Refused Tea House" in kept[1] and "a lot" in kept[1]

    page.get_by_text("Back to the list").click()
    expect(page.locator("tbody")).to_contain_text("Imported Tea House")
    expect(page.locator("tbody")).to_contain_text("进口茶行")
    expect(page.locator("tbody")).not_to_contain_text("Refused Tea House")


def test_a_file_that_is_none_is_refused_kindly(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/customers/import")
    page.locator("#import-file").set_input_files(
        {"name": "customers.xlsx", "mimeType": "application/octet-stream", "buffer": b"not a workbook"}
    )
    page.locator("[data-submit]").click()
    expect(page.locator(".banner-red")).to_be_visible()
    expect(page.locator("#import-file")).to_be_visible()


def test_a_long_import_is_watched_and_taken_back(company: Company, console: Page) -> None:
    page = console
    before = company.call("GET", "customers/")["count"]
    content = "Kundenname\n" + "".join(f"Long {number}\n" for number in range(9000))
    company.go(page, "/customers/import")
    page.locator("#import-file").set_input_files(
        {"name": "long.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    page.locator("[data-submit]").click()
    # Nobody can guess what the column means: it is said beside what it holds, and kept for the next time.
    expect(page.locator(".banner-red")).to_contain_text("None of the columns is known")
    expect(page.locator(".samples")).to_contain_text("Long 0")
    page.locator("select[name=map-0]").select_option("name")
    page.locator(".map-keep summary").click()
    page.locator("#keep-name").fill("Long lists")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".banner-green")).to_contain_text("Long lists")
    expect(page.locator("#use")).to_contain_text("1 of 1 columns")
    page.locator("[data-submit]").click()
    expect(page.locator("progress")).to_be_visible()
    expect(page.locator(".progress-text")).to_contain_text("of 9,000 rows")
    # The result comes by itself.
    expect(page.locator(".counts")).to_contain_text("9,000", timeout=60_000)
    page.locator("[data-import-run] button", has_text="Undo this import").click()
    page.locator("dialog[open] [type=submit]").click()
    expect(page.locator(".toasts")).to_contain_text("9000 removed", timeout=60_000)
    assert company.call("GET", "customers/")["count"] == before
