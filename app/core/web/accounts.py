"""Users, roles and groups over the API, as Flask-AppBuilder gives them, under our own rules: the edge commits, a refusal
is told as any other, every write answers with its row.
"""

from __future__ import annotations

from typing import Any

from flask import g
from flask_appbuilder.exceptions import PasswordComplexityValidationError
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import protect
from flask_appbuilder.security.sqla.apis import GroupApi, RoleApi, UserApi
from flask_appbuilder.security.sqla.models import Group, Role, User
from sqlalchemy.exc import IntegrityError

from app.core import crud, db
from app.core.errors import BusinessError
from app.core.users import password_fault


def is_key(id: Any) -> bool:
    """Whether ``id`` is a number that a row can have."""
    text = str(id)
    return text.isdecimal() and len(text) < 11 and 0 < int(text) < 2**31


class FlushingInterface(SQLAInterface):
    """Flask-AppBuilder's data interface without its commits: the edge commits.

    What is refused is kept for the edge, which tells it: Flask-AppBuilder makes a bare 500 of it.
    """

    def _flush(self) -> bool:
        try:
            self.session.flush()
        except BusinessError as error:
            g.refusal = error
            raise
        except IntegrityError as error:
            g.refusal = crud.in_words(error)
            raise
        return True

    def get(self, id: Any, *args: Any, **kwargs: Any) -> Any:
        """The row, or None, also where ``id`` is no number that a row can have."""
        return super().get(id, *args, **kwargs) if is_key(id) else None

    def add(self, item: Any, raise_exception: bool = False) -> bool:
        self.session.add(item)
        return self._flush()

    def edit(self, item: Any, raise_exception: bool = False) -> bool:
        self.session.add(item)
        return self._flush()

    def delete(self, item: Any, raise_exception: bool = False) -> bool:
        self.session.delete(item)
        return self._flush()


def require_good_password(password: str) -> None:
    """What Flask-AppBuilder's users API asks of a new password: what our pages ask."""
    if fault := password_fault(password):
        raise PasswordComplexityValidationError(fault)


class _Writing:
    """What the three have in common: refusals, answers with the row, and deleting by our own rules."""

    model: type[Any]
    shown: tuple[str, ...]

    def post(self) -> Any:
        with db.session.no_autoflush:
            return self._answer(super().post())  # type: ignore[misc]

    def put(self, pk: Any) -> Any:
        if self._find(pk) is None:
            return self.response_404()  # type: ignore[attr-defined]
        # The users API sets the password as typed and looks up roles before it hashes: nothing may be flushed between.
        with db.session.no_autoflush:
            return self._answer(super().put(pk), int(pk))  # type: ignore[misc]

    @protect()
    def delete(self, pk: Any) -> Any:
        row = self._find(pk)
        if row is None:
            return self.response_404()  # type: ignore[attr-defined]
        result = self._row(row)
        crud.delete(row)  # refuses, in words, one that other rows name
        return self.response(200, id=int(pk), result=result, message="OK")  # type: ignore[attr-defined]

    def _find(self, pk: Any) -> Any:
        return db.session.get(self.model, int(pk)) if is_key(pk) else None

    def _answer(self, response: Any, pk: int | None = None) -> Any:
        if response.status_code >= 400:
            return response
        key = pk or response.get_json().get("id")
        return self.response(response.status_code, id=key, result=self._row(self._find(key)))  # type: ignore[attr-defined]

    def _row(self, row: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"id": row.id}
        for name in self.shown:
            value = getattr(row, name)
            if isinstance(value, list):
                value = [{"id": each.id, "name": getattr(each, "name", None) or str(each)} for each in value]
            found[name] = value
        return found


class KehuUserApi(_Writing, UserApi):
    """Users; a password never reaches the database in the clear."""

    model = User
    shown = ("username", "first_name", "last_name", "email", "active", "roles")
    datamodel = FlushingInterface(User)
    search_exclude_columns = ["password", "search_text"]


class KehuRoleApi(_Writing, RoleApi):
    """Roles."""

    model = Role
    shown = ("name",)
    datamodel = FlushingInterface(Role)


class KehuGroupApi(_Writing, GroupApi):
    """Groups of users, who have the group's roles."""

    model = Group
    shown = ("name", "label", "description", "roles", "users")
    datamodel = FlushingInterface(Group)


def _take_the_place(ours: type[Any], theirs: type[Any]) -> None:
    """The routes and permissions hang on Flask-AppBuilder's functions: give ours theirs."""
    for name in ("post", "put", "delete"):
        original = getattr(theirs, name)

        def method(self: Any, *args: Any, _name: str = name, **kwargs: Any) -> Any:
            return getattr(_Writing, _name)(self, *args, **kwargs)

        method.__name__, method.__doc__ = name, original.__doc__
        for mark in ("_urls", "_permission_name"):
            setattr(method, mark, getattr(original, mark))
        setattr(ours, name, method)


for _ours, _theirs in ((KehuUserApi, UserApi), (KehuRoleApi, RoleApi), (KehuGroupApi, GroupApi)):
    _take_the_place(_ours, _theirs)
