"""The line grid of a document with 200 lines in Chromium: from a key to the next frame, a pasted block, the first view;
beside the same key in a bare input, and the same block's texts put into bare inputs.

The browser does the work: it is measured once, with SQLite behind it.
"""

from __future__ import annotations

import json
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.browser import open_browser, open_page
from tests.support.server import LiveServer

LINES = 200
KEYS = 30
TURNS = 5

# From the key's event to the frame that shows what it did.
FRAME = """
window.keyTimes = [];
addEventListener("keydown", (event) => {
  const begun = event.timeStamp;
  requestAnimationFrame(() => setTimeout(() => keyTimes.push(performance.now() - begun)));
}, true);
"""
KEY_SHOWN = """async (count) => {
  for (let waited = 0; keyTimes.length <= count && waited < 2000; waited++) {
    await new Promise((next) => setTimeout(next, 1));
  }
  if (keyTimes.length <= count) throw new Error("no frame followed the key");
}"""
BARE = "<!doctype html><body>" + "<input>" * 4 * LINES
PUT = """(block) => {
  const begun = performance.now();
  const inputs = document.querySelectorAll("input");
  for (const [at, line] of block.split("\\n").entries()) {
    for (const [offset, text] of line.split("\\t").entries()) inputs[at * 4 + offset].value = text;
  }
  document.body.offsetHeight;
  return performance.now() - begun;
}"""
PASTE = """async (block) => {
  const begun = performance.now();
  const data = new DataTransfer();
  data.setData("text/plain", block);
  const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  document.activeElement.dispatchEvent(paste);
  const shown = performance.now() - begun;
  const pickers = [...document.querySelectorAll("[data-line] [role=combobox]")];
  const waits = () => pickers.some((each) => each.value && !each.previousElementSibling.value);
  for (let at = 0; at < 2000 && waits(); at++) await new Promise((next) => setTimeout(next, 5));
  await new Promise((next) => requestAnimationFrame(next));
  return [shown, performance.now() - begun];
}"""
VIEW = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return [page.responseEnd - page.requestStart, page.domComplete - page.responseEnd, paint.startTime - page.responseEnd];
}"""


def run(url: str) -> list[tuple[str, float, str, float]]:
    """(name, measured, unit, raw limit); ``url`` "" is SQLite."""
    if url:
        return []
    with (
        tempfile.TemporaryDirectory() as folder,
        LiveServer(Path(folder), arguments=("--no-jobs",)) as server,
        open_browser() as browser,
        open_page(browser) as page,
    ):
        draft, goods = _fill(server)
        page.goto(f"{server.url}/login/")
        page.fill("#username", server.username)
        page.fill("#password", server.password)
        page.click("[data-submit]")
        page.locator(".user-menu").wait_for()
        page.add_init_script(FRAME)

        views = []
        for _turn in range(TURNS):
            page.goto(f"{server.url}/stock-adjustments/edit/{draft}", wait_until="load")
            expect(page.locator("[data-total=value]")).not_to_be_empty()
            views.append(page.evaluate(VIEW))
        typing = _typing(page, f"#lines-{LINES // 2}-quantity")
        page.goto(f"{server.url}/stock-adjustments/add")
        block = "\n".join(f"{code}\t{at + 1}\t{at}.25" for at, code in enumerate(goods))
        page.locator("#lines-0-product").focus()
        pasted, looked_up = page.evaluate(PASTE, block)
        assert page.locator("[data-line]").count() == LINES
        page.goto(f"{server.url}/weekly-plans/add")
        plan = "\n".join(f"2026-11-{at % 5 + 23}\tcall\t\tGoal {at}" for at in range(LINES))
        page.locator("#lines-0-planned_on").focus()
        wide, _done = page.evaluate(PASTE, plan)

        page.goto("about:blank")
        page.set_content(BARE)
        page.evaluate(FRAME)
        bare_key = _typing(page, "input >> nth=400")
        bare_paste = page.evaluate(PUT, block)
    answered, built, painted = (sorted(each)[TURNS // 2] for each in zip(*views, strict=True))
    return [
        (f"{LINES} lines: a key to the next frame, median", typing[0], "ms", bare_key[0]),
        (f"{LINES} lines: a key to the next frame, worst of {KEYS}", typing[1], "ms", bare_key[1]),
        (f"paste {LINES} × 4 cells", wide, "ms", bare_paste),
        (f"paste {LINES} × 3 cells with products", pasted, "ms", bare_paste),
        (f"paste {LINES} × 3 cells, products looked up", looked_up, "ms", bare_paste),
        (f"{LINES} lines: the form is answered", answered, "ms", 0.0),
        (f"{LINES} lines: from the answer to the first paint", painted, "ms", 0.0),
        (f"{LINES} lines: from the answer to the whole page", built, "ms", 0.0),
    ]


def _typing(page: Page, selector: str) -> tuple[float, float]:
    """(median, worst) of keys typed into an input, in milliseconds."""
    page.locator(selector).focus()
    page.evaluate("keyTimes.length = 0")
    for at in range(KEYS):
        page.keyboard.press("Backspace" if at % 3 == 2 else str(at % 10))
        page.evaluate(KEY_SHOWN, at)
    found = sorted(page.evaluate("keyTimes"))
    return found[len(found) // 2], found[-1]


def _fill(server: LiveServer) -> tuple[int, list[str]]:
    """A stock adjustment of 200 lines; the codes of their products."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    token = ""

    def call(path: str, body: Any) -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(f"{server.url}/api/v1/{path}", json.dumps(body).encode(), headers)
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)

    credentials = {"username": server.username, "password": server.password, "provider": "db"}
    token = call("security/login", credentials)["access_token"]
    unit = call("units/", {"name": "kg", "decimals": 3})["id"]
    warehouse = call("warehouses/", {"name": "Main"})["id"]
    lines, codes = [], []
    for at in range(LINES):
        fields = {"name": f"Tea {at}", "unit": unit, "tax_rate": "0.13", "list_price": "8"}
        made = call("products/", fields)["result"]
        lines.append({"product": made["id"], "quantity": at + 1, "unit_cost": f"{at}.25"})
        codes.append(made["code"])
    return call("stock-adjustments/", {"warehouse": warehouse, "lines": lines})["id"], codes
