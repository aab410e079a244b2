"""Papers in a browser: files dropped on a customer's page, one refused, one whose connection broke and that is sent again
and counts once; a new version; what is shown of them; on a phone too.
"""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.company import Company


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(out, "JPEG")
    return out.getvalue()


def file(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def test_files_of_a_customer(company: Company, console: Page):
    console.set_viewport_size({"width": 390, "height": 844})
    customer = company.add("customers", name="Papermill")
    console.goto(f"{company.url}/customers/show/{customer['id']}#files")
    panel = console.locator("#files")
    chooser = panel.locator("input[name=file]")

    # One is what it says, one is not: the bad one is told by its name, the good one is there.
    chooser.set_input_files([file("front.jpg", picture()), file("offer.pdf", b"no PDF at all")])
    expect(panel.get_by_role("alert")).to_contain_text("offer.pdf")
    expect(panel.locator(".upload-list li").first).to_contain_text("Done")
    expect(panel.locator(".file-list li")).to_have_count(1)
    expect(console.locator("#tab-files .count")).to_have_text("1")
    expect(panel.get_by_role("alert")).to_contain_text("offer.pdf")
    console.reload()
    expect(panel.locator(".file-list li")).to_have_count(1)

    # In the knowledge base too, where there was none before.
    console.goto(f"{company.url}/library/")
    shelf = console.locator("section[aria-labelledby=shelf-files]")
    shelf.locator("input[name=file]").set_input_files([file("prices.txt", b"1, 2, 3"), file("prices.pdf", b"no PDF")])
    expect(shelf.locator(".file-list")).to_contain_text("prices")
    expect(shelf.get_by_role("alert")).to_contain_text("prices.pdf")
    console.goto(f"{company.url}/customers/show/{customer['id']}#files")

    # The connection breaks while it is sent: the button sends it again.
    broken = []

    def once(route):
        broken.append(route)
        route.abort() if len(broken) == 1 else route.continue_()

    console.route("**/api/v1/files/", once)
    memo = b"\x1aE\xdf\xa3" + b"voice" * 1000
    panel.locator("input[name=file]").set_input_files([file("memo.webm", memo)])
    expect(panel.get_by_role("alert")).to_contain_text("Nothing is lost")
    panel.get_by_role("button", name="Try again").click()
    expect(panel.locator(".file-list li")).to_have_count(2)
    assert len(broken) == 2 and len({each.request.headers["idempotency-key"] for each in broken}) == 1
    console.unroute("**/api/v1/files/")

    # An empty one is refused before it is sent.
    panel.locator("input[name=file]").set_input_files([file("nothing.txt", b"")])
    expect(panel.get_by_role("alert")).to_contain_text("this file is empty")

    # The picture is shown on its page, and gets a second version there.
    console.goto(f"{company.url}/customers/show/{customer['id']}#files")
    panel.get_by_role("link", name="front", exact=True).click()
    shown = console.locator(".preview img")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
    console.locator("#tab-versions").click()
    console.locator("#versions input[type=file]").set_input_files([file("front later.jpg", picture() + b"\0")])
    expect(console.locator("#versions .file-list li")).to_have_count(2)
    expect(console.locator("#versions .file-list li").first).to_contain_text("front later.jpg")
    assert console.evaluate("document.documentElement.scrollWidth <= innerWidth")

    # The memo is played on its page.
    console.goto(f"{company.url}/customers/show/{customer['id']}#files")
    panel.get_by_role("link", name="memo", exact=True).click()
    sound = console.locator("audio")
    expect(sound).to_be_visible()
    told = console.request.get(company.url + (sound.get_attribute("src") or ""))
    assert told.headers["content-type"] == "audio/webm" and told.body() == memo
