"""The company in which most stories are told: the cast is there, its mail leaves, and its clock begins at the story's ``START``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core import clock
from tests.app_fixtures import acting, fill_cast
from tests.scenarios.company import Company, open_company
from tests.support.smtp import SmtpServer


@pytest.fixture
def company(request: pytest.FixtureRequest, tmp_path: Path, smtp: SmtpServer) -> Iterator[Company]:
    """The company with its cast, as it was at ``START`` of the story's module."""
    start = request.module.START
    with open_company(tmp_path, "", smtp, start) as app:
        with clock.stopped(start), app.app_context(), acting(app):
            fill_cast()
        yield Company(app, smtp)
