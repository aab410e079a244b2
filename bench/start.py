"""A start with nothing changed, with 60 entities (ours, and generated ones), beside importing Flask-AppBuilder alone."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ENTITIES = 60
TURNS = 5
ROOT = Path(__file__).parent.parent
# What a server does before it answers: read the code, make the application, look whether anything is to be set up.
START = """
import gc
import sys
import time
from pathlib import Path

gc.disable()  # as run.py does

import app.models
from app import views
from app.core.entity import Entity, column, registry
from app.core.types import Money, Name, Note, Whole
from app.core.web.frame import MapSection
from app.core.web.view import EntityView, views as known
from sqlalchemy.orm import Mapped

folder, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
made = []
for number in range(count - len(known)):
    body = {
        "__tablename__": f"generated_{number}s",
        "__module__": "app.domains.generated.models",
        "__doc__": "Generated.",
        "resource": f"generated-{number}s",
        "label": f"Generated {number}",
        "labels": f"Generated {number}s",
        "keys": ("name",),
        "__annotations__": {"name": Mapped[Name], "amount": Mapped[Money | None], "count": Mapped[Whole | None]},
        "name": column("Name", unique=True),
        "amount": column("Amount"),
        "count": column("Count"),
    }
    model = type(f"Generated{number}", (Entity,), body)
    made.append(type(f"Generated{number}View", (EntityView,), {"model": model}, model=model))
views.CONSOLE = (*views.CONSOLE, MapSection("generated", "Generated", "box", tuple(made)))

from app import create_app, setup
from config import Settings

begun = time.perf_counter()
kehu = create_app(Settings(data_dir=Path(folder), database_url=url, admin_password="correct horse", run_jobs=False))
with kehu.app_context():
    outcome = setup.prepare()
    assert kehu.test_client().get("/health").status_code == 200
print(time.perf_counter() - begun)
assert len(known) == count, len(known)
"""


def run(url: str) -> list[tuple[str, float, str, float]]:
    """(name, measured, unit, raw limit); ``url`` "" is SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", START, folder, url, str(ENTITIES)]
        _seconds(command)  # sets up
        started = [_seconds(command) for _turn in range(TURNS)]
    libraries = [sys.executable, "-c", "import flask_appbuilder, flask_appbuilder.api; print(0)"]
    raw = min(_seconds(libraries)[0] for _turn in range(TURNS))
    whole, made = (min(each[part] for each in started) for part in (0, 1))
    return [
        (f"start with {ENTITIES} entities, nothing changed: the whole process", whole, "s", raw),
        (f"start with {ENTITIES} entities, nothing changed: when the code is read", made, "s", raw),
    ]


def _seconds(command: list[str]) -> tuple[float, float]:
    """How long the process took, and how long it says that it took without reading the code."""
    begun = time.perf_counter()
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return time.perf_counter() - begun, float(told)
