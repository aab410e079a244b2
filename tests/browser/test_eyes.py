"""What looks at every page sees what is wrong: a fault is planted for each thing it looks for."""

import pytest
from playwright.sync_api import Page

from tests.browser import eyes

PAGE = "<!doctype html><html lang=en><head><title>Kehu</title><style>{}</style></head><body><main><h1>客户</h1>{}</main></body></html>"
NARROW = "button { width: 60px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis }"


def show(page: Page, body: str, style: str = "") -> None:
    page.set_content(PAGE.format(style, body))


@pytest.mark.parametrize(
    ("style", "body", "fault"),
    [
        (NARROW, "<button>A label that is too long</button>", "cut: «A label"),
        ("p { height: 8px; overflow: hidden }", "<p>A line that is not high enough</p>", "cut: «A line"),
        ("label { display: block; width: 40px; white-space: nowrap }", "<label>Spills over</label>", "cut: «Spills"),
        ("p { margin: 0 } p + p { margin-top: -14px }", "<p>One line</p><p>Another line</p>", "over each other: «One"),
        ("div { position: relative } b { position: absolute; left: 0 } b + b { left: 9px }", "<div><b>One</b><b>Two</b></div>", ""),
        (NARROW, "<button title='A label that is too long'>A label that is too long</button>", ""),
        (".sr { position: absolute; width: 1px; height: 1px; overflow: hidden }", "<b class=sr>For who listens</b>", ""),
        ("div { width: 60px; overflow: auto; white-space: nowrap }", "<div><p>What scrolls is not cut</p></div>", ""),
        ("", "<p>What is well</p><button>Save</button>", ""),
    ],
)  # fmt: skip
def test_what_is_cut_or_covered_is_seen(page: Page, style: str, body: str, fault: str) -> None:
    show(page, body, style)
    found = eyes.read(page)
    assert any(each.startswith(fault) for each in found) if fault else found == [], found


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<p>保存 Changes</p>", "not Chinese: «保存 Changes»"),
        ("<input placeholder=Search>", "not Chinese: «Search» in placeholder"),
        ("<button aria-label='Close menu'>×</button>", "not Chinese: «Close menu» in aria-label"),
        ("<select><option>Draft</option></select>", "not Chinese: «Draft»"),
        ("<p>从 Excel 或 CSV 导入 Northwind Traders</p>", ""),
        ("<p>SA2026-00001 · a@example.com</p>", ""),
    ],
)
def test_a_word_of_the_other_language_is_seen(page: Page, body: str, fault: str) -> None:
    show(page, body)
    found = eyes.read(page, words=True, data=["Northwind Traders"])
    assert any(each.startswith(fault) for each in found) if fault else found == [], found


def test_a_page_that_is_too_wide_is_seen(page: Page) -> None:
    eyes.resize(page, "phone")
    show(page, "<div style='width: 500px'>客户</div>")
    assert eyes.breadth(page) == ["508 px wide in 390 px: DIV."]
    show(page, "<div>客户</div>")
    assert eyes.breadth(page) == []


def test_what_is_hard_to_use_is_seen_in_the_theme_that_it_is_in(page: Page) -> None:
    style = "[data-theme=dark] p { color: #333; background: #222 }"
    show(page, "<p>Hardly to be read</p><input>", style)
    assert [each.split()[0] for each in eyes.axe(page)] == ["label"]
    assert eyes.axe(page, rules=["color-contrast"]) == []
    eyes.dress(page, "dark")
    assert [each.split()[0] for each in eyes.axe(page, rules=["color-contrast"])] == ["color-contrast"]
    assert eyes.axe(page, "h1", ["color-contrast"]) == []
