"""The pictures of the user guide: who takes each, of what; `python -m tools.pictures --guide` takes those that it shows.

Each page of docs/user-guide names its pictures by their links; they are drawn in few colours, so that they are small.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from PIL import Image
from playwright.sync_api import Page

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "user-guide"
COLOURS = 128
SHOWN = re.compile(r"\(\.\./images/(?:en|zh)/([\w-]+)\.png\)")

# Who of the demo company looks, in each language.
PEOPLE = {
    "salesperson": {"en": "peter", "zh": "xiaotong"},
    "manager": {"en": "grace", "zh": "qihang"},
    "keeper": {"en": "emma", "zh": "zhiqiang"},
    "accountant": {"en": "yaqin", "zh": "yaqin"},
    "director": {"en": "jianing", "zh": "jianing"},
    "administrator": {"en": "admin", "zh": "admin"},
}


@dataclass(frozen=True)
class Shot:
    """One picture: the person, the page (or the list whose first record it is), and what is done there first."""

    who: str
    path: str
    first_record: bool = False
    size: str = "wide"
    act: Callable[[Page], Any] | None = None


def _open(selector: str) -> Callable[[Page], Any]:
    return lambda page: page.locator(selector).first.click()


def search(page: Page) -> None:
    """Look for something with the palette."""
    page.keyboard.press("ControlOrMeta+k")
    page.keyboard.type("bei", delay=30)
    page.wait_for_timeout(800)


def side_by_side(page: Page) -> None:
    """Put the first two rows of a list side by side, to merge them."""
    first, second = (
        str(page.locator("tr[data-href]").nth(at).get_attribute("data-href")).split("?")[0] for at in (0, 1)
    )
    address = f"{first.replace('/show/', '/merge/')}?other={second.rpartition('/')[2]}"
    page.goto(urljoin(page.url, address))
    page.wait_for_load_state("networkidle")


def follow(selector: str) -> Callable[[Page], Any]:
    """Follow a link of the page."""

    def act(page: Page) -> None:
        page.locator(selector).first.click()
        page.wait_for_load_state("networkidle")

    return act


SHOTS = {
    "start": Shot("salesperson", "/"),
    "start-manager": Shot("manager", "/"),
    "team": Shot("manager", "/team/"),
    "start-keeper": Shot("keeper", "/"),
    "customers": Shot("salesperson", "/customers/list/?f=status:eq:active"),
    "filter": Shot("salesperson", "/customers/list/", act=_open("[data-filter] > summary")),
    "customer": Shot("salesperson", "/customers/list/", first_record=True),
    "search": Shot("salesperson", "/customers/list/", act=search),
    "plan": Shot("salesperson", "/weekly-plans/add"),
    "week": Shot("salesperson", "/week/"),
    "board": Shot("salesperson", "/opportunities/board/"),
    "leads": Shot("salesperson", "/leads/list/"),
    "merge": Shot("salesperson", "/customers/list/?f=in_pool:eq:0", act=side_by_side),
    "handover": Shot("manager", "/employees/look/handovers", act=follow("main a[href*='look/handover/']")),
    "on-a-phone": Shot("salesperson", "/customers/list/", size="phone"),
    "field": Shot("salesperson", "/field", size="phone"),
    "plans": Shot("manager", "/weekly-plans/list/"),
    "plan-record": Shot("manager", "/weekly-plans/list/?f=state:eq:submitted", first_record=True),
    "balances": Shot("keeper", "/stock-balances/list/"),
    "adjustment": Shot("keeper", "/stock-adjustments/add"),
    "adjustment-posted": Shot("keeper", "/stock-adjustments/list/?f=state:eq:posted", first_record=True),
    "safety-stocks": Shot("keeper", "/safety-stocks/list/"),
    "entries": Shot("accountant", "/stock-entries/list/"),
    "products": Shot("director", "/products/list/"),
    "users": Shot("administrator", "/users/list/"),
    "permissions": Shot("administrator", "/role-permissions/2"),
    "import": Shot("administrator", "/customers/import"),
    "history": Shot("administrator", "/audit-entries/list/"),
}


def shown(language: str) -> list[str]:
    """The names of the pictures that the guide shows in this language; KeyError when nobody knows how to take one."""
    names = sorted({name for page in pages(language) for name in SHOWN.findall(page.read_text(encoding="utf-8"))})
    for name in names:
        SHOTS[name]
    return names


def pages(language: str) -> Iterator[Path]:
    """The guide's pages in this language."""
    yield from sorted((GUIDE / language).glob("*.md"))


def place(language: str, name: str) -> Path:
    """Where a picture of the guide is kept."""
    return GUIDE / "images" / language / f"{name}.png"


def shrink(path: Path) -> None:
    """Draw the picture in few colours."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
