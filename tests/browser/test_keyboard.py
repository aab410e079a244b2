"""Everything by the keyboard: on each kind of page all that can be used is come to by Tab, seen to have the focus, and
left again.
"""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import eyes
from tests.browser.company import Company

MOST = 400  # presses of Tab on one page
# As if the page had just come: Tab begins at its first element.
TOP = """() => {
    document.activeElement?.blur();
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
    window.scrollTo(0, 0);
}"""
# What can be used, marked with a number, and how it looks without the focus.  What has tabindex -1 is come to by arrows.
MARK = """() => {
    const usable = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0'], [contenteditable=true]";
    const looks = (element) => {
        const style = getComputedStyle(element);
        return [style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1 ? style.outline : "", style.boxShadow, style.borderColor, style.backgroundColor].join("|");
    };
    window.looks = looks;
    window.reached = new Set();
    window.marked = [...document.querySelectorAll(usable)].filter((element) => {
        if (element.disabled || element.tabIndex < 0 || element.closest("[inert], dialog:not([open])")) return false;
        if (!element.checkVisibility({ visibilityProperty: true })) return false;
        return !(element.type === "radio" && !element.checked && element.form?.elements[element.name]?.length);
    });
    window.before = new Map(window.marked.map((element) => [element, looks(element)]));
    return window.marked.length;
}"""
# Where the focus is: nothing at the end of the page, else what is wrong with it.
STEP = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    // A date has several stops in one field.
    const parts = ["date", "datetime-local", "time", "month", "week"].includes(element.type) && window.last === element;
    const again = window.reached.has(element) && !parts;
    window.last = element;
    window.reached.add(element);
    const name = element.outerHTML.slice(0, 120);
    if (again) return [`comes again: ${name}`];
    const box = element.getBoundingClientRect();
    const wrong = [];
    if (parts) return wrong;
    const shown = [element, element.closest("label"), element.parentElement].filter(Boolean);
    const before = window.before.get(element);
    if (before !== undefined && before === window.looks(element) && shown.every((each) => window.looks(each).startsWith("|"))) wrong.push(`no focus to be seen: ${name}`);
    if (!box.width || !box.height || box.right < 0 || box.left > innerWidth || box.bottom < 0 || box.top > innerHeight) wrong.push(`out of sight: ${name}`);
    return wrong;
}"""
MISSED = "() => window.marked.filter((element) => element.isConnected && !window.reached.has(element)).map((element) => element.outerHTML.slice(0, 120))"


def walk(page: Page) -> list[str]:
    """What is wrong with going through the page by Tab, in words."""
    page.evaluate(TOP)
    count = page.evaluate(MARK)
    assert count > 0
    wrong: list[str] = []
    for _press in range(MOST):
        page.keyboard.press("Tab")
        found = page.evaluate(STEP)
        if found is None:
            break
        wrong += found
        if any(each.startswith("comes again") for each in found):
            break
    else:
        wrong.append(f"no end after {MOST} presses")
    return wrong + [f"never come to: {each}" for each in page.evaluate(MISSED)]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/customers/list/",
        "/customers/add",
        "/customers/show/{customer}",
        "/customers/import",
        "/weekly-plans/edit/{plan}",
        "/stock-adjustments/show/{draft}",
        "/account/notices/",
        "/customers/show/987654",
    ],
)
def test_all_that_can_be_used_is_come_to(company: Company, console: Page, path: str) -> None:
    page = console
    page.emulate_media(reduced_motion="reduce")
    page.goto(company.url + path.format(**{name: row["id"] for name, row in company.rows.items()}))
    assert walk(page) == []


def test_the_log_in_by_the_keyboard(company: Company, page: Page) -> None:
    page.goto(f"{company.url}/login/")
    assert walk(page) == []


def test_the_frame_can_be_skipped(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/customers/list/")
    page.evaluate(TOP)
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_drawer_keeps_the_focus_and_gives_it_back(company: Company, console: Page) -> None:
    page = console
    eyes.resize(page, "phone")
    company.go(page, "/customers/list/")
    page.locator("[data-drawer-open]").focus()
    page.keyboard.press("Enter")
    for _press in range(40):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || document.activeElement.closest('.page') === null"
        )
    page.keyboard.press("Escape")
    expect(page.locator("[data-drawer-open]")).to_be_focused()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<button>Save</button><a href='#'>Away</a><input>", ""),
        ("<style>a:focus { outline: none }</style><a href='#'>Unseen</a><button>Save</button>", "no focus to be seen: <a"),
        ("<button onfocus='this.blur()'>Gone</button><button>Save</button>", "never come to: <button>Save"),
        ("<button id=a>Save</button><button onkeydown='a.focus(); event.preventDefault()'>Trap</button>", "comes again: <button id"),
        ("<a href='#' style='position: absolute; left: -900px'>Outside</a><button>Save</button>", "out of sight: <a"),
    ],
)  # fmt: skip
def test_what_keeps_somebody_from_it_is_seen(page: Page, body: str, fault: str) -> None:
    page.set_content(f"<!doctype html><body>{body}</body>")
    found = walk(page)
    assert any(each.startswith(fault) for each in found) if fault else found == [], found
