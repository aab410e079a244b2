"""A form saved over somebody else's: what was typed is kept, both versions stand side by side, and it is saved on top.

A form of a stored row carries what it was filled from (``was``).  When its version is old, what only the others changed
is taken over, what was typed stays, and a table says of each field where the two differ what either says; there one is
chosen.  It all works without scripts: the choices come with the form (``take:<input>`` against ``shown:<input>``, what
the input showed when it was sent out), and are put into its inputs before these are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from app.core import stale
from app.core.document import line_model
from app.core.fields import Field, fields_of, writable
from app.core.i18n import gettext as _
from app.core.web import present
from app.core.web.forms import EntityForm
from app.core.web.page_forms import Difference

WAS, CHOICES = "was", "choices"
MINE, THEIRS = "mine", "theirs"
ABSENT = 100_000  # from here on lines are numbered that are not in the grid
UNTOLD = ("images", "password")  # pictures of both stay; a password is no value to look at

Texts = dict[str, Any]
"""What inputs hold, by field name: a text, or a list of ids."""


def snapshot(form: EntityForm) -> str:
    """What ``form``, just filled from its row, shows: fields and lines (by id), as JSON for ``was``."""
    fields = {name: bound.raw for name, bound in _bound(form)}
    return _json({"fields": fields, "lines": {line["id"]: _cells(form, line) for line in form.lines}})


def carried(form: EntityForm, posted: MultiDict[str, Any]) -> list[tuple[str, str]]:
    """The hidden inputs that ``form`` carries: the version of its row, and what it was filled from.

    Both stay with it when it comes back for another reason: a save that is stale is so however often it is sent, until
    its sender has seen both versions.
    """
    if posted.get("version"):
        return [("version", posted["version"]), *((WAS, text) for text in posted.getlist(WAS)[:1])]
    version = getattr(form.row, "version", None)
    if version is None:
        return []
    return [("version", str(version)), *([(WAS, snapshot(form))] if not posted else [])]


def chosen(posted: MultiDict[str, Any]) -> MultiDict[str, Any]:
    """``posted`` with what was chosen in the table of differences put into its inputs."""
    choices = _object(posted.get(CHOICES))
    if not choices:
        return posted
    found = MultiDict(posted)
    for key, both in choices.items():
        take = posted.get(f"take:{key}")
        if take in (MINE, THEIRS) and take != posted.get(f"shown:{key}") and isinstance(both, list) and len(both) == 2:
            _put(found, key, both[take == THEIRS])
    return found


class Versions:
    """Two versions of a form's row: ``form`` as posted, ``row`` as it stands now.

    What only the others changed is put into ``form``; ``differences`` say where the two differ, ``hidden`` is what the
    form carries to be saved on top.
    """

    def __init__(self, form: EntityForm, row: Any, posted: MultiDict[str, Any]) -> None:
        self.form, self.row, self.posted = form, row, posted
        self.theirs = EntityForm(form.view, row=row)
        self.theirs.load()
        self.happened = stale.since(row, posted.get("version", ""))
        was = _object(posted.get(WAS))
        self.known = isinstance(was.get("fields"), dict) and isinstance(was.get("lines"), dict)
        self.was = was if self.known else {"fields": {}, "lines": {}}
        self.differences: list[Difference] = []
        self.choices: dict[str, list[Any]] = {}
        self._compare_fields()
        kind = line_model(form.view.model)
        if kind is not None:
            self._compare_lines(fields_of(kind))

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The version that stands now, what it says, and what can be chosen."""
        pairs = [("version", str(self.row.version)), (WAS, snapshot(self.theirs)), (CHOICES, _json(self.choices))]
        return pairs + [(f"shown:{each.key}", each.shown) for each in self.differences if not each.fixed]

    def _compare_fields(self) -> None:
        for name, bound in _bound(self.form):
            field, theirs = self.form.fields[name], self.theirs.form[name].raw
            fixed = name in self.form.steady
            if fixed and name not in self.posted:
                continue  # a browser leaves out what is disabled
            mine = self.posted.get(name, "") if fixed else bound.raw
            shown = self._shown(field, mine, theirs, None if fixed else self.was["fields"].get(name))
            if shown is None:
                continue
            if shown == THEIRS or fixed:
                bound.process_data(field.value(self.row))
            changed = self._changed(field.attribute)
            self._tell(name, str(field.label), field, (mine, theirs), shown, changed, fixed)

    def _compare_lines(self, known: Mapping[str, Field]) -> None:
        form, theirs, was = self.form, {line["id"]: line for line in self.theirs.lines}, self.was["lines"]
        places = {pk: place for place, pk in enumerate(theirs)}
        kept: list[dict[str, Any]] = []
        for line in form.lines:
            pk = line["id"]
            if pk and pk not in theirs:
                if self.known and self._same_line(known, line, was.get(pk)):
                    self._tell_line(self._absent(), _("Removed line"), {**line, "id": ""}, None, THEIRS, "removed.")
                    continue
                line["id"] = ""  # somebody removed it: kept, it is a new one
                self._tell_line(f"lines-{len(kept)}", _("Removed line"), line, None, MINE, "removed.")
            elif pk:
                for name in _columns(form):
                    key, field = f"lines-{len(kept)}-{name}", known[name]
                    fixed = form.still_open is not None and name not in form.still_open
                    mine, their = line.get(name, ""), theirs[pk].get(name, "")
                    before = was[pk].get(name) if isinstance(was.get(pk), dict) else None
                    if fixed:
                        mine, before = form.overruled.get(pk, {}).get(name, their), None
                    shown = self._shown(field, mine, their, before)
                    if shown is None:
                        continue
                    if shown == THEIRS or fixed:
                        line[name] = their
                    label = _("Line %(number)s · %(label)s", number=len(kept) + 1, label=field.label)
                    changed = self._changed(f"lines.{places[pk]}.{field.attribute}")
                    self._tell(key, label, field, (mine, their), shown, changed, fixed)
            kept.append(line)
        mine_ids = {line["id"] for line in form.lines}
        for pk, line in theirs.items():
            if pk in mine_ids:
                continue
            prefix = f"lines.{places[pk]}."
            if pk in was:
                if not self._same_line(known, line, was[pk]):
                    label = _("Line %(number)s", number=places[pk] + 1)
                    self._tell_line(self._absent(), label, None, line, MINE, prefix)
            elif self.known:
                kept.append(dict(line))
                self._tell_line(f"lines-{len(kept) - 1}", _("Added line"), None, line, THEIRS, prefix)
            else:
                self._tell_line(self._absent(), _("Added line"), None, line, MINE, prefix)
        form.lines = kept

    def _shown(self, field: Field, mine: Any, theirs: Any, was: Any) -> str | None:
        """Whose value the input shows, where the two differ and the others changed theirs."""
        if _same(field, mine, theirs) or (was is not None and _same(field, was, theirs)):
            return None
        return THEIRS if was is not None and _same(field, was, mine) else MINE

    def _same_line(self, known: Mapping[str, Field], line: Texts, was: Any) -> bool:
        return isinstance(was, dict) and all(
            _same(known[name], line.get(name, ""), was.get(name, "")) for name in _columns(self.form)
        )

    def _absent(self) -> str:
        return f"lines-{ABSENT + len(self.choices)}"

    def _changed(self, name: str) -> stale.Change | None:
        """The last change of ``name`` (as the audit trail calls it; with a dot at its end what begins so); the last one
        of all when none is told.
        """
        for each in self.happened:
            if any(told == name or (name[-1] == "." and told.startswith(name)) for told in each.changes):
                return each
        return self.happened[0] if self.happened else None

    def _tell(
        self,
        key: str,
        label: str,
        field: Field,
        both: tuple[Any, Any],
        shown: str,
        changed: stale.Change | None,
        fixed: bool = False,
    ) -> None:
        if not fixed:
            self.choices[key] = list(both)
        mine, theirs = (self._text(field, each) for each in both)
        if field.kind == "relation" and not both[1] and getattr(self.row, field.attribute, None) is not None:
            theirs = _("Something that is not yours to see")
        self._add(key, label, mine, theirs, shown, changed, fixed)

    def _tell_line(self, key: str, label: str, mine: Texts | None, theirs: Texts | None, shown: str, name: str) -> None:
        self.choices[key] = [
            None if each is None else {**_cells(self.form, each), "id": each["id"]} for each in (mine, theirs)
        ]
        own, other = (_("(no such line)") if each is None else self._line_text(each) for each in (mine, theirs))
        self._add(key, label, own, other, shown, self._changed(name))

    def _add(
        self,
        key: str,
        label: str,
        mine: str,
        theirs: str,
        shown: str,
        changed: stale.Change | None,
        fixed: bool = False,
    ) -> None:
        who, when = (changed.who, changed.when) if changed is not None else ("", "")
        self.differences.append(Difference(key, label, mine, theirs, who, when, shown, fixed))

    def _text(self, field: Field, raw: Any) -> str:
        """``raw``, what an input holds, as people read it."""
        if field.kind in ("relation", "relations"):
            ids = raw if isinstance(raw, list) else [raw]
            return ", ".join(self._label(field, str(each)) for each in ids if each)
        try:
            return present.text(field, field.parse(raw))
        except ValueError:
            return str(raw)

    def _label(self, field: Field, pk: str) -> str:
        """What the row ``pk`` that a picker names is called, as far as the actor sees it."""
        for form in (self.form, self.theirs):
            form.load_texts([(field.target, pk)])
            if text := form.texts.get((field.target, pk)):  # type: ignore[arg-type]
                return text
        return f"#{pk}"

    def _line_text(self, line: Texts) -> str:
        known = fields_of(line_model(self.form.view.model))
        texts = (self._text(known[name], line.get(name, "")) for name in _columns(self.form))
        return " · ".join(text for text in texts if text)


