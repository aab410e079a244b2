"""The line grid: a document written, pasted, put in order and taken back by the keyboard alone, with its totals live."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.company import Company, tab_to
from tests.browser.test_story import choose, save
from tests.core.test_decimals import MISPLACED, NONE, NUMBERS


@pytest.fixture(scope="module")
def teas(company: Company) -> list[dict]:
    """Four products of one unit, which has decimals."""
    unit = company.add("units", name="斤", decimals=2)["id"]
    names = ("碧螺春", "大红袍", "白牡丹", "Darjeeling")
    return [company.add("products", name=name, unit=unit, tax_rate="0.13", list_price="88") for name in names]


def column(page: Page, name: str) -> list[str]:
    """What a column of the grid holds, line by line, as shown."""
    return page.evaluate(
        """name => [...document.querySelectorAll("[data-line]:not([hidden])")].map((row) => {
            const cell = row.querySelector(`[id$="-${name}"]`);
            return cell.tagName === "OUTPUT" ? cell.textContent : cell.value;
        })""",
        name,
    )


def total(page: Page, name: str) -> str:
    return page.locator(f"[data-total={name}]").inner_text()


def test_a_document_by_the_keyboard_alone(company: Company, console: Page, teas: list[dict]) -> None:
    page = console
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    company.go(page, "/stock-adjustments/add")
    tab_to(page, "#f-warehouse")
    choose(page, "main", "Main warehouse")
    tab_to(page, "#lines-0-product")
    choose(page, "blc", "碧螺春")
    page.keyboard.press("Tab")
    page.keyboard.type("0.1")
    page.keyboard.press("Tab")
    page.keyboard.type("0.35")
    # Half a cent up, as the server has it; in floats 0.1 × 0.35 is less than 0.035.
    expect(page.locator("#lines-0-value")).to_have_text("0.04")
    assert total(page, "quantity") == "0.1"
    page.keyboard.press("Enter")

    # A block from a spreadsheet, by name and by code; then the cell above once more.
    # A cell with a line break stands in quotes, and is one cell all the same.
    block = f'大红袍\t"1,200"\t12.50\n{teas[2]["code"]}\t0.2\t1.005\n"Darjeeling\n"\t3'
    rows = page.evaluate("async text => (await import('/static/kehu/clipboard.js')).rowsOf(text)", block)
    assert rows[2] == ["Darjeeling\n", "3"]
    odd = """async () => (await import('/static/kehu/clipboard.js')).rowsOf('3" pipe\\t"a ""b""\\n\\tc"\\r\\n"\\td')"""
    assert page.evaluate(odd) == [['3" pipe', 'a "b"\n\tc'], ['"', "d"]]
    page.evaluate("text => navigator.clipboard.writeText(text)", block)
    page.keyboard.press("ControlOrMeta+v")
    expect(page.locator("#lines-3-product")).to_have_value(re.compile("Darjeeling"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#lines-3-unit_cost")).to_be_focused()
    page.keyboard.press("ControlOrMeta+d")
    assert column(page, "unit_cost") == ["0.35", "12.50", "1.005", "1.005"]
    expect(page.locator("#lines-3-value")).to_have_text("3.02")
    assert column(page, "value") == ["0.04", "15,000.00", "0.20", "3.02"]
    assert (total(page, "quantity"), total(page, "value")) == ("1,203.3", "15,003.26")

    # Three steps back (the copy, the paste, the line), and forward again.
    page.keyboard.press("ControlOrMeta+z")
    assert column(page, "unit_cost")[3] == ""
    page.keyboard.press("ControlOrMeta+z")
    assert column(page, "quantity") == ["0.1", ""]
    expect(page.locator("[data-total=value]")).to_have_text("0.04")
    page.keyboard.press("ControlOrMeta+z")
    assert column(page, "quantity") == ["0.1"]
    for _each in range(3):
        page.keyboard.press("ControlOrMeta+y")
    expect(page.locator("[data-total=value]")).to_have_text("15,003.26")
    # What is typed and not left yet goes as a whole.
    page.locator("#lines-1-quantity").focus()
    page.keyboard.type("77")
    page.keyboard.press("ControlOrMeta+z")
    expect(page.locator("#lines-1-quantity")).to_have_value("1200")

    # The last line to the top, and a line away and back in its place.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    for _each in range(3):
        page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#lines-3-quantity")).to_be_focused()
    assert column(page, "quantity") == ["3", "0.1", "1200", "0.2"]
    page.keyboard.press("Alt+ArrowUp")  # it is the first already
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ControlOrMeta+Shift+Delete")
    assert column(page, "quantity") == ["3", "1200", "0.2"]
    page.keyboard.press("ControlOrMeta+z")
    assert column(page, "quantity") == ["3", "0.1", "1200", "0.2"]
    page.keyboard.press("ControlOrMeta+z")
    assert column(page, "quantity") == ["0.1", "3", "1200", "0.2"]
    page.keyboard.press("ControlOrMeta+Shift+z")
    # Of two units there is no sum.
    for _each in range(3):
        page.keyboard.press("Enter")
    choose(page, "jasmine", "Loose jasmine tea")
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    expect(page.locator("[data-total=quantity]")).to_have_text("–")
    # Nor of values, while one of them can't be reckoned yet.
    expect(page.locator("[data-total=value]")).to_have_text("–")
    page.keyboard.press("Tab")
    page.keyboard.type("1")
    expect(page.locator("[data-total=value]")).to_have_text("15,005.26")
    seen = {name: column(page, name) for name in ("product", "quantity", "value")}

    save(page, "stock-adjustments")
    made = company.call("GET", f"stock-adjustments/{page.url.rsplit('/', 1)[1]}")["result"]
    lines = made["lines"]
    assert [line["product"]["label"] for line in lines] == seen["product"]
    assert [float(line["quantity"]) for line in lines] == [float(each) for each in seen["quantity"]]
    assert [f"{float(line['value']):,.2f}" for line in lines] == seen["value"]
    assert seen["quantity"] == ["3", "0.1", "1200", "0.2", "2"]


def test_the_grid_reads_numbers_as_the_server_does(company: Company, console: Page) -> None:
    page = console
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    company.go(page, "/stock-adjustments/add")
    script = """async texts => {
        const { read, rounded, plain } = await import('/static/kehu/decimal.js');
        return texts.map((text) => { const value = read(text); return value && Number(plain(rounded(value, 6), 6)); });
    }"""
    assert page.evaluate(script, list(NUMBERS)) == [float(number) for number in NUMBERS.values()]
    assert page.evaluate(script, [*NONE, *MISPLACED]) == [None] * len((*NONE, *MISPLACED))

    # What is pasted from a spreadsheet or typed full-width is reckoned with; a comma that may be the point is not.
    page.evaluate("text => navigator.clipboard.writeText(text)", "２\t￥12.00\n2\t1.234,5")
    page.locator("#lines-0-quantity").focus()
    page.keyboard.press("ControlOrMeta+v")
    expect(page.locator("#lines-0-value")).to_have_text("24.00")
    expect(page.locator("#lines-1-value")).to_have_text("–")
    assert column(page, "unit_cost") == ["12.00", "1.234,5"]
    page.fill("#lines-1-unit_cost", "１．５")
    expect(page.locator("#lines-1-value")).to_have_text("3.00")


def test_a_stored_line_is_dragged_by_its_number(company: Company, console: Page, teas: list[dict]) -> None:
    page = console
    lines = [{"product": tea["id"], "quantity": at + 1, "unit_cost": "1"} for at, tea in enumerate(teas)]
    draft = company.add("stock-adjustments", warehouse=company.rows["warehouse"]["id"], lines=lines)
    company.go(page, f"/stock-adjustments/edit/{draft['id']}")

    def drag(row: int, onto: int) -> None:
        handles = page.locator("[data-line-number]")
        start, end = handles.nth(row).bounding_box(), handles.nth(onto).bounding_box()
        assert start and end
        page.mouse.move(start["x"] + 10, start["y"] + 10)
        page.mouse.down()
        page.mouse.move(end["x"] + 10, end["y"] + end["height"] / 2 + (4 if onto > row else -4), steps=12)

    drag(0, 2)
    page.mouse.up()
    assert column(page, "quantity") == ["2", "3", "1", "4"]
    drag(3, 0)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert column(page, "quantity") == ["2", "3", "1", "4"]
    page.locator("[data-line-undo]").click()
    assert column(page, "quantity") == ["1", "2", "3", "4"]
    page.locator("[data-line-redo]").click()
    # A stored line that went comes back as the same one.
    page.locator("[data-line-remove]").nth(1).click()
    page.locator("[data-line-undo]").click()
    save(page, "stock-adjustments")
    kept = company.call("GET", f"stock-adjustments/{draft['id']}")["result"]["lines"]
    assert [float(line["quantity"]) for line in kept] == [2, 3, 1, 4]
    assert sorted(line["id"] for line in kept) == sorted(line["id"] for line in draft["lines"])
    expect(page.locator(".event del").first).to_have_text("1, 2, 3, 4")
    expect(page.locator(".event ins").first).to_have_text("2, 3, 1, 4")


def test_lines_are_usable_on_a_phone(company: Company, console: Page, teas: list[dict]) -> None:
    page = console
    page.set_viewport_size({"width": 390, "height": 844})
    company.go(page, f"/stock-adjustments/edit/{company.rows['draft']['id']}")
    page.locator("[data-line-add]").click()
    page.locator("#lines-1-quantity").fill("2")
    page.locator("#lines-1-unit_cost").fill("1.5")
    expect(page.locator("#lines-1-value")).to_have_text("3.00")
    page.locator("[data-total=value]").scroll_into_view_if_needed()
    expect(page.locator("[data-total=value]")).to_have_text("-118.50")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("[data-line]").nth(1).locator("[data-line-up]").click()
    assert column(page, "quantity") == ["2", "-3"]
    page.locator("[data-line]").nth(0).locator("[data-line-down]").click()
    assert column(page, "quantity") == ["-3", "2"]
    for name in ("product", "quantity", "unit_cost", "value"):
        box = page.locator(f"#lines-1-{name}").bounding_box()
        assert box and box["width"] >= 120 and box["height"] >= 40, name
