"""Kehu's command: ``python run.py`` sets up an empty database and serves; ``python run.py --help`` lists the rest."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = argparse.ArgumentParser(prog="run.py", description="Kehu: customers, goods and stock in one console.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="set up what is missing and serve the console (KEHU_PORT, 8080)")
    serve.add_argument("--demo", action="store_true", help="fill an empty database with the demo company")
    serve.add_argument("--no-jobs", action="store_true", help="leave the timetable to another process")
    commands.add_parser("init", help="set up the database and the first administrator, and stop")
    commands.add_parser("demo", help="fill an empty company with the demo company")
    jobs = commands.add_parser("jobs", help="list the timetable, or run a job now in this process")
    job_commands = jobs.add_subparsers(dest="job_command", required=True, metavar="list|run")
    job_commands.add_parser("list", help="every job with its schedule, last and next run")
    run_job = job_commands.add_parser(
        "run", help="run a job once, as if its time were now; exit status 1 when it fails"
    )
    run_job.add_argument("name", help="weekly-plan-reminder, low-stock-alert, send-mail, …")
    commands.add_parser("worker", help="run the timetable without serving (a company's second process)")
    commands.add_parser(
        "check", help="recompute both books from their entries; exit status 1 and each difference when one is off"
    )
    northwind = commands.add_parser(
        "import-northwind", help="import the Northwind sample company from a folder of CSV files"
    )
    northwind.add_argument("folder", type=Path)
    password = commands.add_parser("set-password", help="give a user a new password")
    password.add_argument("username")
    commands.add_parser(
        "db-check", help="whether the migrations make exactly the schema of the models (for developers)"
    )
    migrate = commands.add_parser(
        "db-migrate", help="write the migration for what changed in the models (for developers)"
    )
    migrate.add_argument("message")

    arguments = sys.argv[1:] if arguments is None else arguments
    asked = parser.parse_args(arguments or ["serve"])
    # All that is read at the start stays: to look for garbage among it takes a quarter of the start.  ``commands.run``
    # lets it be looked for again when the application is there.
    gc.disable()
    try:
        from app import commands as implementation

        try:
            return implementation.run(asked)
        except implementation.Refused as error:
            print(error, file=sys.stderr)
            return 1
    finally:
        gc.enable()


if __name__ == "__main__":
    sys.exit(main())
