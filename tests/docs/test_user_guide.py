"""The user guide: a page for each role in both languages, the same pictures in each, none too many and none too large."""

from __future__ import annotations

import pytest
from PIL import Image

from app.core.i18n import LANGUAGES
from app.security import ROLES
from tools.guide_pictures import GUIDE, SHOTS, place, shown

LARGEST = 4_000_000  # bytes, of all pictures together


def names(language: str) -> list[str]:
    return sorted(path.stem for path in (GUIDE / language).glob("*.md"))


def test_every_role_has_its_page_in_every_language():
    for language in LANGUAGES:
        assert {role.lower().replace(" ", "-") for role in ROLES} | {"README"} == set(names(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_page_leads_to_every_other(language):
    text = (GUIDE / language / "README.md").read_text(encoding="utf-8")
    for name in names(language):
        assert name == "README" or f"({name}.md)" in text, name


def test_both_languages_show_the_same():
    first, second = ({name: pictures(language, name) for name in names(language)} for language in LANGUAGES)
    assert first == second


def pictures(language: str, name: str) -> list[str]:
    """The pictures on a page, in their order."""
    from tools.guide_pictures import SHOWN

    return SHOWN.findall((GUIDE / language / f"{name}.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_is_there_and_shown(language):
    kept = sorted(path.stem for path in (GUIDE / "images" / language).glob("*.png"))
    assert kept == shown(language)
    for name in kept:
        with Image.open(place(language, name)) as picture:
            assert picture.width >= 390, name


def test_every_picture_that_can_be_taken_is_shown():
    assert set(SHOTS) == set(shown("en"))


def test_they_are_small():
    assert sum(path.stat().st_size for path in GUIDE.rglob("*.png")) < LARGEST
