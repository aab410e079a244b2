"""Catalogues are compiled at the start, by however many processes start at once."""

from __future__ import annotations

import gettext
import logging
import multiprocessing
import os
import shutil

from app.core.i18n import TRANSLATIONS, compile_catalogues

STARTS = 8


def _compile(folder, start, ends):
    start.wait()
    try:
        compile_catalogues(folder)
        ends.put("")
    except BaseException as error:
        ends.put(repr(error))


def sources(folder):
    """A copy of the catalogues that nobody has compiled."""
    for source in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"):
        target = folder / source.relative_to(TRANSLATIONS)
        target.parent.mkdir(parents=True)
        shutil.copy(source, target)
    return folder / "zh" / "LC_MESSAGES" / "messages.mo"


def test_processes_that_compile_at_once_leave_whole_ones(tmp_path):
    target = sources(tmp_path)
    several = multiprocessing.get_context("fork")
    start, ends = several.Event(), several.Queue()
    starts = [several.Process(target=_compile, args=(tmp_path, start, ends)) for _ in range(STARTS)]
    for each in starts:
        each.start()
    start.set()
    assert [ends.get(timeout=60) for _ in starts] == [""] * STARTS
    for each in starts:
        each.join()
    with target.open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Customer") == "客户"
    assert sorted(path.name for path in target.parent.iterdir()) == ["messages.mo", "messages.po"]


def test_where_nothing_can_be_written_a_warning_says_so(tmp_path, caplog):
    target = sources(tmp_path)
    source = target.with_suffix(".po")
    target.mkdir()  # a folder is in the way: not even root can write a file there
    (target / "kept").write_text("")
    os.utime(source, (2**31, 2**31))
    with caplog.at_level(logging.WARNING):
        compile_catalogues(tmp_path)
    assert "make install" in caplog.text
    assert sorted(path.name for path in target.parent.iterdir()) == ["messages.mo", "messages.po"], "no draft is left"
