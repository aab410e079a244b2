"""The pages of an import and its files, as routes of an entity; what they show is ``import_page``'s and ``importing``'s."""

from __future__ import annotations

from typing import Any

from flask_appbuilder import expose
from flask_appbuilder.security.decorators import permission_name
from werkzeug.wrappers import Response

from app.core.web import import_page, importing, reach
from app.core.web.view import EntityView


class ImportPages:
    """A part of ``EntityPages``."""

    view: type[EntityView]

    @expose("/import", methods=("GET", "POST"))
    @permission_name("import")
    def import_(self) -> Any:
        """Upload, map and preview, then write: see ``core.web.import_page``."""
        reach.enter(self.view, "import")
        return import_page.respond(self.view)

    @expose("/import/run/<int:run>")
    @permission_name("import")
    def import_run(self, run: int) -> str:
        """How far an import is, or what came of it."""
        reach.enter(self.view, "import")
        return import_page.run_page(self.view, run)

    @expose("/import/template")
    @permission_name("import")
    def import_template(self) -> Response:
        """An empty file with the right headers."""
        reach.enter(self.view, "import")
        return importing.template(self.view)

    @expose("/import/errors/<int:run>")
    @permission_name("import")
    def import_errors(self, run: int) -> Response:
        """The rows of a run that failed, with the reason in a last column."""
        reach.enter(self.view, "import")
        return importing.error_file(self.view, run)
