"""The installation's settings, for code that must not know the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from config import Settings


def settings() -> Settings:
    """The settings of the application that is running."""
    return current_app.extensions["kehu.settings"]
