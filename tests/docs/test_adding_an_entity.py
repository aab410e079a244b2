"""Adding an entity: the page's own text, put into a copy of Kehu as it says, makes an entity that works."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.docs.page import DOCS, Block, blocks
from tests.docs.sandbox import Sandbox

PAGE = DOCS / "adding-an-entity.md"
HERE = Path(__file__).parent
LINES = 60  # of the model and the view together, at most


@pytest.fixture(scope="module")
def parts() -> tuple[list[Block], list[Block]]:
    """The blocks for the meeting room, and those for its bookings."""
    placed = [block for block in blocks(PAGE) if block.path]
    second = next(index for index, block in enumerate(placed) if "RoomBooking" in block.text)
    return placed[:second], placed[second:]


@pytest.fixture(scope="module")
def built(parts: tuple[list[Block], list[Block]], tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """The copy with the meeting room in it."""
    sandbox = Sandbox(tmp_path_factory.mktemp("kehu"))
    sandbox.put(parts[0])
    sandbox.run("run.py", "db-migrate", "meeting rooms")
    return sandbox


def test_every_block_belongs_to_a_file_or_is_a_command():
    assert [block.language for block in blocks(PAGE) if not block.path] == ["sh"]


def test_it_is_short(parts):
    texts = [block.text for block in parts[0] if block.path.endswith(("/models.py", "/views.py")) and block.is_new]
    assert sum(len([line for line in text.splitlines() if line]) for text in texts) <= LINES


def test_its_migration_makes_its_table_and_nothing_else(built):
    (path,) = built.folder.glob("migrations/versions/*_meeting_rooms.py")
    assert re.findall(r"create_table\(\s*'(\w+)'", path.read_text()) == ["meeting_rooms"]


def test_it_works(built):
    built.test(HERE / "meeting_rooms.py")


def test_it_follows_the_conventions(built):
    built.run("-m", "ruff", "format", "--check", "app/domains/office")
    built.run("-m", "ruff", "check", "app/domains/office")


def test_rows_that_belong_to_somebody(built, parts):
    built.put(parts[1])
    built.run("run.py", "db-migrate", "room bookings")
    built.test(HERE / "room_bookings.py")


def test_the_examples_at_its_end_are_there():
    import app.views  # noqa: F401 (declares every view)
    from app.core.entity import registry
    from app.core.web.view import views

    known = {model.__name__: model for model in registry.values()} | {view.__name__: view for view in views.values()}
    table = PAGE.read_text(encoding="utf-8").split("## And further")[1]
    examples = [line.rsplit("|", 2)[1].strip().strip("`") for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(examples) > 5
    for example in examples:
        name, _dot, attribute = example.partition(".")
        assert name in known, example
        assert not attribute or hasattr(known[name], attribute), example


def test_its_python_can_be_read():
    for block in blocks(PAGE):
        if block.language == "python" and "MapSection" not in block.text:
            ast.parse(block.text)
