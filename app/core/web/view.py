"""How an entity is shown: the declaration beside the model, from which pages, API, permissions and files follow.

``class CustomerView(EntityView, model=Customer)`` names columns only where the default will not do.  ``core.web.pages``
and ``core.web.api`` make the Flask-AppBuilder classes from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from app.core import bulk, custom, identity, match_keys, scope
from app.core.document import line_model
from app.core.fields import SYSTEM, Field, fields_of
from app.core.i18n import gettext as _
from app.core.remarks import Upload

Asked = str | Callable[[], Field]
"""A field that is asked for: the name of one of the model's, or a function that makes one."""

READ = ("list", "show", "export")
WRITE = ("add", "edit", "delete", "import")


@dataclass(frozen=True)
class Related:
    """A tab of a record's page: the rows of ``resource`` whose relation ``field`` points at the record."""

    resource: str
    field: str
    label: Any = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """What an action came to, where the row alone does not tell it: a sentence for people, and data for the API."""

    row: Any
    message: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """What a field of an action's dialog begins with: the ``row`` that its picker holds or the ``value`` typed, the rows
    that it ``offers`` to choose at a click ((row, what is said of it)), and what is ``noted`` beside it.
    """

    row: Any = None
    value: str = ""
    offers: Sequence[tuple[Any, str]] = ()
    noted: Sequence[str] = ()
    is_asked: bool = True


@dataclass(frozen=True)
class RecordAction:
    """Something that can be done with one row, or (``bulk``) with chosen ones: a button, an API call and a permission.

    ``run(row, values)`` does it and returns the row to answer with (the same, or a new one), or a ``Done``.  ``fields``
    are asked for: names of the model's fields, or functions that make one; ``values`` are by their names (a relation's
    id, None for what is empty).  ``shown`` says whether the button makes sense for a row.  The row is locked first,
    unless the action sees to that itself (``locks``): one that others may take meanwhile is then told as taken.  One that
    ``takes`` what nobody owns is offered on it though it is not the actor's to write.  One that
    is ``raw`` has a page of its own, asks for what it likes, and reads it itself.  ``begin(row)`` says what fields of the
    dialog begin with, by name.  What is ``quiet`` may be said over the API and is not asked for on the page, which gives
    the position by itself where the browser tells it (``latitude``, ``longitude``).
    """

    name: str
    label: Any
    run: Callable[[Any, Mapping[str, Any]], Any]
    fields: tuple[Asked, ...] = ()
    required: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    confirm: Any = ""
    tone: str = ""
    primary: bool = False
    bulk: bool = False
    shown: Callable[[Any], bool] | None = None
    locks: bool = True
    takes: bool = False
    raw: bool = False
    begin: Callable[[Any], Mapping[str, Start]] | None = None

    @property
    def permission(self) -> str:
        """The permission it needs: «can_claim»."""
        return f"can_{self.name.replace('-', '_')}"

    @property
    def placed(self) -> bool:
        """Whether the page says where it is done."""
        return {"latitude", "longitude"} <= set(self.quiet)


@dataclass(frozen=True)
class ResourceAction:
    """Something that is done with the resource itself, or with many rows at once: a button with a small form on the
    list page, ``POST /api/v1/<resource>/<name>``, and a permission.

    ``fields`` are asked for: names of the model's fields, or functions that make one; one called ``ids`` (of the
    kind relations) takes the rows chosen on the list, ``most`` at once: more than the usual number where it is done
    to all of them by a few statements.  ``run(values)`` gets the values by field name (a relation's id,
    None for what is empty), finds and locks the rows itself, within the scope, and returns what the action came to.
    """

    name: str
    label: Any
    run: Callable[[Mapping[str, Any]], Done]
    fields: tuple[Asked, ...] = ()
    required: tuple[str, ...] = ()
    confirm: Any = ""
    tone: str = ""
    primary: bool = False
    most: int = bulk.MOST

    @property
    def permission(self) -> str:
        """The permission it needs: «can_close»."""
        return f"can_{self.name.replace('-', '_')}"


