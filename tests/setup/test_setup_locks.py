"""What is locked is what pyproject.toml asks for, with the hash of each file."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {"run": ("otel", "redis"), "test": ("otel", "redis", "dev")}
"""The parts of pyproject.toml that are in each file of requirements."""


def text(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def pins(name: str) -> dict[str, str]:
    """Return the version of each package in a file of requirements."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", text(name), re.MULTILINE))


@pytest.mark.parametrize("name", EXTRAS)
def test_each_dependency_is_locked_within_its_range(name: str) -> None:
    lines = [*PROJECT["dependencies"], *(line for e in EXTRAS[name] for line in PROJECT["optional-dependencies"][e])]
    locked = pins(name)

    assert [
        each for each in map(Requirement, lines) if not each.specifier.contains(locked[canonicalize_name(each.name)])
    ] == []


@pytest.mark.parametrize("name", EXTRAS)
def test_each_entry_is_one_version_and_the_hashes_of_its_files(name: str) -> None:
    """It names neither an index nor an option of an installer, and no other file can be put in its place."""
    entry = re.compile(r"[a-z0-9-]+==[\w.]+( ; [^;#\\]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    lines = [line for line in text(name).replace("\\\n", "").splitlines() if not line.lstrip().startswith("#")]

    assert [line for line in lines if not entry.fullmatch(line.rstrip())] == []
    assert len(lines) == len(pins(name))
    assert "://" not in text(name)


def test_the_proxy_that_is_tested_is_the_one_that_is_run() -> None:
    assert pins("run").items() <= pins("test").items()
