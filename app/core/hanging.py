"""What hangs on a document: those that refer to it, by themselves or by their lines, to every level; and a cancel of it
all.

A document can't be cancelled while others that are in force refer to it.  ``tree`` finds them by the metadata's foreign
keys (whoever may see them: those that are not the actor's to see are counted, never named), says what each has posted,
and what stands in the way.  ``take_along`` cancels them, leaves first, in the transaction of the document's own cancel:
all or nothing, each with its own line in the history.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.core import db, identity, scope
from app.core.document import Document, line_model, take
from app.core.entity import registry
from app.core.errors import BusinessError, Conflict, Invalid, about
from app.core.i18n import gettext as _
from app.core.i18n import listed
from app.core.workflow import CANCEL

MOST = 500  # documents that are cancelled at once
NAMED = 10  # of them in a message
OWNER = "document_id"  # the column by which a line belongs to its document
ALL = "all"  # what «with» says to cancel what hangs on a document as well

Key = tuple[str, int]
"""A document: its resource and id."""

POSTED: dict[str, tuple[Any, Callable[[sa.Connection, Sequence[Key]], Mapping[Key, int]]]] = {}
"""The books, each with what its entries are called and how many of them, not reversed yet, some documents posted."""


@dataclass
class Node:
    """A document of the tree.  ``via`` is the field by which it hangs on the one above; ``entries`` (label, how many) is
    what it posted; ``obstacles`` say why the actor can't cancel it; ``again``: it stands at another place as well, and
    what hangs on it there.
    """

    document: Document
    via: str = ""
    entries: list[tuple[str, int]] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    again: bool = False

    @property
    def key(self) -> Key:
        """The document's resource and id."""
        return type(self.document).resource, self.document.id


@dataclass
class Tree:
    """What hangs on ``root``'s document.  ``order`` is the order in which all of it is cancelled, the root last;
    ``hidden`` is how many more there are that are not the actor's to see.
    """

    root: Node
    order: list[Node]
    hidden: int = 0
    too_many: bool = False

    @property
    def obstacles(self) -> list[tuple[Node | None, str]]:
        """What makes it impossible: of a document, or (None) of the whole."""
        found: list[tuple[Node | None, str]] = [(node, text) for node in self.order for text in node.obstacles]
        if self.hidden:
            found.append((None, hidden_text(self.hidden)))
        if self.too_many:
            found.append((None, _("More than %(count)s documents hang on it.", count=MOST)))
        return found

    @property
    def seen(self) -> str:
        """A digest of what would be cancelled, and of the versions: it changes when anything of that does."""
        parts = [f"{node.key[0]}/{node.key[1]}:{node.document.version}" for node in self.order]
        return hashlib.sha256(f"{parts} {self.hidden}".encode()).hexdigest()[:32]


def hidden_text(count: int) -> str:
    """What is said of documents that are not the actor's to see."""
    if count == 1:
        return _("A document that is not yours to see hangs on it. Ask your manager.")
    return _("%(count)s documents that are not yours to see hang on it. Ask your manager.", count=count)


@dataclass(frozen=True)
class _Reference:
    """A column by which documents of ``child`` hang on those of ``parent``; either end may be a line."""

    parent: type[Document]
    child: type[Document]
    column: sa.Column[Any]
    by_line: bool
    to_line: bool

    @property
    def label(self) -> str:
        return str(self.column.info.get("label") or self.column.name)

    def edges(self, number: int, ids: Sequence[int]) -> sa.Select[Any]:
        """(number, parent's id, child's id, child's state) of the documents that hang on ``ids``."""
        child, source = self.child.__table__, self.column.table
        parent_id: Any = self.column
        joined: Any = source.join(child, child.c.id == source.c.document_id) if self.by_line else child
        if self.to_line:
            line = line_model(self.parent).__table__.alias("parent_line")  # type: ignore[union-attr]
            joined = joined.join(line, line.c.id == self.column)
            parent_id = line.c.document_id
        statement = sa.select(sa.literal(number).label("number"), parent_id.label("parent"), child.c.id, child.c.state)
        return statement.select_from(joined).where(parent_id.in_(ids)).distinct()