@dataclass
class Sheet:
    """What a reading found: ``rows`` (a page of ``count``) are any objects with an attribute for each of ``fields``.

    A row's attribute ``url``, if it has one, opens what the row is about; ``urls`` what a field's figure counts, by
    name.  ``facts`` concern the whole; ``more`` is
    given by the API besides.
    """

    fields: Sequence[Field]
    rows: Sequence[Any]
    count: int
    facts: Sequence[tuple[Field, Any]] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """A table that is reckoned when it is asked for: ``GET /api/v1/<resource>/<name>`` (of a row, ``of_row``,
    ``…/<id>/<name>``), and a page.

    ``run(row, values, page)`` finds it; ``values`` are those of ``fields`` (as in ``ResourceAction``), ``page`` the
    part that is wanted.  Whoever reads it must be allowed ``operation``, and to list each of the resources in ``also``.
    The page of a row's reading can ask for an ``action`` of the row below what it shows; ``shown`` says whether the way
    to it makes sense for a row.
    """

    name: str
    label: Any
    run: Callable[[Any, Mapping[str, Any], Part], Sheet]
    fields: tuple[Asked, ...] = ()
    of_row: bool = False
    operation: str = "list"
    also: tuple[str, ...] = ()
    help: Any = ""
    action: str = ""
    shown: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class Part:
    """A page of a table: ``number`` counts from 0, ``size`` is how many rows it has."""

    number: int = 0
    size: int = 25

    @property
    def offset(self) -> int:
        """How many rows come before it."""
        return self.number * self.size


@dataclass(frozen=True)
class RecordLink:
    """A button of a record's page that leads to a page of its own; ``operation`` is what one must be allowed to do for
    it, ``shown`` says whether it makes sense for a row.
    """

    label: Any
    url: Callable[[Any], str]
    operation: str = "show"
    shown: Callable[[Any], bool] | None = None
    rank: str = "secondary"


@dataclass(frozen=True)
class Board:
    """The rows of a list as cards in columns: one for each row that the relation ``by`` may point at, which ``columns()``
    gives in their order.

    ``figures`` are amounts of a row: the first is summed as it is, a second as what is to be expected of it.  ``card``
    names what a card says besides its title; ``action`` is the action of the record that takes it to another column,
    asking for the field ``by`` and, when it is refused without, a ``reason``.  ``mark`` says what is remarkable of a row.
    """

    by: str
    columns: Callable[[], Sequence[Any]]
    action: str
    figures: tuple[str, ...] = ()
    card: tuple[str, ...] = ()
    mark: Callable[[Any], str] | None = None


@dataclass(frozen=True)
class Need:
    """Rows of another kind (``resource``) that a row can't be made without, such as an opportunity without stages:
    ``text`` says so while there are none.  ``action`` is what makes the usual ones at a click.
    """

    resource: str
    text: Any
    action: str = ""


