"""Scripts and styles: under an address that names their content, to be kept for ever, packed."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from app.core.web import statics


def addresses(page) -> list[str]:
    return re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)


def test_a_page_names_files_by_what_they_are_and_they_are_kept_for_ever(app):
    client = app.test_client()
    found = addresses(client.get("/login/"))
    assert len(found) > 10
    assert {re.sub(r"^/static/v[0-9a-f]{10}/kehu/[\w.]+$", "", each) for each in found} == {""}
    for each in found:
        answer = client.get(each, headers={"Accept-Encoding": "gzip, br"})
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, statics.FOREVER), each
        plain = client.get(each)
        assert "Content-Encoding" not in plain.headers
        whole = gzip.decompress(answer.data) if "Content-Encoding" in answer.headers else answer.data
        assert whole == plain.data
        assert plain.headers["Content-Type"].split(";")[0] in ("text/css", "text/javascript", "image/svg+xml")
        again = client.get(each, headers={"If-None-Match": plain.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    sheet = next(each for each in found if each.endswith("/tokens.css"))
    assert len(client.get(sheet, headers={"Accept-Encoding": "gzip"}).data) < len(client.get(sheet).data) / 2


def test_what_stands_beside_a_script_has_the_version_too(app):
    client = app.test_client()
    script = next(each for each in addresses(client.get("/login/")) if each.endswith("/shell.js"))
    beside = re.findall(r'from "\./([\w.]+)"', client.get(script).text)
    assert beside, "the script asks for nothing beside itself"
    for name in beside:
        answer = client.get(script.replace("shell.js", name))
        assert answer.headers["Cache-Control"] == statics.FOREVER


@pytest.mark.parametrize("version", ["", "v0123456789/"])
def test_an_address_of_another_release_is_answered_but_not_kept(version, app):
    answer = app.test_client().get(f"/static/{version}kehu/dom.js")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "name", ["kehu/none.js", "../__init__.py", "%2e%2e/__init__.py", "kehu", "", "kehu/../../views.py"]
)
def test_nothing_else_is_given(name, app):
    version = statics.version_of(Path(app.static_folder))
    for prefix in ("", f"{version}/"):
        answer = app.test_client().get(f"/static/{prefix}{name}")
        assert answer.status_code == 404, (prefix, name)


def test_another_file_makes_another_version(tmp_path):
    (tmp_path / "a.js").write_text("1")
    first = statics.version_of(tmp_path)
    statics.version_of.cache_clear()
    assert statics.version_of(tmp_path) == first
    (tmp_path / "a.js").write_text("2")
    statics.version_of.cache_clear()
    assert statics.version_of(tmp_path) != first


def test_every_property_that_is_used_is_set():
    folder = Path(statics.__file__).parents[2] / "static" / "kehu"
    texts = {each.name: each.read_text(encoding="utf-8") for each in folder.iterdir() if each.suffix in (".css", ".js")}
    known = {
        name
        for text in texts.values()
        for name in re.findall(r"(--[\w-]+)\"?\s*[:,]", re.sub(r"var\([^)]*\)", "", text))
    }
    used = {(name, place) for place, text in texts.items() for name in re.findall(r"var\((--[\w-]+)", text)}
    assert len(used) > 100
    assert {(name, place) for name, place in used if name not in known} == set()
