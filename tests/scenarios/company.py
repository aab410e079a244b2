"""What the stories need besides the application: an empty company with a mail server, its clock, and its post."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask

from app import create_app, setup
from app.core import clock, db
from app.jobs import execution
from tests.app_fixtures import settings_for
from tests.support.smtp import ReceivedMessage, SmtpServer

NORTHWIND = Path(__file__).parents[1] / "data" / "northwind"
ADDRESS = "https://kehu.example.com"


@contextmanager
def open_company(folder: Path, url: str, smtp: SmtpServer, at: datetime) -> Iterator[Flask]:
    """An empty company that was set up at ``at`` and sends its mail to ``smtp``."""
    app = create_app(settings_for(folder, url, smtp_url=smtp.url, base_url=ADDRESS))
    with clock.stopped(at), app.app_context():
        setup.prepare()
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.db.engine.dispose()


class Company:
    """A company in a story: its application and the post that leaves it."""

    def __init__(self, app: Flask, smtp: SmtpServer) -> None:
        self.app, self.smtp = app, smtp

    def due(self, *jobs: str) -> list[bool | None]:
        """Let the timetable run ``jobs`` whose time has come; True for each that ran well, None for one not due."""
        with self.app.app_context():
            return [execution.run_due(job) for job in jobs]

    def letters(self) -> list[ReceivedMessage]:
        """Send what is in the outbox; what arrived."""
        before = len(self.smtp.messages)
        with self.app.app_context():
            assert execution.run_job("send-mail")
        return self.smtp.messages[before:]

    def post(self) -> dict[str, ReceivedMessage]:
        """Send what is in the outbox; what arrived, by whom it was for: one mail for each."""
        arrived = self.letters()
        found = {str(message["To"]): message for message in arrived}
        assert len(found) == len(arrived), [str(message["To"]) for message in arrived]
        return found


def text_of(message: ReceivedMessage) -> str:
    """The plain text of a mail."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html_of(message: ReceivedMessage) -> str:
    """The HTML of a mail."""
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def products() -> list[dict[str, str]]:
    """products.csv."""
    with (NORTHWIND / "products.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def low_products() -> dict[str, tuple[str, str, int, int]]:
    """What must be on the list of low stock, by code: name, spec, in stock and reorder level, as the file says."""
    return {
        row["product_id"]: (
            row["product_name"],
            row["quantity_per_unit"],
            int(row["units_in_stock"]),
            int(row["reorder_level"]),
        )
        for row in products()
        if row["discontinued"] == "0" and int(row["units_in_stock"]) < int(row["reorder_level"])
    }


_ITEM = re.compile(r"^(\d+) (.+) · (.+)\n +(.+)$", re.MULTILINE)
_FIGURE = re.compile(r"(.+?) ([-–\d].*)")


def items(message: ReceivedMessage) -> dict[str, tuple[str, str, dict[str, str]]]:
    """The lines of a mail about low stock, by the product's code: name and spec, where, and the figures by label."""
    found: dict[str, tuple[str, str, dict[str, str]]] = {}
    for code, product, where, figures in _ITEM.findall(text_of(message)):
        assert code not in found, code
        found[code] = product, where, dict(_FIGURE.fullmatch(each).groups() for each in figures.split(" · "))  # type: ignore[union-attr]
    return found


def identity_of(answer: Any) -> int:
    """The id in the address that a save leads to."""
    assert answer.status_code == 302, answer.text
    return int(answer.headers["Location"].rsplit("/", 1)[1])
