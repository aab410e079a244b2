"""An import holds a batch and little more, however long its file: the keys it has had go to disk."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from app.core.exchange import seen
from app.core.exchange.importer import run_import
from app.core.exchange.seen import SeenKeys
from app.domains.crm.models import Customer

GROWTH = 12  # MiB that eight times as many rows may cost


def peak() -> float:
    """The most memory of this process since ``anew``, in MiB (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def anew() -> float:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def test_keys_are_found_again_in_memory_and_on_disk(monkeypatch):
    monkeypatch.setattr(seen, "IN_MEMORY", 10)
    keys = SeenKeys()
    assert [keys.first((f"C{number}", None), number) for number in range(95)] == list(range(95))
    assert [keys.first((f"C{number}", None), 1000) for number in (0, 9, 10, 57, 94)] == [0, 9, 10, 57, 94]
    assert keys.first(("C1", 7), 1001) == 1001


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells its memory")
def test_memory_does_not_grow_with_the_rows(act, tmp_path, monkeypatch):
    monkeypatch.setattr(seen, "IN_MEMORY", 500)

    def check(rows: int) -> None:
        path = tmp_path / f"{rows}.csv"
        lines = [f"K{number % (rows - 20)},Tea house {number},north {number}" for number in range(rows)]
        path.write_text("code,name,region\n" + "\n".join(lines))
        with act("ann"):
            result = run_import(Customer, path, path.name, on_error="skip")
        assert (result.created, result.failed) == (rows - 20, 20)
        assert result.errors[0].message == "Row 2 of this file is the same."

    check(600)  # what is loaded once is there by now
    before = anew()
    check(4800)
    assert peak() - before < GROWTH
