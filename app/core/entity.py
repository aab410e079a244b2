"""What everything a user sees is made of: a class of typed columns, each with its label.

``class Customer(Entity)`` declares columns by ``column(...)`` and relations by ``reference(...)`` plus a relationship;
``resource`` is its name in addresses, ``label``/``labels`` its names for people, ``scope`` who sees which row, ``keys``
what an import matches
by, ``searched`` which columns a picker looks into (pinyin too).  The fields that forms, lists, files and the API share
are derived from it in ``core.fields``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, object_session, relationship

from app.core.formula import SCALES, Formula
from app.core.i18n import lazy_gettext as _l
from app.core.scope import Rule, everyone
from app.core.types import AddedValues, LongText, UTCDateTime

if TYPE_CHECKING:
    from app.core.workflow import Workflow

# One naming convention for every constraint, Flask-AppBuilder's included, so that a migration can name what it changes.
CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
Model.metadata.naming_convention = CONVENTION

FINISHED = ("done", "closed")  # what says of a row that there is no more to see to

registry: dict[str, type[Entity]] = {}
"""Every entity that is declared, by resource."""

scoped: list[type[Any]] = []
"""Every mapped class with a rule of its own: the entities and the lines of documents."""


def column(
    label: Any,
    *,
    help: Any = "",
    choices: Mapping[str, Any] | None = None,
    tones: Mapping[str, str] | None = None,
    suggests: bool = False,
    needs: str = "",
    readonly: bool = False,
    minimum: int | None = None,
    maximum: int | None = None,
    formula: str = "",
    currency: str = "",
    summed: bool = True,
    spans: str = "",
    **options: Any,
) -> Any:
    """A column with what people read about it.

    ``choices`` maps stored values to labels, ``tones`` to colours; ``suggests`` offers values used before (a choice the
    company extends); ``needs`` is the grant (``identity.SEE_COST``) without which the field does not exist for a
    reader; ``readonly`` is set by rules alone; ``minimum`` is the least number allowed, ``maximum`` the greatest; a
    ``formula`` of other fields fills it before every write, and in a form's line grid while somebody types.  An amount
    is in the base currency, or in the one that the field ``currency`` names; without ``summed`` it makes no total below
    a list.  A day ``spans`` the «week» or the «month» that it begins, where it stands for all of it.  Other options go
    to ``mapped_column``.
    """
    readonly = readonly or bool(formula)
    info = {"label": label, "help": help, "choices": choices, "tones": tones, "suggests": suggests}
    info |= {"formula": Formula(formula) if formula else None, "currency": currency, "summed": summed, "spans": spans}
    info |= {"minimum": minimum, "maximum": maximum}
    return mapped_column(info={**info, "needs": needs, "readonly": readonly}, **options)


def reference(
    target: str,
    label: Any,
    *,
    help: Any = "",
    needs: str = "",
    readonly: bool = False,
    owned: bool = False,
    loose: bool = False,
    hangs: bool = True,
    **options: Any,
) -> Any:
    """A column that points at another row: ``reference("customers.id", _l("Customer"))``.

    ``owned`` rows go when the row they point at goes; a ``loose`` one lets it go and points at nothing then.  A document
    ``hangs`` on the one it points at, which can't be cancelled without it, unless it only tells where it came from (a
    copy).
    """
    info = {"label": label, "help": help, "needs": needs, "readonly": readonly, "hangs": hangs}
    options.setdefault("index", True)
    left = "CASCADE" if owned else "SET NULL" if loose else None
    return mapped_column(sa.ForeignKey(target, ondelete=left), info=info, **options)


class derived(property):
    """A figure of a row that is reckoned, not stored: ``@derived(_l("Available"), kind="quantity")``."""

    def __init__(self, label: Any, *, kind: str = "text", needs: str = "", help: Any = "") -> None:
        self.label, self.kind, self.needs, self.help_text = label, kind, needs, help
        self.formula: Formula | None = None
        super().__init__()

    def __call__(self, function: Callable[[Any], Any]) -> derived:
        super().__init__(function)
        return self


def reckoned(
    label: Any,
    formula: str,
    *,
    kind: str = "money",
    needs: str = "",
    help: Any = "",
    settled: Callable[[Any], Any] | None = None,
) -> Any:
    """A derived figure (money, quantity or price) that a formula makes of the row's other fields:
    ``value = reckoned(_l("Value"), "quantity * unit_cost")``.  A line grid shows it while somebody types.  Once a book
    says what it came to, ``settled(row)`` gives that; None before.
    """
    figure = derived(label, kind=kind, needs=needs, help=help)
    made, scale = Formula(formula), SCALES[kind]
    figure.formula = made

    def value(row: Any) -> Any:
        known = settled(row) if settled is not None else None
        return made.of(row, scale) if known is None else known

    return figure(value)


class Entity(Model):
    """The base of every row that people see.  Adds id, version, who and when, and the text that a picker searches."""

    __abstract__ = True
    __allow_unmapped__ = True

    resource: ClassVar[str] = ""
    label: ClassVar[Any] = ""
    labels: ClassVar[Any] = ""
    scope: ClassVar[Rule] = everyone
    keys: ClassVar[tuple[str, ...]] = ()
    searched: ClassVar[tuple[str, ...]] = ("name",)
    numbered_by: ClassVar[str] = ""  # the field that takes the next of the resource's sequence when left out
    read_only: ClassVar[bool] = False  # nobody writes it over pages or API
    workflow: ClassVar[Workflow | None] = None
    audited: ClassVar[bool] = True
    extensible: ClassVar[bool | None] = None  # whether a company may add fields; None: to what the domains declare
    synonyms: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # further headers an import accepts, by field
    extra_fields: ClassVar[Mapping[str, Any]] = {}  # fields (``core.fields``) that are set through properties, by name
    taggable: ClassVar[bool] = False  # whether its rows carry tags: unless said, if it is the company's and written
    inside: ClassVar[str] = ""  # the long text of a row that is searched word by word (``core.fulltext``)
    likeness: ClassVar[Mapping[str, str]] = {}  # the fields that say who it is, by ``core.likeness`` kinds
    likeness_of: ClassVar[str] = ""  # the relation to the row for which they count, unless it is the row itself
    card: ClassVar[
        Mapping[str, str]
    ] = {}  # as a name card: what of one each field is (``core.exchange.vcard.HEADERS``)
    tags_need: ClassVar[str] = ""  # the grant without which the tags do not exist for a reader

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-100, info={"label": _l("ID")})
    version: Mapped[int] = mapped_column(
        default=1, nullable=False, sort_order=900, info={"label": _l("Version"), "readonly": True}
    )
    created_on: Mapped[datetime] = mapped_column(
        UTCDateTime(), sort_order=901, info={"label": _l("Created"), "readonly": True}
    )
    changed_on: Mapped[datetime] = mapped_column(
        UTCDateTime(), sort_order=902, info={"label": _l("Changed"), "readonly": True}
    )
    search_text: Mapped[str] = mapped_column(LongText(), default="", sort_order=905)

    @declared_attr
    def created_by_id(cls) -> Mapped[int | None]:
        return mapped_column(
            sa.ForeignKey("ab_user.id"), sort_order=903, info={"label": _l("Created by"), "readonly": True}
        )

    @declared_attr
    def changed_by_id(cls) -> Mapped[int | None]:
        return mapped_column(
            sa.ForeignKey("ab_user.id"), sort_order=904, info={"label": _l("Changed by"), "readonly": True}
        )

    @declared_attr
    def created_by(cls) -> Mapped[User | None]:
        return relationship(User, foreign_keys=[cls.created_by_id], viewonly=True)  # type: ignore[list-item]

    @declared_attr
    def changed_by(cls) -> Mapped[User | None]:
        return relationship(User, foreign_keys=[cls.changed_by_id], viewonly=True)  # type: ignore[list-item]

    @declared_attr
    def taggings(cls) -> Mapped[list[Any]]:
        if not cls.taggable:
            return None  # type: ignore[return-value]
        from app.core.tags import Tagging

        return relationship(
            Tagging,
            primaryjoin=lambda: sa.and_(
                sa.orm.foreign(Tagging.row_id) == cls.id,
                Tagging.resource == cls.resource,
            ),
            cascade="all, delete-orphan",
            passive_deletes=True,  # core.flush removes them
            overlaps="taggings",
        )

    @property
    def tags(self) -> list[Any]:
        """The row's tags by name; set as names (see ``core.tags``)."""
        from app.core import tags

        return tags.of(self)

    @tags.setter
    def tags(self, names: list[str]) -> None:
        from app.core import tags

        tags.put(self, names)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if cls.__dict__.get("resource") and "taggable" not in cls.__dict__:
            cls.taggable = cls.domain() != "system" and not cls.read_only
        super().__init_subclass__(**kwargs)
        if cls.__dict__.get("resource"):
            own = cls.domain() != "system" and not cls.read_only
            if own if cls.extensible is None else cls.extensible:
                cls.custom = mapped_column(
                    AddedValues(), nullable=True, sort_order=906, info={"label": _l("Custom fields")}
                )
            registry[cls.resource] = cls
            if cls.inside:
                from app.core import fulltext

                fulltext.indexed.add(cls.resource)
            scoped.append(cls)

    @classmethod
    def domain(cls) -> str:
        """The package the entity belongs to («crm»); grants are kept by it."""
        parts = cls.__module__.split(".")
        if parts[:2] == ["app", "domains"]:
            return parts[2]
        return "stock" if parts[:2] == ["app", "ledger"] else "system"

    @classmethod
    def permission_key(cls) -> str:
        """What permissions on the entity are kept by: the class's name, so that renaming a view loses no grant."""
        return cls.__name__

    def __str__(self) -> str:
        """How people call the row: «C00001 Beijing Tech»."""
        parts = [getattr(self, name, None) for name in ("code", "name")]
        return " ".join(str(part) for part in parts if part) or f"{type(self).label} {self.id}"

    def fact(self) -> str:
        """One telling fact that a picker shows beside the name."""
        return ""

    def fill(self) -> None:
        """Set what follows from other fields, and defaults that need thought.  Called before every write."""

    def faults(self) -> dict[str, list[str]]:
        """What the entity's own rules refuse, by field; empty when all is well.  Called before every write."""
        return {}

    @classmethod
    def handed_on(cls) -> sa.ColumnElement[bool] | None:
        """Which rows go to somebody else when their owner leaves; None for none.

        Unless the entity says otherwise: those that can also lie without an owner, and those that are not ``done`` or
        ``closed``.  What can't be finished tells who did something, and stays.
        """
        table = cls.__table__
        owner = table.c.get("owner_id")
        if owner is None or cls.domain() == "system" or cls.read_only:
            return None
        finished = next((table.c[name] for name in FINISHED if name in table.c), None)
        if finished is not None:
            return finished.is_(sa.false())
        return sa.true() if owner.nullable else None

    def record_name(self) -> str:
        """How the row is named across the system: «customers/12»."""
        return record_name(self)


