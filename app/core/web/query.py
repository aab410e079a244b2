"""What a list is asked for: search, any number of conditions, order and page, from a page's address or the API's ``q``.

Only fields that exist for the actor can be filtered or sorted by; a condition on a row that is not there finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, noload

from app.core import db, flags, fulltext, identity, looking, scope, tags
from app.core.errors import BusinessError, about
from app.core.fields import TEXTS, Field, fields_of, readable
from app.core.i18n import gettext as _
from app.core.readers import in_every_zone, storable
from app.core.web import operators, pickers, spans
from app.core.web.operators import BY_KIND, OPERATORS

MAX_SIZE = 100  # rows a page
SIZES = (25, 50, 100)
DEFAULT_SIZE = 25
MAX_CONDITIONS = 30
MAX_IN = 500
NOBODY = 0  # the id of no row
TYPED = ("ff", "fo", "fv", "fm", "fm-text", "fs", "fn", "fa", "fb")  # a condition as a form without script says it
PARAMETERS = ("f", *TYPED, "q", "sort", "cols", "page", "size")  # of a page's address


class BadQuery(BusinessError):
    """A filter, order or page that can't be: unknown field or operator, unreadable value."""

    status = 400


@dataclass(frozen=True)
class Condition:
    """One condition: a field, an operator's name, and the value as given and as read."""

    field: Field
    operator: str
    raw: Any
    value: Any = None

    def clause(self) -> sa.ColumnElement[bool]:
        """The condition as SQL."""
        return operators.clause(self.field, self.operator, self.value)


@dataclass
class ListQuery:
    """What a list shows of ``model``; ``page`` counts from 0."""

    model: type[Any]
    search: str = ""
    conditions: list[Condition] = field(default_factory=list)
    order: str = ""
    descending: bool = False
    page: int = 0
    size: int = DEFAULT_SIZE
    columns: list[str] = field(default_factory=list)  # fields shown, in their order; the list's own when empty
    unread: list[str] = field(default_factory=list)  # why it finds more rows than were asked for, if so

    def filtered(self) -> sa.Select[Any]:
        """The rows, scoped when executed, without order or page."""
        statement = sa.select(self.model)
        for condition in self.conditions:
            statement = statement.where(condition.clause())
        words = looking.matches(self.model, self.search)
        if words is not None and (inside := fulltext.found(self.model, self.search)) is not None:
            words = sa.or_(words, self.model.id.in_(inside))
        return statement if words is None else statement.where(words)

    def ordered(self) -> sa.Select[Any]:
        """The rows in their order; the id decides between equals, so that pages never overlap."""
        return self.filtered().order_by(*self.ordering())

    def ordering(self, *, reverse: bool = False) -> list[Any]:
        """What the rows are ordered by; ``reverse``: the other way round."""
        keys = [self.model.id]
        if self.order and self.order != "id":
            keys.insert(0, getattr(self.model, fields_of(self.model)[self.order].attribute))
        return [key.desc() if self.descending != reverse else key.asc() for key in keys]

    def rows(self, columns: Iterable[str]) -> list[Any]:
        """The page's rows with the relations among ``columns`` loaded."""
        statement = self.ordered().options(*loading(self.model, columns)).limit(self.size).offset(self.page * self.size)
        return list(db.session.scalars(statement).unique())

    def rows_and_rights(self, columns: Iterable[str]) -> list[tuple[Any, bool]]:
        """The page's rows, each with whether it is the actor's to change, in the same statement."""
        statement = self.ordered().add_columns(writable_rows(self.model)).options(*loading(self.model, columns))
        found = db.session.execute(statement.limit(self.size).offset(self.page * self.size)).unique()
        return [(row, bool(writable)) for row, writable in found]

    def count(self) -> int:
        """How many rows there are on all pages."""
        inner = self.filtered().with_only_columns(self.model.id).order_by(None)
        return db.session.scalar(sa.select(sa.func.count()).select_from(inner.subquery())) or 0


def writable_rows(model: type[Any]) -> sa.ColumnElement[bool]:
    """A column that says of each row whether the actor's scope lets them change it."""
    where = scope.condition(model, identity.current(), write=True)
    return sa.true() if where is None else where


def loading(model: type[Any], columns: Iterable[str]) -> list[Any]:
    """Loader options for the relations among ``columns``, so that a list costs the same however long it is."""
    mapper = sa.inspect(model)
    options = []
    wanted = set(columns)
    for relation in mapper.relationships:
        if relation.key in wanted and relation.key != "lines":
            attribute = getattr(model, relation.key)
            options.append(sa.orm.selectinload(attribute) if relation.uselist else joinedload(attribute))
        elif relation.uselist is False and relation.lazy == "joined":
            options.append(noload(getattr(model, relation.key)))
    if "tags" in wanted and getattr(model, "taggable", False):
        options.append(tags.loading(model))
    return options


