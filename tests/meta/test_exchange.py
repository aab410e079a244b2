"""What an entity's list exports can be imported again, in either language and format, and leaves every row as it was."""

from __future__ import annotations

from typing import Any

import pytest

from app.core import db
from app.core.fields import fields_of
from app.core.web.view import views
from tests.meta.factory import make

ODD = '=1+1 北京 "q", +5'  # what would start a formula, break a line of CSV, or be taken for a number
IMPORTABLE = sorted(name for name, view in views.items() if "import" in view.operations())


def values(resource: str, keys: list[int]) -> list[dict[str, Any]]:
    """What the rows hold that somebody wrote."""
    model = views[resource].model
    fields = [
        field for field in fields_of(model).values() if field.stored and not field.readonly and field.kind != "password"
    ]
    return [
        {field.name: str(field.value(row)) for field in fields}
        for key in keys
        if (row := db.session.get(model, key)) is not None
    ]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
@pytest.mark.parametrize("resource", IMPORTABLE)
def test_an_export_is_taken_back(resource, format, act, people, walk):
    model = views[resource].model
    admin = walk("admin")
    with act():
        keys = [make(model, people["ann"], ODD if number else None) for number in range(3)]
        before = values(resource, keys)
        keyed = all(fields_of(model)[name].value(db.session.get(model, keys[0])) is not None for name in model.keys)
    locale = "zh" if format == "csv" else "en"
    file = admin.api.get(f"{resource}/export?format={format}", headers={"Accept-Language": locale})
    assert file.status_code == 200
    content = file.data
    file.close()
    outcome = admin.api.upload(resource, content, f"x.{format}", mode="commit", on_match="update")
    assert outcome.status_code == 200, outcome.text
    told = outcome.json
    assert (told["failed"], told["errors"]) == (0, [])
    assert told["rows"] >= 3
    if keyed:
        assert told["created"] == 0
    with act():
        assert values(resource, keys) == before
