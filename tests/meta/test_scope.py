"""Nobody sees, changes or can tell of rows beyond their scope, by whatever page, call, file or picker."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
import sqlalchemy as sa

from app.core import db, identity
from app.core.entity import User, registry, scoped
from app.core.fields import fields_of
from app.core.scope import Personal, Through
from app.core.scope_records import Either
from app.core.web import query
from app.core.web.view import views
from tests.meta.factory import is_scoped, make
from tests.support.making import typed_in

CANARY = "Kanari7x"
PART = "anari7x"  # finds the canary; where it is echoed there is no canary
MISSING = 987_654
SCOPED = sorted(name for name, view in views.items() if is_scoped(view.model))
WHOLE_TRAIL = {
    "audit-entries": "who may read the trail reads all of it",
    "outbox-mails": "who may read what is mailed reads what people are told",
}
NOT_HERS = {"articles": "others write them, Ann reads them", "targets": "managers set them, Ann reads hers"}
HIDDEN_FROM = ("nina", "max")


@pytest.fixture(params=SCOPED)
def view(request):
    return views[request.param]


@pytest.fixture
def row(act, people, view) -> int:
    """A row that is Ann's, with the canary in every text of it and of what it hangs on."""
    with act():
        found = make(view.model, people["ann"], CANARY)
        # So that its history has something to tell.
        row = db.session.get(view.model, found)
        for name in ("note", "reason", "job_title"):
            if name in fields_of(view.model) and not view.model.read_only:
                setattr(row, name, f"{CANARY} again")
        return found


def contents(answer: Any) -> str:
    """What an answer says, also inside an XLSX file."""
    if answer.data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(answer.data)) as file:
            return "".join(file.read(name).decode() for name in file.namelist())
    return str(answer.text)


def same_but_for(answer: Any, key: int) -> tuple[int, str]:
    """Status and body, without the id, tokens and what is random."""
    text = re.sub(r'(value|content)="[\w.-]{60,}"', "", answer.text)
    return answer.status_code, re.sub(rf'(?<=/){key}(?=[/"?])|(?<=>#){key}(?=<)|(?<="id":){key}(?=,)', "#", text)


def operations(view) -> list[tuple[str, str, Any]]:
    """Every call about one row: (method, path after the resource with {id}, JSON or form data); paths of the API begin
    with «api».
    """
    base = view.model.resource
    calls = [
        ("GET", f"/{base}/show/{{id}}", None),
        ("GET", f"/{base}/edit/{{id}}", None),
        ("GET", f"/{base}/visible-to/{{id}}", None),
        ("GET", f"/api/v1/{base}/{{id}}/visible-to", None),
        ("POST", f"/{base}/edit/{{id}}", {"version": "1"}),
        ("POST", f"/{base}/delete/{{id}}", {}),
        ("POST", f"/{base}/action/nonsense/{{id}}", {}),
        ("GET", f"/{base}/picture/{{id}}/pictures/{'0' * 64}", None),
        ("GET", f"/api/v1/{base}/{{id}}", None),
        ("PUT", f"/api/v1/{base}/{{id}}", {}),
        ("PUT", f"/api/v1/{base}/{{id}}", {"version": 99, "nonsense": 1}),
        ("DELETE", f"/api/v1/{base}/{{id}}", None),
        ("POST", f"/api/v1/{base}/{{id}}/nonsense", {}),
    ]
    for name in ("nonsense", *(reading.name for reading in view.readings if reading.of_row)):
        calls.append(("GET", f"/{base}/look/{name}/{{id}}", None))
        calls.append(("GET", f"/api/v1/{base}/{{id}}/{name}", None))
    names = [step.name for step in view.model.workflow.transitions] if view.model.workflow else []
    for name in (*names, *(action.name for action in view.actions)):
        calls.append(("POST", f"/{base}/action/{name}/{{id}}", {}))
        calls.append(("POST", f"/api/v1/{base}/{{id}}/{name}", {}))
    calls.append(("GET", f"/{base}/cancel/{{id}}", None))
    calls.append(("GET", f"/api/v1/{base}/{{id}}/cancel-preview", None))
    calls.append(("POST", f"/{base}/comments/{{id}}", {"text": "x"}))
    calls.append(("POST", f"/{base}/comments/{{id}}/5551/delete", {}))
    calls.append(("GET", f"/{base}/comments/{{id}}/5551/files/5552", None))
    calls.append(("GET", f"/api/v1/{base}/{{id}}/comments", None))
    calls.append(("POST", f"/api/v1/{base}/{{id}}/comments", {"text": "x"}))
    calls.append(("POST", f"/api/v1/{base}/{{id}}/comments", {}))
    calls.append(("DELETE", f"/api/v1/{base}/{{id}}/comments/5551", None))
    calls.append(("GET", f"/api/v1/{base}/{{id}}/comments/5551/files/5552", None))
    return calls