def record_name(row: Any) -> str:
    """How ``row``, an entity's or an account, is named across the system: «customers/12»."""
    return f"{row.resource}/{row.id}"


class Resources(Mapping[str, Any]):
    """What people call the rows of the entities that ``holds`` says yes to, by resource, as they are when it is asked: the
    choices of a field that names a kind of rows.
    """

    def __init__(self, holds: Callable[[Any], Any] = lambda _model: True) -> None:
        self.holds = holds

    def __getitem__(self, resource: str) -> Any:
        model = registry[resource]
        if not self.holds(model):
            raise KeyError(resource)
        return model.labels

    def __iter__(self) -> Iterator[str]:
        return (resource for resource, model in registry.items() if self.holds(model))

    def __len__(self) -> int:
        return sum(1 for _resource in self)

    def __bool__(self) -> bool:
        return True  # also before the first entity is declared: whoever has choices has them


def entity_for(resource: str) -> type[Entity] | None:
    """The entity behind a resource's name."""
    return registry.get(resource)


def pointed_at(row: Any, relation: str) -> Any:
    """The row that ``relation`` of ``row`` points at as things stand now, also before ``row`` is stored.

    Rules ask this: a relationship attribute still holds the old row after its key was set, and nothing at all on a new
    row.
    """
    state = sa.inspect(row)
    if state.attrs[relation].history.has_changes():
        return getattr(row, relation)
    mapped = state.mapper.relationships[relation]
    key = getattr(row, state.mapper.get_property_by_column(next(iter(mapped.local_columns))).key)
    if key is None:
        return None
    session = object_session(row)
    return session.get(mapped.mapper.class_, key) if session is not None else getattr(row, relation)