def sortable(model: type[Any]) -> list[str]:
    """The fields a list of ``model`` can be ordered by, for who acts now."""
    return [
        name
        for name, field in readable(model).items()
        if field.stored
        and not field.write_only
        and field.kind not in ("longtext", "json", "images", "relation", "relations", "tags")
    ]


def filterable(model: type[Any]) -> dict[str, Field]:
    """The fields a list of ``model`` can be filtered by, for who acts now, and its flags."""
    fields = {
        name: field
        for name, field in readable(model).items()
        if field.stored and not field.write_only and field.kind in BY_KIND
    }
    return {**fields, **flags.of(model)}


def shown(model: type[Any]) -> dict[str, Field]:
    """What a list of ``model`` may show in columns, for who acts now."""
    return {name: field for name, field in readable(model).items() if not field.write_only}


def condition(model: type[Any], name: str, operator: str, raw: Any, *, whole: bool = False) -> Condition:
    """A condition for who acts now; ``whole``: one that needs a value has one.  Raises BadQuery."""
    found = filterable(model).get(name)
    if found is None:
        raise BadQuery(_("There is nothing called “%(name)s” to filter by.", name=name))
    if operator not in BY_KIND[found.kind]:
        raise BadQuery(_("“%(label)s” can't be filtered by “%(operator)s”.", label=found.label, operator=operator))
    if OPERATORS[operator][1] == 0:
        return Condition(found, operator, raw)
    if whole and not raw_text(raw):
        wanted = _("A value is needed.")
        raise BadQuery(about(str(found.label), wanted), {name: [wanted]})
    try:
        return Condition(found, operator, raw, _seen(found, _read(found, operator, raw)))
    except ValueError as error:
        raise BadQuery(about(str(found.label), str(error)), {name: [str(error)]}) from None


def raw_text(raw: Any) -> str:
    """A condition's value as an address holds it, to be read as the same: «,» is between several values."""
    if isinstance(raw, list):
        return ",".join(raw_text(each).replace("\\", "\\\\").replace(",", "\\,") for each in raw)
    if isinstance(raw, dict) and "id" in raw:
        raw = raw["id"]  # a row as the API gives it
    return ("1" if raw else "0") if isinstance(raw, bool) else str(raw if raw is not None else "")


def _several(text: str) -> list[str]:
    """The values in a text: «,» is between them, «\\,» in one of them."""
    found = [""]
    for part in re.findall(r"\\[\\,]|.", text, re.DOTALL):
        if part == ",":
            found.append("")
        else:
            found[-1] += part[-1]
    return found


def order(model: type[Any], name: str, direction: str = "asc") -> tuple[str, bool]:
    """An order for who acts now: (field, descending).  Raises BadQuery."""
    if name not in sortable(model):
        raise BadQuery(_("The list can't be ordered by “%(name)s”.", name=name))
    if direction not in ("asc", "desc"):
        raise BadQuery(_("The order is asc or desc."))
    return name, direction == "desc"


def default_order(model: type[Any], sort: str) -> tuple[str, bool]:
    """The view's own order, where the actor may see it."""
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    return (name, descending) if name in sortable(model) else ("id", True)


def from_api(model: type[Any], arguments: Mapping[str, Any], sort: str, *, whole: bool = False) -> ListQuery:
    """The query in the API's ``q`` (Flask-AppBuilder's form); ``whole``: a condition that needs a value has one.

    Raises BadQuery.
    """
    query = ListQuery(model, size=20)
    conditions = arguments.get("filters") or []
    if not isinstance(conditions, list) or len(conditions) > MAX_CONDITIONS:
        raise BadQuery(_("At most %(count)s conditions.", count=MAX_CONDITIONS))
    for each in conditions:
        if not isinstance(each, dict) or not {"col", "opr"} <= set(each):
            raise BadQuery(_("A filter has the form (col:name,opr:eq,value:…)."))
        query.conditions.append(condition(model, str(each["col"]), str(each["opr"]), each.get("value"), whole=whole))
    query.search = str(arguments.get("search") or "")[:200]
    if arguments.get("order_column"):
        query.order, query.descending = order(
            model, str(arguments["order_column"]), str(arguments.get("order_direction") or "asc")
        )
    else:
        query.order, query.descending = default_order(model, sort)
    query.page = max(0, _whole(arguments.get("page"), 0))
    size = _whole(arguments.get("page_size"), 20)
    query.size = MAX_SIZE if size == -1 else min(max(1, size), MAX_SIZE)
    return query