def test_with_nobody_acting_there_are_no_rows(act, people):
    with act():
        for model in registry.values():
            make(model, people["ann"])
    with act() as session, identity.acting_as(None):
        for model in scoped:
            session.expunge_all()
            assert session.scalars(sa.select(model)).unique().all() == [], model.__name__
            assert session.scalar(sa.select(sa.func.count()).select_from(model)) == 0, model.__name__
            assert session.execute(sa.select(model.id)).all() == [], model.__name__
            assert session.get(model, 1) is None, model.__name__
            assert session.execute(sa.update(model).values(id=model.id)).rowcount == 0, model.__name__


def test_no_other_page_shows_it(people, walk, act):
    """A row of Ann's of every scoped kind, and rows that everyone sees and that point at them: no page, call or file of any
    entity gives the other team a word of them.
    """
    who = walk("nina")
    with act():
        for number, resource in enumerate(SCOPED):
            row = make(views[resource].model, people["ann"], f"{CANARY}{number}")
            for other in views.values():
                if is_scoped(other.model) or other.model.resource in WHOLE_TRAIL:
                    continue
                known = fields_of(other.model)
                names = [
                    name
                    for name, field in known.items()
                    if field.target is views[resource].model and not field.readonly
                ]
                if names:
                    make(
                        other.model,
                        None,
                        None,
                        **{known[name].attribute if other.model.read_only else name: row for name in names},
                    )
    for base in sorted(set(views) - set(WHOLE_TRAIL)):
        for path in (f"/{base}/list/", f"/{base}/export?format=csv", f"/api/v1/{base}/?q=(page_size:100)"):
            answer = who.call("GET", path)
            assert answer.status_code == 200, path
            assert CANARY.lower() not in contents(answer).lower(), path
        for key in who.call("GET", f"/api/v1/{base}/?q=(page_size:100)").json["ids"]:
            for path in (f"/{base}/show/{key}", f"/{base}/edit/{key}", f"/api/v1/{base}/{key}"):
                assert CANARY.lower() not in who.call("GET", path).text.lower(), path