def pointing_at(table: sa.Table) -> Iterator[tuple[sa.Column[Any], sa.ForeignKey]]:
    """Every column of any table that points at ``table``, with its key; who made and changed a row aside."""
    for other in Model.metadata.tables.values():
        for each in other.c:
            if each.name not in ("created_by_id", "changed_by_id"):
                yield from ((each, key) for key in each.foreign_keys if key.column.table is table)


def is_own_ancestor(row: Any) -> bool:
    """Whether following ``parent`` from ``row``, which is in a tree, leads back to it."""
    session, seen, above = object_session(row), set[int](), pointed_at(row, "parent")
    while above is not None and above.id not in seen:
        if above is row:
            return True
        seen.add(above.id)
        above = session.get(type(row), above.parent_id) if session is not None and above.parent_id else None
    return False


def name_constraints() -> None:
    """Give Flask-AppBuilder's own constraints names of our convention: they were made before it was set."""
    for table in Model.metadata.tables.values():
        if not table.name.startswith("ab_"):
            continue
        for constraint in table.constraints:
            if constraint.name is not None:
                continue
            columns = "_".join(column.name for column in constraint.columns)
            if isinstance(constraint, sa.PrimaryKeyConstraint):
                constraint.name = sa.sql.naming.conv(f"pk_{table.name}")
            elif isinstance(constraint, sa.UniqueConstraint):
                constraint.name = sa.sql.naming.conv(f"uq_{table.name}_{columns}")
            elif isinstance(constraint, sa.ForeignKeyConstraint):
                constraint.name = sa.sql.naming.conv(f"fk_{table.name}_{columns}_{constraint.referred_table.name}")


name_constraints()
