"""``make bench``: every benchmark on SQLite and on a PostgreSQL of its own; the table goes to docs/benchmarks.md with
``--write``.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
from datetime import date
from pathlib import Path

MODULES = ("start", "lists", "fulltext", "twins", "board", "team", "grid", "exchange", "posting")
REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def main() -> int:
    """Run what was asked for; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("modules", nargs="*", choices=[*MODULES, []], help="which (all)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="only one of the databases")
    parser.add_argument("--write", action="store_true", help="write the table to docs/benchmarks.md")
    asked = parser.parse_args()
    lines = ["| what | database | measured | raw limit | ratio |", "| --- | --- | ---: | ---: | ---: |"]
    for database in ("sqlite", "postgresql"):
        if asked.database in (None, database):
            lines += _on(database, asked.modules or MODULES)
    print("\n".join(lines))
    if asked.write:
        machine = f"{platform.machine()}, Python {platform.python_version()}"
        head = f"# Benchmarks\n\nMeasured on {date.today()} by `make bench`: {machine}.\n"
        note = "The raw limit is the same rows by bare SQL (or bare file writing) in the same run:\n"
        note += "compare ratios, not machines.\n\n"
        REPORT.write_text(head + note + "\n".join(lines) + "\n", encoding="utf-8")
    return 0


def _on(database: str, modules: list[str] | tuple[str, ...]) -> list[str]:
    server = None
    if database == "postgresql":
        from tests.support.postgres import Postgres

        server = Postgres()
    lines = []
    try:
        for name in modules:
            url = server.make_database() if server is not None else ""
            print(f"{database}: {name} …", file=sys.stderr, flush=True)
            for what, value, unit, raw in importlib.import_module(f"bench.{name}").run(url):
                ratio = f"{value / raw:,.1f}" if raw else ""
                lines.append(f"| {what} | {database} | {value:,.1f} {unit} | {raw:,.1f} {unit} | {ratio} |")
    finally:
        if server is not None:
            server.stop()
    return lines


if __name__ == "__main__":
    sys.exit(main())
