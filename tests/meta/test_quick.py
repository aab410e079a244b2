"""What a picker may point at is made in place, by whoever may add it and by nobody else, as the add form would make it."""

from __future__ import annotations

import re

from app.core.document import line_model
from app.core.fields import fields_of
from app.core.web import pickers, reach
from app.core.web.view import views
from tests.meta.factory import HOOKS, Making


def targets() -> set[str]:
    """The resources that a picker of some form or grid points at."""
    models = [model for view in views.values() for model in (view.model, line_model(view.model)) if model is not None]
    kinds = [field for model in models for field in fields_of(model).values() if not field.readonly]
    found = {
        getattr(field.target, "resource", "")
        for field in kinds
        if field.kind in ("relation", "relations") and field.target
    }
    return {base for base in found if base in views and "add" in views[base].operations()}


def test_it_is_made_in_place_as_the_add_form_makes_it(act, people, walk, snapshot):
    admin, stranger = walk("admin"), walk("max")
    with act():
        brief = {base for base in targets() if pickers.is_brief(views[base])}
        makings = {base: Making(views[base].model, None, None) for base in brief}
        forms = {
            base: each.data(each.model) | (dict(HOOKS[base](each)) if base in HOOKS else {})
            for base, each in makings.items()
        }
    assert brief
    for base in sorted(brief):
        path = f"/{base}/add?quick=1"
        dialog = admin.call("GET", f"{path}&text=Kangaroo+Ltd").text
        asked = set(re.findall(r'id="q-([a-z_]+)"', dialog))
        assert 0 < len(asked) <= pickers.BRIEF + 1, (base, asked)
        assert "Kangaroo Ltd" in dialog, base

        before = snapshot()
        sent = {name: str(forms[base].get(name, "")) for name in asked}
        assert [stranger.call(method, path, sent).status_code for method in ("GET", "POST")] == [403, 403], base
        refused = admin.call("POST", path, {})
        assert refused.status_code == 422 and refused.json["errors"] and "data-quick" in refused.json["form"], base
        assert before.changed() == [], base

        made = admin.call("POST", path, sent)
        assert made.status_code == 200, (base, made.text)
        row = made.json["result"]
        assert {"id", "label", "name", "code", "fact"} <= set(row)
        assert admin.api.get(f"{base}/{row['id']}").status_code == 200


def test_pickers_offer_what_the_actor_may_add(act, people, walk):
    ann = walk("ann")
    with act("ann"):
        mine = [base for base, view in views.items() if reach.may(view, "add")]
        allowed = {base for base in mine if pickers.is_brief(views[base])}
    seen: set[str] = set()
    for base in mine:
        html = ann.call("GET", f"/{base}/add").text
        for name, field in fields_of(views[base].model).items():
            picker = re.search(rf'<span class="picker"([^>]*)>\s*<input type="hidden" name="{name}"', html)
            if field.kind != "relation" or picker is None or field.target is None:
                continue
            target = getattr(field.target, "resource", "")
            assert (f'data-create="/{target}/add"' in picker[1]) == (target in allowed), (base, name)
            seen.add(target)
    assert seen & allowed and seen - allowed
