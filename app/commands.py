"""What ``run.py``'s commands do: each in its own application context, as the system, in one transaction."""

from __future__ import annotations

import argparse
import gc
import getpass
import logging
import os
import secrets
import signal
import sys
import tempfile
import threading
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from app import create_app, setup
from app.core import db, identity, store
from app.core.errors import BusinessError
from config import Settings, WrongSetting


class Refused(Exception):
    """A command can't do what was asked; the text says why."""


def run(asked: argparse.Namespace) -> int:
    """Do ``asked``; the exit status."""
    try:
        settings = Settings.from_env()
        settings.ensured_secret_key()
        logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    except WrongSetting as error:
        raise Refused(str(error)) from None
    for chatty in ("flask_appbuilder", "alembic", "apscheduler"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if asked.command == "db-check":
        return _db_check(settings)
    app = create_app(settings)
    with app.app_context():
        if asked.command == "db-migrate":
            return _db_migrate(settings, asked.message)
        try:
            store.store().check()
        except OSError as error:
            raise Refused(f"Files can't be kept (KEHU_FILES_URL): {error}") from None
        outcome = setup.prepare()
        gc.freeze()  # what is there now stays to the end: never to be looked through
        gc.enable()
        handlers = {
            "serve": lambda: _serve(app, settings, asked, outcome),
            "worker": lambda: _worker(app),
            "init": lambda: _init(outcome),
            "demo": _demo,
            "jobs": lambda: _jobs(asked),
            "check": _check,
            "import-northwind": lambda: _northwind(asked.folder),
            "set-password": lambda: _set_password(asked.username),
        }
        return handlers[asked.command]()


def _serve(app: Flask, settings: Settings, asked: argparse.Namespace, outcome: setup.Outcome) -> int:
    from app.core.exchange import runs
    from app.core.web import import_worker
    from app.core.web.server import serve
    from app.jobs.runner import start_runner

    with db.transaction(identity.system()):
        runs.settle_lost()
    if asked.demo:
        from app.demo import fill_if_empty

        fill_if_empty()
    print(f"\n  Kehu is at  {settings.address}", flush=True)
    if outcome.password is not None:
        print(f"  Log in as   admin\n  Password    {outcome.password}   (shown this once)\n", flush=True)
    else:
        print(
            "  Log in as   admin, with the password of the first start\n"
            "              (python run.py set-password admin makes a new one)\n",
            flush=True,
        )
    # A service manager ends us by SIGTERM: what runs comes to its end, and the timetable is free at once.
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(0))
    runner = start_runner(app) if settings.run_jobs and not asked.no_jobs else None
    try:
        serve(app, settings)
    finally:
        import_worker.stop()
        if runner is not None:
            runner.stop()
    return 0


def _worker(app: Flask) -> int:
    from app.jobs.runner import start_runner

    runner = start_runner(app)
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_args: done.set())
    done.wait()
    runner.stop()
    return 0


def _init(outcome: setup.Outcome) -> int:
    if outcome.password is not None:
        print(f"The database is set up. Log in as admin with the password {outcome.password} (shown this once).")
    else:
        print("The database is up to date.")
    return 0


def _demo() -> int:
    from app.demo import fill_if_empty

    if not fill_if_empty():
        raise Refused("There is a company in this database already: the demo company is only put into an empty one.")
    print("The demo company is in. Its people can log in once they have a password: python run.py set-password NAME")
    return 0


def _jobs(asked: argparse.Namespace) -> int:
    from app.jobs import commands

    if asked.job_command == "list":
        for line in commands.list_jobs():
            print(line)
        return 0
    return 0 if commands.run(asked.name) else 1


def _check() -> int:
    from app.ledger.verify import differences

    with db.transaction(identity.system()):
        found = differences()
    for line in found:
        print(line)
    print("The books are not what their entries say." if found else "The books are what their entries say.")
    return 1 if found else 0


def _northwind(folder: Path) -> int:
    from app.northwind import import_company

    if not folder.is_dir():
        raise Refused(f"{folder} is not a folder.")
    try:
        told = import_company(folder)
    except BusinessError as error:
        raise Refused(error.message) from None
    for line in told:
        print(line)
    return 0


def _set_password(username: str) -> int:
    from flask_appbuilder.security.sqla.models import User
    from werkzeug.security import generate_password_hash

    from app.core.users import password_fault

    if sys.stdin.isatty():
        password = getpass.getpass("New password (empty: one is made up): ")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    made_up = not password
    password = password or secrets.token_urlsafe(9)
    fault = password_fault(password, username)
    if fault:
        raise Refused(str(fault))
    with db.transaction(identity.system()):
        user = db.session.scalars(sa.select(User).where(User.username == username)).one_or_none()
        if user is None:
            raise Refused(f"There is no user called {username}.")
        user.password = generate_password_hash(password)
        user.fail_login_count = 0
    print(f"{username}'s new password: {password}" if made_up else f"{username} has a new password.")
    return 0


def _db_check(settings: Settings) -> int:
    """Migrate a fresh database and compare it with the models."""
    from alembic import command
    from alembic.util.exc import CommandError

    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.get("KEHU_CHECK_DATABASE_URL", "")
        app = create_app(Settings(data_dir=Path(folder), database_url=url, secret_key="check"))
        with app.app_context():
            try:
                command.upgrade(setup.alembic_config(), "head")
                command.check(setup.alembic_config())
            except CommandError as error:
                print(error, file=sys.stderr)
                return 1
            finally:
                db.session.remove()
                db.db.engine.dispose()
    return 0


def _db_migrate(settings: Settings, message: str) -> int:
    """Write a migration from a fresh database at the newest revision to the models."""
    from alembic import command
    from alembic.script import ScriptDirectory

    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data_dir=Path(folder), secret_key="migrate"))
        with app.app_context():
            count = len(list(ScriptDirectory(str(setup.MIGRATIONS)).walk_revisions()))
            command.upgrade(setup.alembic_config(), "head")
            command.revision(setup.alembic_config(), message=message, autogenerate=True, rev_id=f"{count + 1:04d}")
            db.db.engine.dispose()
    return 0