def _bound(form: EntityForm) -> Iterator[tuple[str, Any]]:
    return ((name, form.form[name]) for name, field in form.fields.items() if field.kind not in UNTOLD)


def _cells(form: EntityForm, line: Texts) -> Texts:
    return {name: line.get(name, "") for name in _columns(form)}


def _columns(form: EntityForm) -> list[str]:
    """The columns of the line grid that exist for the actor."""
    kind = line_model(form.view.model)
    known = writable(kind) if kind is not None else {}
    return [name for name in form.view.grid_columns() if name in known]


def _same(field: Field, one: Any, other: Any) -> bool:
    """Whether two texts stand for the same value: «10» and «10.00» do."""
    if one == other:
        return True
    try:
        if field.kind == "relations":
            return sorted(one or []) == sorted(other or [])
        return bool(field.parse(one or "") == field.parse(other or ""))
    except (ValueError, TypeError):
        return False


def _put(found: MultiDict[str, Any], key: str, value: Any) -> None:
    """Make the input ``key`` hold ``value``; a whole line (a dict, or None for none) its inputs."""
    if key.startswith("lines-") and key.count("-") == 1:
        if value is None:
            found[f"{key}-delete"] = "1"
            return
        found.pop(f"{key}-delete", None)
        for name, each in value.items() if isinstance(value, dict) else ():
            found[f"{key}-{name}"] = str(each or "")
        return
    found.poplist(f"{key}-text")
    if isinstance(value, list):
        found.setlist(key, [str(each) for each in value])
    else:
        found[key] = str(value or "")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _object(text: Any) -> dict[str, Any]:
    """The JSON object that a form brings back; an empty one for anything else."""
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}
