"""The board of opportunities: cards are dragged, walked and moved by the keyboard, and what is refused asks for a reason."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.company import Company


def column(page: Page, name: str) -> Locator:
    return page.locator("[data-column]", has=page.get_by_role("heading", name=name))


def card(page: Page, name: str) -> Locator:
    return page.locator("[data-card]", has=page.get_by_role("link", name=name))


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def test_cards_are_dragged_and_moved_by_the_keyboard(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/opportunities/list/")
    page.get_by_role("link", name="Board").click()
    page.wait_for_url("**/opportunities/board/**")  # with its scripts, which cards are dragged by
    first, second = column(page, "First contact"), column(page, "Needs known")
    expect(first.locator("[data-card]")).to_have_count(3)
    expect(first.locator(".board-figures")).to_contain_text("68,800.50")

    # Dragged past what is not met: it stays, and asks why it moves all the same.
    card(page, "Trial order").drag_to(second)
    dialog = page.locator("[data-move-dialog]")
    expect(dialog.locator("[data-error]")).to_contain_text("We know who decides")
    expect(dialog.locator("[data-reason]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(first.locator("[data-card]")).to_have_count(3)
    card(page, "Trial order").drag_to(second)
    expect(dialog.locator("[data-reason]")).to_be_focused()
    page.keyboard.type("They called us")
    dialog.get_by_role("button", name="Move").click()
    expect(second.locator("[data-card]")).to_have_count(1)
    expect(second.locator(".board-figures")).to_contain_text("800.50")
    expect(first.locator(".board-figures")).to_contain_text("68,000.00")
    expect(dialog).to_be_hidden()

    # By the keyboard alone: to the neighbour, back to the card, and back a stage, which needs a reason too.
    expect(card(page, "Trial order").locator("[data-name]")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    assert focused(page) in ("Tea for the canteen", "年度茶礼采购")
    page.keyboard.press("ArrowRight")
    assert focused(page) == "Trial order"
    page.keyboard.press("Alt+ArrowLeft")
    expect(dialog.locator("[data-error]")).to_contain_text("Say why it goes back")
    expect(dialog.locator("[data-reason]")).to_be_focused()
    page.keyboard.type("They were not serious")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(first.locator("[data-card]")).to_have_count(3)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Trial order")
    moves = page.locator("#stage-moves tbody tr")
    expect(moves).to_have_count(3)
    expect(moves.first).to_contain_text("They were not serious")

    # The same by the button, as on a phone; lost needs why.
    company.go(page, "/opportunities/board/?q=canteen")
    expect(page.locator("[data-card]")).to_have_count(1)
    page.locator("[data-move]").click()
    dialog.locator("[data-to]").select_option(label="Lost")
    dialog.get_by_role("button", name="Move").click()
    expect(dialog.locator("[data-error]")).to_contain_text("Say why it was lost")
    dialog.locator("[data-reason]").fill("Too dear")
    dialog.get_by_role("button", name="Move").click()
    expect(column(page, "Lost").locator("[data-card]")).to_have_count(1)


def test_a_tick_is_saved_when_it_is_made(company: Company, console: Page) -> None:
    page = console
    company.go(page, f"/opportunities/show/{company.rows['deal']['id']}")
    panel = page.locator("#panel-standing")
    expect(panel.locator(".standing-facts")).to_contain_text(
        "Score 2"
    )  # the close lies ahead, and there was contact lately
    panel.get_by_label("The budget is confirmed").check()
    expect(panel.locator(".standing-facts")).to_contain_text("Score 4")
    panel.get_by_label("The budget is confirmed").uncheck()
    expect(panel.locator(".standing-facts")).to_contain_text("Score 2")
