"""A new entity, begun: `python -m tools.new_entity price-levels --domain sales --label "Price level"`.

Writes the model and the view into the domain's package (made if it is new) and their lines into the two indexes, in the
form that docs/adding-an-entity.md explains. What the entity is about is then yours to write; the migration and the
translations are made by `make migration` and `make catalogue`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

MODEL = '''

class {name}(Entity):
    """{label}: say here in a sentence what it is to the company."""

    __tablename__ = "{table}"
    resource = "{resource}"
    label, labels = _l("{label}"), _l("{labels}")
    keys = ("name",)
    synonyms = {{"name": ("{label}",)}}

    name: Mapped[Name] = column(_l("Name"), unique=True)
    active: Mapped[Flag] = column(_l("Active"), default=True)
    note: Mapped[Note | None] = column(_l("Note"))
'''
MODEL_IMPORTS = """\
from sqlalchemy.orm import Mapped
from app.core.entity import Entity, column
from app.core.i18n import lazy_gettext as _l
from app.core.types import Flag, Name, Note
"""
VIEW = """

class {name}View(EntityView, model={name}):
    icon = "box"
    columns = ("name", "active")
    sort = "name"
    empty = _l("Nothing here yet. Add the first, or import a list.")
"""
VIEW_IMPORTS = """\
from app.core.i18n import lazy_gettext as _l
from app.core.web.view import EntityView
from app.domains.{domain}.models import {name}
"""
HEAD = '"""{text}"""\n\nfrom __future__ import annotations\n'


class Refused(Exception):
    """What was asked can't be done; the text says why."""


@dataclass(frozen=True)
class Asked:
    """An entity to begin: its resource («price-levels»), its domain («sales»), and its name for people, one and many."""

    resource: str
    domain: str
    label: str
    labels: str

    @property
    def name(self) -> str:
        """The class's name: «PriceLevel»."""
        words = self.resource.split("-")
        return "".join(word.capitalize() for word in [*words[:-1], singular(words[-1])])

    @property
    def table(self) -> str:
        """The table's name: «price_levels»."""
        return self.resource.replace("-", "_")


def singular(word: str) -> str:
    """«categories» → «category», «boxes» → «box», «levels» → «level»."""
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if re.search("(s|x|z|ch|sh)es$", word):
        return word[:-2]
    return word.removesuffix("s")


def begin(asked: Asked, root: Path = ROOT) -> list[Path]:
    """Write the entity; the files that were written. Raises Refused, and then nothing is written."""
    folder = root / "app" / "domains" / asked.domain
    if not re.fullmatch("[a-z]+(-[a-z]+)*s", asked.resource):
        raise Refused(f"“{asked.resource}”: a resource is a plural in small letters, such as price-levels.")
    if not re.fullmatch("[a-z]+", asked.domain):
        raise Refused(f"“{asked.domain}”: a domain is one word in small letters.")
    for models in [*(root / "app").glob("**/models.py"), *(root / "app").glob("**/models/*.py")]:
        text = models.read_text(encoding="utf-8")
        if f'resource = "{asked.resource}"' in text or f"class {asked.name}(" in text:
            raise Refused(f"There is “{asked.resource}” or {asked.name} already, in {models.relative_to(root)}.")
    is_new = not folder.exists()
    written = []
    if is_new:
        folder.mkdir()
        written.append(_write(folder / "__init__.py", f'"""{asked.domain.capitalize()}."""\n'))
    about = {
        "name": asked.name,
        "table": asked.table,
        "resource": asked.resource,
        "label": asked.label,
        "labels": asked.labels,
        "domain": asked.domain,
    }
    models, module = _place(folder, asked)
    written.append(_add(models, MODEL_IMPORTS, MODEL.format(**about), asked.domain))
    if models.parent != folder:
        line = f"from {module} import {asked.name} as {asked.name}\n"
        package = models.parent / "__init__.py"
        written.append(_write(package, package.read_text(encoding="utf-8") + line))
    written.append(_add(folder / "views.py", VIEW_IMPORTS.format(**about), VIEW.format(**about), asked.domain))
    written.append(_index(root / "app" / "models.py", module))
    written.append(_map(root / "app" / "views.py", asked))
    if is_new:
        written.append(_layer(root / "pyproject.toml", asked.domain))
    code = [str(path) for path in written if path.suffix == ".py"]
    subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", "--fix", *code], cwd=root, check=False)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", *code], cwd=root, check=True)
    return written


