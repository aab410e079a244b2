"""Forms made of an entity's fields: WTForms for what was typed and what is wrong with it, ``page.FormField`` for what
is shown.

A form keeps every text as it was typed, so that a refused save loses nothing; values are read by the field itself, the
same as for the API and for files.  What was typed into a picker without choosing is looked up, and refused when it names
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from app.core import db, identity
from app.core.choices import suggestions
from app.core.document import line_model
from app.core.entity import User
from app.core.errors import Invalid, NotPermitted, about
from app.core.fields import Field, fields_of, writable
from app.core.i18n import gettext as _
from app.core.web import like, line_figures, pickers, present
from app.core.web.inputs import form_class, form_field, typed
from app.core.web.page import FormField, Group
from app.core.web.page_forms import LineGrid
from app.core.web.posted import is_id, line_indexes, posted_lines
from app.core.web.view import EntityView


class EntityForm:
    """The form of one view: for a new row (``row`` None, with ``defaults``) or an existing one, empty or as posted.

    Its inputs' ids begin with ``prefix``; with ``creates`` its pickers offer to make what they lack.
    """

    prefix = "f"
    creates = True

    def __init__(
        self,
        view: type[EntityView],
        row: Any = None,
        defaults: Mapping[str, Any] | None = None,
        only: Iterable[str] | None = None,
    ) -> None:
        self.view = view
        self.row = row
        allowed = writable(view.model)
        if only is not None:
            # A transition's fields may be set by it alone.
            allowed = {name: field for name, field in fields_of(view.model).items() if name in only}
        if only is None and "owner" in allowed and not identity.require().may(identity.ASSIGN, view.model.domain()):
            # One's own is one's own: only who may assign is asked.
            del allowed["owner"]
        names = (
            [name for _title, group in view.groups() for name in group if name in allowed]
            if only is None
            else list(allowed)
        )
        self.fields = {name: allowed[name] for name in names}
        self.defaults = dict(defaults or {})
        self.form: Any = None
        self.lines: list[dict[str, Any]] = []
        self.line_errors: dict[int, dict[str, list[str]]] = {}
        self.unread: set[str] = set()  # places whose text could not be read
        self.total_errors: dict[str, list[str]] = {}
        self.told: dict[str, str] = {}  # figures that the browser showed otherwise, by place
        self.units: dict[tuple[type[Any], str], Any] = {}  # what quantities of chosen rows count in
        self.general: list[str] = []
        self.texts: dict[tuple[type[Any], str], str] = {}
        self.untold: dict[tuple[type[Any], str], str] = {}  # what was typed into pickers and names nothing: why
        self.typed: dict[str, str] = {}  # the same by field
        still_open = view.still_open(row) if row is not None and only is None else None
        self.steady = frozenset() if still_open is None else frozenset(self.fields) - still_open
        self.still_open = still_open
        self.overruled: dict[str, dict[str, Any]] = {}  # what was typed where the state allows nothing, by line

    def load(self) -> None:
        """Show the row's values, or the defaults."""
        values = (
            {name: field.value(self.row) for name, field in self.fields.items()}
            if self.row is not None
            else self._defaults()
        )
        self.form = form_class(self.fields.values())(data=values)
        kind = line_model(self.view.model)
        if kind is not None and self.row is not None:
            self.lines = [{"id": str(line.id), **self._line(line)} for line in self.row.lines]

    def _line(self, line: Any) -> dict[str, Any]:
        """A stored line as texts of inputs."""
        known = fields_of(type(line))
        for name in self.view.grid_columns():
            if known[name].kind == "relation" and (target := known[name].value(line)) is not None:
                self._know(type(target), target)
        return {name: typed(known[name], known[name].value(line)) for name in self.view.grid_columns()}

    def _defaults(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, field in self.fields.items():
            if name in self.defaults:
                found[name] = self.defaults[name]
            elif name == "owner" and field.target is User:
                found[name] = db.session.get(User, identity.user_id() or 0)
            elif field.empty is not None:
                found[name] = field.empty
            else:
                column = field.column
                if column is not None and column.default is not None and column.default.is_callable:
                    found[name] = column.default.arg(None)
        return found

    def post(self, posted: MultiDict[str, Any]) -> bool:
        """Take what was typed; whether every field can be read."""
        posted = self._looked_up(posted)
        self.form = form_class(self.fields.values(), self.row)(formdata=posted)
        for name in self.steady:
            bound = self.form[name]
            bound.process_data(self.fields[name].value(self.row))
            bound.process_errors, bound.validators = [], []
        readable = bool(self.form.validate())
        for name, text in self.typed.items():
            self.form[name].errors = [self.untold[self.fields[name].target, text]]  # type: ignore[index]
        kind = line_model(self.view.model)
        if kind is not None:
            known = fields_of(kind)
            self.lines = posted_lines(posted, {name: self._blank(known[name]) for name in self.view.grid_columns()})
            for index, line in enumerate(self.lines):
                for name in self.view.grid_columns():
                    if unnamed := line.get(f"{name}-text"):
                        faults = self.line_errors.setdefault(index, {})
                        faults[name] = [self.untold[known[name].target, unnamed]]  # type: ignore[index]
            self._keep_steady_cells()
        self.unread = {name for name in self.fields if self.form[name].errors}
        self.unread |= {f"lines.{index}.{name}" for index, faults in self.line_errors.items() for name in faults}
        return readable and not self.untold

    def _looked_up(self, posted: MultiDict[str, Any]) -> MultiDict[str, Any]:
        """``posted`` with ids for the texts beside pickers; of those texts only the ones that name nothing are left."""
        found = MultiDict(posted)
        for name, field in self.fields.items():
            if field.kind == "tags" and (text := str(found.pop(f"{name}-text", "")).strip()):
                found.add(name, text)
        asked = []
        for key, field in self._pickers(posted):
            text = found.pop(f"{key}-text", None)
            if text is not None and field.target is not None:
                asked.append((key, field, str(text).strip()))
        self.load_texts((field.target, found.get(key)) for key, field, _text in asked)
        for key, field, text in asked:
            target: Any = field.target
            shown = self.texts.get((target, found.get(key, "")), "")
            if field.kind == "relation" and pickers.plain(shown) == pickers.plain(text):
                continue
            chosen = self._named(target, text) if text else ""
            if field.kind == "relation":
                found[key] = chosen
            elif chosen:
                found.add(key, chosen)
            if text and not chosen:
                found[f"{key}-text"] = text
                if key in self.fields:
                    self.typed[key] = text
        return found

    def _pickers(self, posted: MultiDict[str, Any]) -> list[tuple[str, Field]]:
        """The pickers of the form as it was sent: the name of each one's input, and its field."""
        found = [
            (name, field)
            for name, field in self.fields.items()
            if field.kind in ("relation", "relations") and name not in self.steady
        ]
        kind = line_model(self.view.model)
        if kind is not None:
            known = fields_of(kind)
            relations = [name for name in self.view.grid_columns() if known[name].kind == "relation"]
            found += [(f"lines-{index}-{name}", known[name]) for index in line_indexes(posted) for name in relations]
        return found

    def _named(self, target: type[Any], text: str) -> str:
        """The id of the row that ``text`` names; empty, with the reason noted, when it can't be told."""
        if (target, text) in self.untold:
            return ""
        try:
            row = pickers.resolve(target, text)
        except ValueError as error:
            self.untold[target, text] = str(error)
        except NotPermitted as error:
            self.untold[target, text] = error.message
        else:
            self._know(target, row)
            return str(row.id)
        return ""

    def _know(self, target: type[Any], row: Any) -> None:
        self.texts[target, str(row.id)] = str(row)
        self.units[target, str(row.id)] = line_figures.unit_of(row)

    def _keep_steady_cells(self) -> None:
        """Where only some columns may be written, the others of a stored line stay as they are."""
        if self.still_open is None:
            return
        stored = {str(line.id): line for line in self.row.lines}
        for line in self.lines:
            if line["id"] in stored:
                kept = self._line(stored[line["id"]])
                steady = {name: value for name, value in kept.items() if name not in self.still_open}
                # A browser sends what is read-only, and leaves out what is disabled.
                self.overruled[line["id"]] = {name: line[name] for name in steady if line.get(name)}
                line.update(steady)

    def data(self) -> dict[str, Any]:
        """What was typed, by field name, for ``crud``; pictures are added by the page."""
        data = {
            field.name: field.raw
            for field in self.form
            if field.source.kind != "images" and field.name not in self.steady
        }
        if line_model(self.view.model) is not None:
            data["lines"] = [self._line_data(line) for line in self.lines]
        return data

    def _line_data(self, line: dict[str, Any]) -> dict[str, Any]:
        names = self.view.grid_columns()
        if line["id"] and self.still_open is not None:
            names = tuple(name for name in names if name in self.still_open)
        data = {name: line[name] for name in names}
        return data | {"id": line["id"]} if line["id"] else data

    def compare(self, row: Any, posted: Mapping[str, Any]) -> None:
        """Raises Invalid where the page showed other figures than the saved ``row`` has; they are shown then."""
        if line_model(self.view.model) is None:
            return
        found = line_figures.Differences(self.view, posted, [line["at"] for line in self.lines])
        if errors := found.of(row):
            self.told = found.told
            raise Invalid(errors)

    def refuse(self, error: Invalid | Any) -> None:
        """Put a refusal's messages where they belong."""
        placed = False
        for name, messages in error.errors.items():
            if name in self.unread:
                placed = True  # why it can't be read is said already
            elif name.startswith("lines."):
                index, _dot, column = name.removeprefix("lines.").partition(".")
                self.line_errors.setdefault(int(index), {}).setdefault(column, []).extend(messages)
                placed = True
            elif name.startswith("totals."):
                self.total_errors.setdefault(name.removeprefix("totals."), []).extend(messages)
                placed = True
            elif name in self.form:
                field = self.form[name]
                field.errors = [*field.errors, *(each for each in messages if each not in field.errors)]
                placed = True
            else:
                self.general.extend(messages)
                placed = True
        # What is marked needs no sentence that says so.
        marked = placed or bool(self.form.errors) or bool(self.line_errors)
        if not marked or error.status != 422:
            self.general.append(error.message)

    def errors(self) -> list[tuple[str, str]]:
        """The summary: (input's id or "", message), each message once."""
        found = [("", message) for message in self.general]
        for field in self.form:
            found += [(f"{self.prefix}-{field.name}", about(field.label.text, message)) for message in field.errors]
        columns = self.view.grid_columns()
        kind = line_model(self.view.model)
        known = fields_of(kind) if kind is not None else {}
        for index, faults in sorted(self.line_errors.items()):
            for name, messages in faults.items():
                # What is wrong with a whole line leads to its first input.
                column = name if name in columns or not columns else columns[0]
                at = f"lines-{index}-{column}"
                label = str(known[name].label) if name in known and name != "id" else ""
                found += [(at, _about_line(index + 1, label, message)) for message in messages]
        for name, messages in self.total_errors.items():
            label = _("Total, %(column)s", column=str(known[name].label))
            found += [(f"lines-total-{name}", about(label, message)) for message in messages]
        told: dict[str, str] = {}
        for at, message in found:
            told[message] = told.get(message) or at
        return [(at, message) for message, at in told.items()]

    def groups(self) -> list[Group]:
        """The fields under their headings, as shown."""
        self._resolve_texts()
        offered = self._offered()
        groups = []
        for title, names in self.view.groups():
            shown = [self._shown(name, offered) for name in names if name in self.fields]
            if shown:
                groups.append(Group(str(title), fields=shown))
        return groups

    def plain_fields(self) -> list[FormField]:
        """The fields without headings: for a transition's dialog, or many rows at once."""
        self._resolve_texts()
        offered = self._offered()
        return [self._shown(name, offered) for name in self.fields]

    def _offered(self) -> Mapping[str, list[str]]:
        """What is suggested for open fields, by attribute."""
        if not any(field.suggests for field in self.fields.values()):
            return {}
        return suggestions(db.session.connection(), self.view.model.resource)

    def _shown(self, name: str, offered: Mapping[str, list[str]]) -> FormField:
        field = self.fields[name]
        bound = self.form[name]
        shown = form_field(field, name, f"{self.prefix}-{name}", bound.raw, readonly=name in self.steady)
        pickers.offer(shown, field.target, create=self.creates)
        shown.like_url = like.hint_url(self.view, self.row, name)
        shown.errors = [str(each) for each in bound.errors]
        shown.suggestions = offered.get(field.attribute, [])
        if field.kind == "relation":
            shown.text = bound.shown or self.texts.get((field.target, str(bound.raw)), "")  # type: ignore[arg-type]
        shown.text = self.typed.get(name, shown.text)
        if field.kind == "relations":
            target: Any = field.target
            shown.chosen = [(str(each), self.texts.get((target, str(each)), str(each))) for each in bound.raw or []]
        if field.kind == "tags":
            shown.chosen = [(str(each), str(each)) for each in bound.raw or []]
        if field.kind == "images" and self.row is not None:
            for digest in field.value(self.row) or []:
                thumb, full = present.picture_urls(self.row, name, digest)
                shown.images.append({"id": digest, "url": full, "thumb": thumb, "name": digest[:8]})
        return shown

    def grid(self) -> LineGrid | None:
        """The line grid, if the entity has lines."""
        kind = line_model(self.view.model)
        if kind is None:
            return None
        self._resolve_texts()
        known = writable(kind)
        typed_in = [name for name in self.view.grid_columns() if name in known]
        known |= line_figures.figures(self.view)
        names = [name for name in self.view.grid_columns() if name in known]
        steady = set() if self.still_open is None else set(names) - self.still_open
        stored = {str(line.id): line for line in self.row.lines} if self.row is not None else {}
        rows = []
        for index, line in enumerate(self.lines):
            faults = self.line_errors.get(index, {})
            cells = []
            for name in names:
                at = f"lines-{index}-{name}"
                cell = form_field(known[name], at, at, line.get(name, ""), readonly=name in steady)
                pickers.offer(cell, known[name].target)
                cell.errors = faults.get(name, [])
                if known[name].formula is not None:
                    cell = _figure(cell, known[name], stored.get(str(line.get("id") or "")))
                    cell.told = self.told.get(f"lines.{index}.{name}", line.get(f"{name}-told", ""))
                if known[name].kind == "relation":
                    key: Any = (known[name].target, str(line.get(name, "")))
                    cell.text = line.get(f"{name}-text", self.texts.get(key, ""))
                    cell.unit = str(self.units.get(key) or "")
                cells.append(cell)
            rest = [message for name, messages in faults.items() if name not in names for message in messages]
            rows.append((str(line.get("id") or ""), cells, rest))
        blank = [
            form_field(known[name], f"lines-__index__-{name}", f"lines-__index__-{name}", self._blank(known[name]))
            if known[name].formula is None
            else _figure(form_field(known[name], "", f"lines-__index__-{name}", ""), known[name], None)
            for name in names
        ]
        for cell, name in zip(blank, names, strict=True):
            pickers.offer(cell, known[name].target)
        columns = [present.column(known[name]) for name in names]
        grid = LineGrid(_("Lines"), columns, rows, blank, fixed=self.still_open is not None)
        grid.live = line_figures.in_the_browser(self.view, typed_in)
        grid.hint = self.view.line_hint if self.view.line_hint[0] in names else ("", "")
        grid.totals = {each["name"]: self.total_errors.get(each["name"], []) for each in grid.live["totals"]}
        grid.told = {name: self.told.get(f"totals.{name}", "") for name in grid.totals}
        return grid

    def _blank(self, field: Field) -> str:
        return str(typed(field, field.empty)) if field.empty is not None else ""

    def _resolve_texts(self) -> None:
        """The labels of rows chosen in pickers, one statement for each kind of row, within the scope."""
        wanted: list[tuple[type[Any] | None, Any]] = []
        for bound in self.form:
            if bound.source.kind in ("relation", "relations") and not bound.shown:
                raw = bound.raw if isinstance(bound.raw, list) else [bound.raw]
                wanted += [(bound.source.target, each) for each in raw]
        kind = line_model(self.view.model)
        if kind is not None:
            known = fields_of(kind)
            for line in self.lines:
                for name in self.view.grid_columns():
                    if known[name].kind == "relation":
                        wanted.append((known[name].target, line.get(name)))
        self.load_texts(wanted)

    def load_texts(self, wanted: Iterable[tuple[type[Any] | None, Any]]) -> None:
        """The labels of rows by model and id, those that are not known yet."""
        missing: dict[type[Any], set[int]] = {}
        for model, id in wanted:
            if model is not None and is_id(str(id)) and (model, str(id)) not in self.texts:
                missing.setdefault(model, set()).add(int(id))
        for model, ids in missing.items():
            for row in db.session.scalars(sa.select(model).where(model.id.in_(ids))).unique():
                self._know(model, row)


def _about_line(number: int, label: str, message: str) -> str:
    if label:
        return _("Line %(number)s, %(column)s: %(message)s", number=number, column=label, message=message)
    return _("Line %(number)s: %(message)s", number=number, message=message)


def _figure(cell: FormField, field: Field, line: Any) -> FormField:
    """The cell of what a formula makes up: of ``line``, as far as it is stored."""
    value = field.value(line) if line is not None else None
    cell.kind, cell.required, cell.readonly = "figure", False, True
    cell.value = "" if value is None else line_figures.plain(value, field)
    cell.text = present.text(field, value)
    return cell