class EntityView:
    """The declaration.  Everything has a default that follows from the model."""

    model: ClassVar[type[Any]]
    icon: ClassVar[str] = "box"
    columns: ClassVar[tuple[str, ...]] = ()  # of the list; the first is the record's name and its link
    fieldsets: ClassVar[tuple[tuple[Any, tuple[str, ...]], ...]] = ()  # (heading, fields) for add, edit and show
    line_columns: ClassVar[tuple[str, ...]] = ()  # of the line grid
    line_hint: ClassVar[tuple[str, str]] = ("", "")
    """A column of the line grid, and the address that says under the grid what one should know of the rows picked in it:
    asked with their ids, it answers {"html"}.
    """
    sort: ClassVar[str] = "-id"  # a field, with «-» for the largest first
    related: ClassVar[tuple[Related, ...]] = ()
    actions: ClassVar[tuple[RecordAction, ...]] = ()
    resource_actions: ClassVar[tuple[ResourceAction, ...]] = ()
    readings: ClassVar[tuple[Reading, ...]] = ()
    links: ClassVar[tuple[RecordLink, ...]] = ()
    board: ClassVar[Board | None] = None
    list_links: ClassVar[tuple[RecordLink, ...]] = ()  # buttons of the list that lead elsewhere (asked with no row)
    add_at: ClassVar[str] = ""  # where a new row is made, when that is no form of its fields
    told_apart: ClassVar[tuple[str, ...]] = ()  # fields that a tab of the record's page shows, not its facts
    help: ClassVar[Any] = ""  # a sentence under the list's title
    help_of_all: ClassVar[Any] = ""  # the same for whoever sees every row, where that differs
    empty: ClassVar[Any] = ""  # what to do when there are no rows
    needs: ClassVar[tuple[Need, ...]] = ()  # what must be there before the first row
    addable: ClassVar[bool] = True  # whether rows are made over pages and API at all
    deletable: ClassVar[bool] = True
    importable: ClassVar[bool] = True
    receives: ClassVar[Any] = None
    """What makes a new row of a file that is sent (``POST /`` as a multipart form), the only way in which there comes to be
    one: called with the uploads and the fields beside them.
    """
    uploads: ClassVar[Mapping[str, Callable[[Any, Sequence[Upload], Mapping[str, Any]], Any]]] = {}
    """What takes a file for a row, by name (``POST /<id>/<name>``): called with the row, locked, and gives it back."""
    commentable: ClassVar[bool] = True  # whether people may say something about a row

    def __init_subclass__(cls, model: type[Any] | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if model is not None:
            cls.model = model
            views[model.resource] = cls

    @classmethod
    def operations(cls) -> tuple[str, ...]:
        """What can be done with the entity, as permissions without «can_»."""
        if cls.model.read_only:
            write: tuple[str, ...] = ()
        else:
            left_out = {
                name
                for name, possible in (
                    ("add", cls.addable),
                    ("delete", cls.deletable),
                    ("import", cls.importable and cls.addable),
                )
                if not possible
            }
            write = tuple(name for name in WRITE if name not in left_out)
        flow = cls.model.workflow
        steps = tuple(step.name for step in flow.transitions) if flow is not None else ()
        explained = () if cls.model.scope.everyone else ("visible-to",)
        actions: tuple[RecordAction | ResourceAction, ...] = (*cls.actions, *cls.resource_actions)
        talk = ("comment",) if cls.commentable else ()
        alike = ("duplicates",) if match_keys.fields(cls.model) and not getattr(cls.model, "likeness_of", "") else ()
        named = (action.permission.removeprefix("can_") for action in actions)
        # What is done to one and to many under one name is one permission.
        return tuple(dict.fromkeys((*READ, *write, *explained, *talk, *alike, *steps, *named)))

    @classmethod
    def list_columns(cls) -> tuple[str, ...]:
        """The columns of the list: as declared, or the first eight fields."""
        if cls.columns:
            added = custom.fields(cls.model).values()
            return (*cls.columns, *(field.name for field in added if field.as_column))
        names = [
            name
            for name, field in fields_of(cls.model).items()
            if name not in SYSTEM and field.kind not in ("longtext", "json", "images")
        ]
        return tuple(names[:8])

    @classmethod
    def groups(cls) -> tuple[tuple[Any, tuple[str, ...]], ...]:
        """Headings and fields of forms and record pages: as declared, or every field under none."""
        if cls.fieldsets:
            named = {name for _title, names in cls.fieldsets for name in names}
            tagged = getattr(cls.model, "taggable", False) and "tags" not in named
            added = tuple(custom.fields(cls.model))
            more = [(_("Custom fields"), added)] if added else []
            return (*cls.fieldsets, *more, ("", ("tags",))) if tagged else (*cls.fieldsets, *more)
        return (("", tuple(name for name in fields_of(cls.model) if name not in SYSTEM)),)

    @classmethod
    def grid_columns(cls) -> tuple[str, ...]:
        """The columns of the line grid: as declared, or every field of a line."""
        kind = line_model(cls.model)
        if kind is None:
            return ()
        return cls.line_columns or tuple(name for name in fields_of(kind) if name not in ("id", "position", "document"))

    @classmethod
    def said(cls) -> str:
        """The sentence under the list's title, for who acts now."""
        sees_all = bool(cls.help_of_all) and scope.condition(cls.model, identity.current()) is None
        return str(cls.help_of_all if sees_all else cls.help)

    @classmethod
    def prepare(cls, rows: list[Any]) -> None:
        """Load in one go what the derived figures of ``rows`` need, so that a list costs the same however long it is."""

    @classmethod
    def defaults(cls) -> Mapping[str, Any]:
        """What a new row's form begins with, by field, besides the columns' own defaults."""
        return {}

    @classmethod
    def still_open(cls, row: Any) -> frozenset[str] | None:
        """The fields of ``row`` and of its lines that may be written in the state it is in; None for all of them."""
        return None

    @classmethod
    def action(cls, name: str) -> RecordAction | None:
        """The action called ``name``."""
        return next((action for action in cls.actions if action.name == name), None)

    @classmethod
    def resource_action(cls, name: str) -> ResourceAction | None:
        """The action on the resource called ``name``."""
        return next((action for action in cls.resource_actions if action.name == name), None)

    @classmethod
    def asked(cls, fields: Sequence[Asked]) -> dict[str, Field]:
        """The fields that an action or a reading asks for, by name."""
        known = fields_of(cls.model)
        found = (known[each] if isinstance(each, str) else each() for each in fields)
        return {each.name: each for each in found}


views: dict[str, type[EntityView]] = {}
"""Every declared view, by resource."""
