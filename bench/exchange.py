"""Import and export of 100,000 customers, beside bare inserts and bare file writing of the same rows."""

from __future__ import annotations

import csv
import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.core import clock, crud, db, identity
from app.core.exchange.exporter import export
from app.core.exchange.importer import run_import
from app.core.exchange.models import ImportRun
from app.core.exchange.undo import undo
from app.domains.crm.models import Customer
from bench.company import NAMES, ROWS, make_app

HEADERS = ("客户编码", "客户名称", "级别", "地区", "电话", "邮箱", "信用额度", "账期", "负责人", "状态")
COLUMNS = ("code", "name", "level", "region", "phone", "email", "credit_limit", "payment_days", "owner", "status")
DEEDS = ("can_add", "can_edit", "can_import", "can_export", "can_list")


def run(url: str) -> list[tuple[str, float, str, float]]:
    """(name, measured, unit, raw limit) of each; ``url`` "" is SQLite."""
    # Not an administrator, whom neither permissions nor scope bind.
    permissions = {(deed, "Customer") for deed in DEEDS} | {(identity.SEE_DETAILS, "crm")}
    seller = identity.Actor(1, "Seller", permissions=frozenset(permissions))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app = make_app(folder, url)
        path = folder / "customers.csv"

        def load(batches: bool = False, **options: Any) -> int | None:
            with app.app_context(), db.transaction(seller) as session:
                checkpoint = session.commit if batches else None
                result = run_import(Customer, path, path.name, checkpoint=checkpoint, **options)
                assert not result.errors and result.rows == ROWS, result.errors[:3]
                return result.run_id

        def write(format: str) -> None:
            with app.app_context(), db.transaction(seller):
                count = export(
                    Customer, sa.select(Customer).order_by(Customer.id), COLUMNS, format, folder / f"out.{format}"
                )
                assert count == ROWS

        def take_back(run_id: int | None) -> None:
            with app.app_context(), db.transaction(seller):
                assert run_id is not None
                assert undo(crud.fetch(ImportRun, run_id, lock=True)).deleted == ROWS

        def insert() -> None:
            with app.app_context(), db.transaction(identity.system()) as session:
                session.connection().execute(
                    sa.insert(Customer.__table__), [_values(number, "R") for number in range(ROWS)]
                )
                session.rollback()

        def read_and_write() -> None:
            with (
                app.app_context(),
                db.db.engine.connect() as connection,
                (folder / "raw.csv").open("w", newline="") as out,
            ):
                names = ", ".join(name if name != "owner" else "owner_id" for name in COLUMNS)
                csv.writer(out).writerows(connection.exec_driver_sql(f"SELECT {names} FROM customers ORDER BY id"))

        _fill(path, "North")
        runs: list[int | None] = []
        before = _memory_anew()
        preview = _seconds(load)
        new = _seconds(lambda: runs.append(load(mode="commit")))
        import_memory = _peak() - before
        before = _memory_anew()
        as_csv = _seconds(lambda: write("csv"))
        as_xlsx = _seconds(lambda: write("xlsx"))
        export_memory = _peak() - before
        raw_export = _seconds(read_and_write)
        back = _seconds(lambda: take_back(runs[0]))
        batch_by_batch = _seconds(lambda: load(batches=True, mode="commit", on_error="skip"))
        _fill(path, "South")
        update = _seconds(lambda: load(mode="commit", on_match="update"))
        # Last, as it holds all rows at once.
        raw_insert = _seconds(insert)
        return [
            ("import 100,000 rows, preview", preview, "s", raw_insert),
            ("import 100,000 rows", new, "s", raw_insert),
            ("import 100,000 rows, committed batch by batch", batch_by_batch, "s", raw_insert),
            ("import 100,000 rows that update", update, "s", raw_insert),
            ("import, growth of memory", import_memory, "MiB", 0.0),
            ("undo an import of 100,000 rows", back, "s", raw_insert),
            ("export 100,000 rows, CSV", as_csv, "s", raw_export),
            ("export 100,000 rows, XLSX", as_xlsx, "s", raw_export),
            ("export, growth of memory", export_memory, "MiB", 0.0),
        ]


def _fill(path: Path, region: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        for number in range(ROWS):
            row = _values(number)
            own = {**row, "region": region, "owner": "admin"}
            writer.writerow([own[name] for name in COLUMNS])


def _values(number: int, series: str = "B") -> dict[str, Any]:
    moment = clock.now()
    return {
        "code": f"{series}{number:07d}",
        "name": f"{NAMES[number % len(NAMES)]} {number}",
        "kind": "company",
        "level": "ABC"[number % 3],
        "region": "North",
        "phone": f"138{number:08d}",
        "email": f"mail{number}@example.com",
        "credit_limit": f"{number}.50",
        "payment_days": 30,
        "owner_id": 1,
        "status": "active",
        "created_on": moment,
        "changed_on": moment,
        "version": 1,
        "search_text": "",
    }


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _memory_anew() -> float:
    """The memory that this process has now, in MiB; its peak is counted from here (Linux)."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> float:
    """The most memory that this process has had since ``_memory_anew``, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