def _add(path: Path, imports: str, block: str, domain: str) -> Path:
    """Put ``block`` at the end of a module; ruff brings the imports into one."""
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD.format(text=f"{domain.capitalize()}.")
    mark = "from __future__ import annotations\n"
    return _write(path, text.replace(mark, f"{mark}\n{imports}", 1).rstrip("\n") + "\n" + block)


def _place(folder: Path, asked: Asked) -> tuple[Path, str]:
    """Where the model goes, and what that module is called: among the domain's models, or beside them in their package."""
    if (folder / "models").is_dir():
        return folder / "models" / f"{asked.table}.py", f"app.domains.{asked.domain}.models.{asked.table}"
    return folder / "models.py", f"app.domains.{asked.domain}.models"


def _index(path: Path, module: str) -> Path:
    line = f"import {module}\n"
    text = path.read_text(encoding="utf-8")
    return _write(
        path, text if line in text else text.replace("import app.jobs.models\n", f"{line}import app.jobs.models\n")
    )


def _map(path: Path, asked: Asked) -> Path:
    """Put the view at the end of its domain's section, or a new section before the last one."""
    text = path.read_text(encoding="utf-8")
    imported = f"from app.domains.{asked.domain}.views import {asked.name}View\n"
    text = text.replace("\nCONSOLE = (", f"{imported}\nCONSOLE = (", 1)
    section = re.search(rf'MapSection\(\s*"{asked.domain}"', text)
    if section is None:
        last = re.search(r'    MapSection\(\s*"system"', text)
        if last is None:
            raise RuntimeError("app/views.py has no section “system” to put a new one before")
        new = f'    MapSection("{asked.domain}", _l("{asked.domain.capitalize()}"), "box", ({asked.name}View,)),\n'
        return _write(path, text[: last.start()] + new + text[last.start() :])
    end = _end_of_views(text, section.start())
    return _write(path, text[:end].rstrip().removesuffix(",") + f", {asked.name}View," + text[end:])


def _end_of_views(text: str, section: int) -> int:
    """Where the tuple of a section's views is closed: the first tuple among what the section is made of."""
    depth = 0
    for index in range(text.index("(", section), len(text)):
        if text[index] == "(":
            depth += 1
            # What a name stands before is a call: the section's label.
            if depth == 2 and text[:index].rstrip().endswith(","):
                return text.index(")", index)
        elif text[index] == ")":
            depth -= 1
            if depth == 0:
                break
    raise RuntimeError("app/views.py is not as expected")


def _layer(path: Path, domain: str) -> Path:
    """Give a domain that the layers do not know its place: above stock, so that it may use stock and all below it."""
    text = path.read_text(encoding="utf-8")
    if f"(app.domains.{domain})" in text:
        return path
    line = '    "(app.domains.stock)",\n'
    return _write(path, text.replace(line, f'    "(app.domains.{domain})",\n{line}', 1))


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.new_entity")
    parser.add_argument("resource", help="its name in addresses, a plural: price-levels")
    parser.add_argument("--domain", required=True, help="the package it belongs to: sales")
    parser.add_argument("--label", help="what people call one of it (from the resource)")
    parser.add_argument("--labels", help="what they call many")
    given = parser.parse_args(arguments)
    words = given.resource.split("-")
    label = given.label or " ".join([*words[:-1], singular(words[-1])]).capitalize()
    asked = Asked(given.resource, given.domain, label, given.labels or " ".join(words).capitalize())
    try:
        written = begin(asked)
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    for path in written:
        print(f"  {path.relative_to(ROOT)}")
    print(f'Next: write what it is about, then  make migration NAME="{" ".join(words)}"  and  make catalogue.')
    return 0


if __name__ == "__main__":
    sys.exit(main())