def references(model: type[Document]) -> list[_Reference]:
    """The columns by which documents may hang on those of ``model``."""
    line = line_model(model)
    own = {model.__table__: False} | ({line.__table__: True} if line is not None else {})
    found = []
    for child in documents():
        child_line = line_model(child)
        for kind in (child, child_line):
            for column in kind.__table__.c if kind is not None else ():
                targets = [key.column.table for key in column.foreign_keys if key.column.table in own]
                if targets and column.info.get("hangs", True) and not (kind is child_line and column.name == OWNER):
                    found.append(_Reference(model, child, column, kind is child_line, own[targets[0]]))
    return found


def documents() -> list[type[Document]]:
    """Every kind of document, by resource."""
    return [registry[name] for name in sorted(registry) if issubclass(registry[name], Document)]


def tree(document: Document, *, lock: bool = False, told: bool = True) -> Tree:
    """What hangs on ``document``, which the actor sees; when ``told`` with what each posted, and what is in the way of
    cancelling it.

    With ``lock`` each document found is kept from others until the transaction ends.  A statement a level, a few for
    each kind of document.
    """
    start: Key = (type(document).resource, document.id)
    rows: dict[Key, Document] = {start: document}
    below: dict[Key, list[tuple[Key, str]]] = {}
    hidden: set[Key] = set()
    level, too_many = [start], False
    while level and not too_many:
        edges = list(_edges(level))
        new = {child for _parent, child, _via in edges} - set(rows) - hidden
        if too_many := len(rows) + len(new) > MOST:
            new = set(sorted(new)[:MOST])
        rows |= _visible(new, lock)
        hidden |= new - set(rows)
        for parent, child, via in edges:
            below.setdefault(parent, []).append((child, via))
        level = sorted(new - hidden)
    nodes = {key: Node(row) for key, row in rows.items()}
    order = [nodes[key] for key in _leaves_first(start, below, set(rows))]
    if told:
        _judge(order)
        _count_entries(nodes)
    placed: set[Key] = set()
    return Tree(_grown(start, "", nodes, below, placed), order, len(hidden), too_many)


def refuse_while_hanging(found: Tree) -> None:
    """Raises Conflict, naming what hangs, unless nothing does."""
    others = [node for node in found.order if node is not found.order[-1]]
    if not others and not found.hidden:
        return
    names = [str(node.document) for node in others[:NAMED]]
    if len(others) > NAMED:
        names.append("…")
    if found.hidden:
        names.append(_("%(count)s that are not yours to see", count=found.hidden))
    refusal = Conflict(
        _(
            "%(document)s can't be cancelled alone, others hang on it: %(names)s. "
            "Look at them, and cancel all of it together.",
            document=found.root.document,
            names=listed(names),
        )
    )
    refusal.more = {
        "hanging": [
            {"resource": node.key[0], "id": node.key[1], "label": str(node.document), "state": node.document.state}
            for node in others
        ],
        "hidden": found.hidden,
    }
    raise refusal


def take_along(document: Document, data: Mapping[str, Any]) -> dict[str, Any]:
    """Cancel what hangs on ``document``, which is about to be cancelled; ``data`` without what concerns that.

    ``with`` is «all» to cancel it too, leaves first, each with the comment given; without it Conflict is raised when
    anything hangs.  ``seen`` is the digest of what was shown (``Tree.seen``): Conflict when it has changed since.
    Raises Conflict for what is in the way, and what any of the cancels raises.
    """
    rest = dict(data)
    wanted, seen = rest.pop("with", None), rest.pop("seen", None)
    if wanted not in (None, "", ALL):
        raise Invalid({"with": [_("Only “all” can be cancelled with it.")]})
    found = tree(document, lock=True, told=wanted == ALL)
    if wanted != ALL:
        refuse_while_hanging(found)
        return rest
    if seen and seen != found.seen:
        raise Conflict(
            _(
                "What hangs on %(document)s has changed meanwhile. Look at it again before you cancel.",
                document=document,
            )
        )
    in_the_way = [
        about(str(node.document) if node is not None and node.document is not document else "", text)
        for node, text in found.obstacles
        if node is None or node.document is not document
    ]
    if in_the_way:
        raise Conflict(" ".join(in_the_way))
    comment = str(rest.get("comment") or "").strip() or _("Cancelled together with %(document)s", document=document)
    for node in found.order[:-1]:
        try:
            take(node.document, CANCEL, {"comment": comment})
        except BusinessError as error:
            raise Conflict(about(str(node.document), error.words)) from error
    return rest