class TestReading:
    @pytest.mark.parametrize("name", HIDDEN_FROM)
    def test_no_list_file_or_picker_shows_it(self, view, row, people, walk, name):
        base, who = view.model.resource, walk(name)
        paths = [
            f"/{base}/list/",
            f"/{base}/list/?q={PART}",
            f"/{base}/pick?q={PART}",
            f"/{base}/pick?q={row}",
            f"/{base}/export?format=csv",
            f"/{base}/export?format=xlsx",
            f"/{base}/export?format=csv&q={PART}",
            f"/api/v1/{base}/",
            f"/api/v1/{base}/_info",
            f"/api/v1/{base}/?q=(search:{PART})",
            f"/api/v1/{base}/pick?q={PART}",
            f"/api/v1/{base}/export?format=csv",
            f"/api/v1/{base}/export?format=xlsx&q=(search:{PART})",
            f"/{base}/add",
            "/",
            "/account/password",
        ]
        if name == "nina":
            with identity.acting_as(identity.system()):
                fields = query.filterable(view.model)
                sorts = query.sortable(view.model)
            # Page and API read the same query: of the pages, each way of asking once.
            paths += [f"/{base}/list/?sort={sign}{sorts[0]}" for sign in ("", "-")]
            paths += [f"/api/v1/{base}/?q=(order_column:{field},order_direction:asc)" for field in sorts]
            once = {(fields[each[0]].kind, each[1]): each for each in conditions(fields, row)}.values()
            paths += [f"/{base}/list/?f={field}:{operator}:{value}" for field, operator, value in once]
            for field, operator, value in conditions(fields, row):
                paths.append(f"/api/v1/{base}/?q=(filters:!((col:{field},opr:{operator},value:'{value}')))")
        for path in paths:
            answer = who.call("GET", path)
            allowed = {200} if name == "nina" else {200, 403}
            if path.endswith("/add") and not typed_in(view):
                # Not at all, or elsewhere.
                allowed = {404} if view.receives is None else {302} if name == "nina" else {302, 403}
            assert answer.status_code in allowed, (path, answer.text)
            text = contents(answer)
            assert CANARY.lower() not in text.lower(), path
            assert f'/{base}/show/{row}"' not in text, path

    def test_a_foreign_row_answers_as_a_missing_one(self, view, row, people, walk, snapshot):
        who = walk("nina")
        before = snapshot()
        for method, path, data in operations(view):
            foreign = same_but_for(who.call(method, path.format(id=row), data), row)
            missing = same_but_for(who.call(method, path.format(id=MISSING), data), MISSING)
            assert foreign == missing, (method, path)
            assert foreign[0] in (404, 405), (method, path)
        assert before.changed() == []

    def test_a_bulk_action_on_a_foreign_row_does_as_on_a_missing_one(self, view, row, people, walk, snapshot):
        who = walk("nina")
        before = snapshot()
        for operation in view.operations():
            seen = []
            for key in (row, MISSING):
                page = who.call("POST", f"/{view.model.resource}/bulk/{operation}", {"ids": str(key)})
                call = who.call("POST", f"/api/v1/{view.model.resource}/bulk/{operation}", {"ids": [key]})
                told = same_but_for(who.call("GET", "/account/password"), key)
                seen.append((same_but_for(page, key), same_but_for(call, key), told))
            assert seen[0] == seen[1], operation
        assert before.changed() == []

    def test_a_condition_on_a_foreign_row_finds_what_one_on_a_missing_row_finds(self, view, row, people, walk, act):
        who = walk("nina")
        with act():
            for other in views.values():
                names = {
                    name: field
                    for name, field in fields_of(other.model).items()
                    if field.target is view.model and not is_scoped(other.model)
                }
                if names:
                    make(
                        other.model,
                        None,
                        None,
                        **{field.attribute if other.model.read_only else name: row for name, field in names.items()},
                    )
        for base, other in views.items():
            for name, field in fields_of(other.model).items():
                if field.target is view.model:
                    for operator in ("rel_o_m", "eq", "in"):
                        found = [
                            who.api.get(f"{base}/", {"filters": [{"col": name, "opr": operator, "value": key}]}).json[
                                "result"
                            ]
                            for key in (row, MISSING)
                        ]
                        assert found[0] == found[1] == [], (base, name, operator)

    def test_the_superior_sees_it(self, view, row, people, walk):
        base, who = view.model.resource, walk("bob")
        if isinstance(view.model.scope, Personal):
            assert who.call("GET", f"/api/v1/{base}/{row}").status_code == 404, "it is the owner's alone"
            assert row not in who.api.get(f"{base}/").json["ids"]
            return
        for path in (
            f"/{base}/list/",
            f"/{base}/list/?q={PART}",
            f"/{base}/show/{row}",
            f"/{base}/export?format=csv",
            f"/{base}/export?format=xlsx",
            f"/api/v1/{base}/",
            f"/api/v1/{base}/{row}",
            f"/api/v1/{base}/export?format=csv",
        ):
            answer = who.call("GET", path)
            assert answer.status_code == 200, path
            assert row in [*(answer.json.get("ids", [answer.json.get("id")]) if answer.is_json else [row])], path
            if searchable(view.model):
                assert CANARY.lower() in contents(answer).lower(), path

    def test_the_superior_finds_it_by_every_condition(self, view, row, people, walk):
        base, who = view.model.resource, walk("bob")
        if isinstance(view.model.scope, Personal):
            return  # which is shown above
        with identity.acting_as(identity.system()):
            fields = query.filterable(view.model)
        one = who.api.get(f"{base}/{row}").json["result"]
        for name, field in fields.items():
            value = one.get(name)
            operator = {"relation": "rel_o_m", "bool": "eq", "datetime": "le"}.get(field.kind, "eq")
            if value in (None, "", []) or field.kind == "relations":
                continue
            value = value["id"] if isinstance(value, dict) else value
            if field.kind == "datetime":
                value = "2999-01-01"
            found = who.api.get(f"{base}/", {"filters": [{"col": name, "opr": operator, "value": value}]})
            assert row in found.json["ids"], name