def from_address(model: type[Any], arguments: Any, sort: str) -> tuple[ListQuery, list[str]]:
    """The query in a page's address, and what in it could not be understood: ``f=field:operator:value`` any number of
    times, ``q``, ``sort`` (with «-» for descending), ``cols`` (names of fields), ``page`` (from 1) and ``size``."""
    query = ListQuery(model, search=str(arguments.get("q") or "").strip()[:200])
    problems: list[str] = []
    texts = [text for text in arguments.getlist("f") if text]  # «f=» says that there is no filter
    if typed := _typed(model, arguments):
        texts.append(typed)
    if len(texts) > MAX_CONDITIONS:
        query.unread.append(_("At most %(count)s conditions.", count=MAX_CONDITIONS))
    for text in texts[:MAX_CONDITIONS]:
        name, _colon, rest = text.partition(":")
        operator, _colon, raw = rest.partition(":")
        try:
            query.conditions.append(condition(model, name, operator, raw, whole=True))
        except BadQuery as error:
            query.unread.append(error.message)
    problems += query.unread
    wanted = str(arguments.get("sort") or "")
    try:
        query.order, query.descending = (
            order(model, wanted.removeprefix("-"), "desc" if wanted.startswith("-") else "asc")
            if wanted
            else (default_order(model, sort))
        )
    except BadQuery as error:
        problems.append(error.message)
        query.order, query.descending = default_order(model, sort)
    known = shown(model)
    for name in dict.fromkeys(name for text in arguments.getlist("cols") for name in text.split(",") if name):
        if name in known:
            query.columns.append(name)
        else:
            problems.append(_("There is no field “%(name)s” to show.", name=name))
    query.page = max(1, _whole(arguments.get("page"), 1)) - 1
    size = _whole(arguments.get("size"), DEFAULT_SIZE)
    query.size = size if size in SIZES else DEFAULT_SIZE
    return query, problems


def _typed(model: type[Any], arguments: Any) -> str:
    """The condition that a form says in parts: field, operator, and its value, values, or stretch of values.

    Empty when it lacks something.
    """
    name, operator = arguments.get("ff"), arguments.get("fo")
    value = str(arguments.get("fv") or "")
    if operator in operators.SPANS and not value:
        named, ends = arguments.get("fs") or spans.OPEN, [arguments.get(each) or "" for each in ("fa", "fb")]
        value = f"{named}-{arguments.get('fn') or ''}-days" if named in spans.COUNTED else named
        value = (spans.BETWEEN.join(ends) if any(ends) else "") if named == spans.OPEN else value
    if operator in operators.SEVERAL and not value:
        value = raw_text([*arguments.getlist("fm"), *_named(model, name, arguments.get("fm-text"))])
    if not name or not operator or (OPERATORS.get(operator, ("", 1))[1] and not value):
        return ""
    return f"{name}:{operator}:{value}"


def _named(model: type[Any], name: str, text: str | None) -> list[str]:
    """What was typed into a picker without script; a text that names no row stays as it is, and is told."""
    found = filterable(model).get(name)
    if not text or found is None:
        return []
    if found.target is None:
        return [text]
    try:
        return [str(pickers.resolve(found.target, text).id)]
    except (ValueError, BusinessError):
        return [text]


def _whole(raw: Any, default: int) -> int:
    try:
        return min(int(raw), 10**9)
    except (TypeError, ValueError, OverflowError):
        return default


def _read(field: Field, operator: str, raw: Any) -> Any:
    if operator in operators.SPANS:
        return spans.read(_unbounded(field), raw)
    if operator in operators.SEVERAL:
        values = raw if isinstance(raw, list) else _several(str(raw))
        if len(values) > MAX_IN:
            raise ValueError(_("At most %(count)s values.", count=MAX_IN))
        return [_one(field, each) for each in values]
    return _one(field, raw)


def _unbounded(field: Field) -> Field:
    """``field`` without its bounds: to ask for less, or more, than there can be finds nothing, and is no mistake."""
    return replace(field, minimum=None, maximum=None)


def _one(field: Field, raw: Any) -> Any:
    if field.kind in TEXTS or field.kind == "tags":
        return storable(str(raw if raw is not None else "")[:1000])
    if field.kind == "relations":
        return field._parse_relation(raw)
    if raw in (None, "") and field.kind != "bool":
        raise ValueError(_("A value is needed."))
    if field.kind == "choice":
        return storable(str(raw)[:1000])
    if field.kind == "datetime" and isinstance(raw, str) and "T" not in raw and ":" not in raw:
        return in_every_zone(datetime.combine(field._parse_date(raw), time.min)).date()
    value = _unbounded(field).parse(raw)
    if value is None:
        raise ValueError(_("A value is needed."))
    return value


def _seen(field: Field, value: Any) -> Any:
    """``value`` of a relation without the rows that the actor does not see: they are asked about as if they were not
    there.
    """
    actor = identity.require()
    if field.kind != "relation" or field.target is None or field.target.scope.everyone or actor.unlimited:
        return value
    ids = value if isinstance(value, list) else [value]
    visible = scope.visible_ids(db.session.connection(), field.target, ids, actor)
    return (
        [each for each in ids if each in visible] if isinstance(value, list) else value if value in visible else NOBODY
    )