def obstacle(document: Document, *, writable: bool) -> str:
    """Why the actor can't cancel ``document`` as it stands, apart from what hangs on it; empty when nothing is known to
    be in the way.
    """
    model = type(document)
    step = model.workflow.find(CANCEL)
    state = str(model.workflow.states.get(document.state, document.state)).lower()
    if step is None:
        return _("There is no way to cancel a document of this kind.")
    if not identity.require().may(step.permission, model.permission_key()):
        return _("Your role may not cancel it.")
    if not writable or (step.allowed is not None and not step.allowed(document)):
        return _("It is somebody else's to cancel.")
    if document.state not in step.sources:
        if document.is_editable:
            return _("It is still being written (%(state)s): delete it, or finish it first.", state=state)
        return _("It is %(state)s, and can't be cancelled from there.", state=state)
    return ""


def _edges(level: Sequence[Key]) -> Iterator[tuple[Key, Key, str]]:
    """(parent, child, by which field) of the documents in force that hang on those of ``level``.  One statement."""
    ids: dict[str, list[int]] = {}
    for resource, pk in level:
        ids.setdefault(resource, []).append(pk)
    asked = [each for resource in sorted(ids) for each in references(registry[resource])]
    if not asked:
        return
    statement = sa.union_all(*(each.edges(number, ids[each.parent.resource]) for number, each in enumerate(asked)))
    for number, parent, child, state in db.session.connection().execute(statement):
        reference = asked[number]
        if reference.child.workflow.is_in_force(state) and (reference.parent, parent) != (reference.child, child):
            yield (reference.parent.resource, parent), (reference.child.resource, child), reference.label


def _visible(keys: set[Key], lock: bool) -> dict[Key, Document]:
    """Those of ``keys`` that the actor sees, with their rows."""
    found: dict[Key, Document] = {}
    for resource in sorted({resource for resource, _pk in keys}):
        model = registry[resource]
        ids = [pk for each, pk in keys if each == resource]
        statement = sa.select(model).where(model.id.in_(ids)).order_by(model.id)
        if lock:
            statement = db.locked(statement, model)
        found |= {(resource, row.id): row for row in db.session.scalars(statement).unique()}
    return found


def _leaves_first(start: Key, below: Mapping[Key, list[tuple[Key, str]]], known: set[Key]) -> list[Key]:
    """The documents in the order of cancelling: each after all that hang on it, the latest of several first."""
    done: dict[Key, None] = {}
    met = {start}
    waiting: list[tuple[Key, Iterator[Key]]] = [(start, iter(_sorted(below.get(start, ()))))]
    while waiting:
        key, children = waiting[-1]
        child = next((each for each in children if each in known and each not in met), None)
        if child is None:
            done[key] = None
            waiting.pop()
        else:
            met.add(child)
            waiting.append((child, iter(_sorted(below.get(child, ())))))
    return list(done)


def _sorted(edges: Sequence[tuple[Key, str]]) -> list[Key]:
    return sorted(dict.fromkeys(child for child, _via in edges), key=lambda key: (key[0], -key[1]))


def _grown(
    key: Key, via: str, nodes: Mapping[Key, Node], below: Mapping[Key, list[tuple[Key, str]]], placed: set[Key]
) -> Node:
    node = nodes[key]
    placed.add(key)
    node.via = node.via or via
    vias: dict[Key, list[str]] = {}
    for child, label in below.get(key, ()):
        vias.setdefault(child, []).append(label)
    for child in _sorted(below.get(key, ())):
        if child not in nodes:
            continue
        label = ", ".join(dict.fromkeys(vias[child]))
        if child in placed:
            node.children.append(Node(nodes[child].document, label, again=True))
        else:
            node.children.append(_grown(child, label, nodes, below, placed))
    return node


def _judge(order: Sequence[Node]) -> None:
    """Say of each document what is in the way of cancelling it."""
    actor = identity.require()
    ids: dict[type[Any], list[int]] = {}
    for node in order:
        ids.setdefault(type(node.document), []).append(node.document.id)
    connection = db.session.connection()
    writable = {
        model: set(keys)
        if actor.unlimited or model.scope.everyone
        else scope.visible_ids(connection, model, keys, actor, write=True)
        for model, keys in ids.items()
    }
    for node in order:
        text = obstacle(node.document, writable=node.document.id in writable[type(node.document)])
        node.obstacles = [text] if text else []


def _count_entries(nodes: Mapping[Key, Node]) -> None:
    connection = db.session.connection()
    for label, count in POSTED.values():
        for key, number in count(connection, list(nodes)).items():
            nodes[key].entries.append((str(label), number))