def searchable(model: Any) -> bool:
    """Whether a row of ``model`` shows a text of its own."""
    return any(field.kind in ("text", "longtext", "code") and not field.readonly for field in fields_of(model).values())


def conditions(fields: Any, row: int) -> list[tuple[str, str, str]]:
    """A condition on every field that Ann's row meets, without the canary in it."""
    found = []
    for name, field in fields.items():
        if field.kind in query.TEXTS:
            found += [(name, "ct", PART), (name, "nempty", "")]
        elif field.kind in ("integer", "decimal"):
            found += [(name, "ge", str(field.minimum or 0)), (name, "nempty", "")]
        elif field.kind in ("date", "datetime"):
            found += [(name, "ge", "2000-01-01"), (name, "nempty", "")]
        elif field.kind == "relation":
            found += [(name, "rel_o_m", str(key)) for key in (1, 2, row)] + [(name, "nempty", ""), (name, "empty", "")]
        elif field.kind == "choice":
            found += [(name, "in", ",".join(field.choices or {}))]
        elif field.kind == "bool":
            found += [(name, "eq", "1"), (name, "eq", "0")]
    return found


class TestWriting:
    def test_a_foreign_row_can_be_pointed_at_no_more_than_a_missing_one(self, view, row, people, walk, snapshot, act):
        """By every field of every entity that points at rows like it, over API and page."""
        who = walk("nina")
        before = snapshot()
        for base, other in views.items():
            if not typed_in(other):
                continue
            for name, field in fields_of(other.model).items():
                if field.target is not view.model or field.readonly:
                    continue
                with act("nina") as session:
                    from tests.meta.factory import Making

                    data = Making(other.model, people["nina"], None).data(other.model) | {name: None}
                    session.rollback()
                texts = {key: str(value) for key, value in data.items() if value is not None and key != name}
                answers = []
                for key in (row, MISSING):
                    by_api = who.api.post(f"{base}/", texts | {name: key})
                    by_page = who.call("POST", f"/{base}/add", texts | {name: str(key)})
                    answers.append(
                        (same_but_for(by_api, key), by_page.status_code, same_but_for(by_page, key)[1].count("error"))
                    )
                    assert by_api.status_code == by_page.status_code == 422, (base, name, by_api.text)
                    assert name in by_api.json["errors"], (base, name)
                assert answers[0] == answers[1], (base, name)
        assert before.changed() == []

    def test_it_is_given_to_nobody_else(self, view, row, people, api, act):
        """Neither by adding for somebody else nor by changing the owner, without the grant."""
        owner = fields_of(view.model).get("owner")
        if owner is None or owner.target is not User or not typed_in(view):
            return
        from tests.meta.factory import Making

        who = api("ann")
        actor_may_add = who.post(f"{view.model.resource}/", {}).status_code != 403
        with act():
            made = Making(view.model, people["ann"], None).data(view.model)
        texts = {name: str(value) for name, value in made.items()}
        refused = who.post(f"{view.model.resource}/", texts | {"owner": people["cleo"]})
        assert refused.status_code == 403, refused.text
        assert actor_may_add or view.model.resource in NOT_HERS
        assert who.put(f"{view.model.resource}/{row}", {"owner": people["cleo"]}).status_code in (403, 409)
        assert who.get(f"{view.model.resource}/{row}").json["result"]["owner"]["id"] == people["ann"]

    def test_a_share_that_has_ended_leaves_no_trace(self, view, row, people, act, walk):
        """What one's own row points at is hidden again with it: by name in the list, the record, the form and the history."""
        who = walk("nina")
        for base, other in views.items():
            for name, field in fields_of(other.model).items():
                if (
                    field.target is not view.model
                    or isinstance(other.model.scope, Through | Either)
                    or other.model.read_only
                    or field.readonly
                ):
                    continue
                with act():
                    key = make(other.model, people["nina"], None, **{name: row})
                for path in (f"/{base}/list/", f"/{base}/show/{key}", f"/{base}/edit/{key}", f"/api/v1/{base}/{key}"):
                    answer = who.call("GET", path)
                    assert answer.status_code == 200, path
                    assert CANARY.lower() not in answer.text.lower(), path
