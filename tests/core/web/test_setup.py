"""Hole 21: any number of processes may start at once on an empty database, and every one of them comes up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROCESSES = 8
ROOT = Path(__file__).parents[3]
# One process reads the code and becomes eight, which begin together.
STARTS = """
import json, os, sys, time
from pathlib import Path
import app.models, app.views, app.commands
from app import create_app, setup
from app.core import db
from config import Settings

folder, url, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
start = time.time() + 1.0
for number in range(count):
    if os.fork() == 0:
        out = folder / f"outcome-{number}"
        try:
            app = create_app(Settings(data_dir=folder, database_url=url, admin_password="correct horse", run_jobs=False))
            time.sleep(max(0, start - time.time()))
            with app.app_context():
                outcome = setup.prepare()
                db.session.remove()
            client = app.test_client()
            body = {"username": "admin", "password": "correct horse", "provider": "db"}
            found = {"empty": outcome.was_empty, "health": client.get("/health").status_code}
            token = client.post("/api/v1/security/login", json=body).json["access_token"]
            rows = client.get("/api/v1/users/", headers={"Authorization": f"Bearer {token}"})
            found |= {"users": rows.json["count"], "key": app.config["SECRET_KEY"]}
        except BaseException as error:
            found = {"error": repr(error)}
        out.write_text(json.dumps(found))
        os._exit(0)
for _ in range(count):
    os.wait()
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_eight_simultaneous_starts_are_eight_healthy_ones(database, tmp_path, request):
    url = "" if database == "sqlite" else request.getfixturevalue("postgres_url")
    command = [sys.executable, "-c", STARTS, str(tmp_path), url, str(PROCESSES)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150)
    outcomes = [json.loads((tmp_path / f"outcome-{number}").read_text()) for number in range(PROCESSES)]
    assert [outcome for outcome in outcomes if "error" in outcome] == [], ended.stderr
    assert [outcome["health"] for outcome in outcomes] == [200] * PROCESSES
    assert [outcome["users"] for outcome in outcomes] == [1] * PROCESSES
    assert sum(outcome["empty"] for outcome in outcomes) == 1, "one of them set up"
    assert len({outcome["key"] for outcome in outcomes}) == 1, "all of them sign by the same key"
