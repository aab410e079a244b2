"""The lists of packages: every one pinned, complete, and what is installed."""

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
# What an environment is made with.
ALWAYS = {"pip", "setuptools", "wheel"}


def pins(name: str) -> dict[str, Requirement]:
    lines = (ROOT / name).read_text().splitlines()
    listed = [Requirement(line) for line in lines if line and not line.startswith(("#", "-r "))]
    return {canonicalize_name(requirement.name): requirement for requirement in listed}


RUNTIME = pins("requirements.txt")
ALL = RUNTIME | pins("requirements-dev.txt")


@pytest.mark.parametrize("name", sorted(ALL))
def test_is_pinned_and_installed(name):
    assert re.fullmatch(r"==[^*]+", str(ALL[name].specifier))
    assert metadata.version(name) in ALL[name].specifier


@pytest.mark.parametrize(("listed", "name"), [(RUNTIME, "requirements.txt"), (ALL, "requirements-dev.txt")])
def test_lists_what_each_package_brings_along(listed, name):
    missing = set()
    for package, requirement in listed.items():
        for text in metadata.requires(package) or []:
            needed = Requirement(text)
            extras = requirement.extras or {""}
            if needed.marker and not any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                continue
            if canonicalize_name(needed.name) not in listed.keys() | ALWAYS:
                missing.add(f"{needed.name} (of {package})")
    assert not missing, f"{name} does not pin {', '.join(sorted(missing))}"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_names_no_place_to_download_from(name):
    assert not re.search(r"https?:|file:|--index|--extra-index|--find-links", (ROOT / name).read_text())


def test_nothing_is_listed_twice():
    assert not RUNTIME.keys() & pins("requirements-dev.txt").keys()
