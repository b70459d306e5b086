"""What is locked is what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from codex_setup.locks import EXTRAS, PYTHONS, RUN, TEST, advice, pins
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def asked_for(lock: Path) -> list[Requirement]:
    """Return what a lock has to hold."""
    extras = [PROJECT["optional-dependencies"][extra] for extra in EXTRAS[lock]]
    return [Requirement(line) for lines in (PROJECT["dependencies"], *extras) for line in lines]


def entries(lock: Path) -> list[str]:
    """Return the lines of a lock, continued ones put together, without comments."""
    lines = (ROOT / lock).read_text().replace("\\\n", "").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("lock", [TEST, RUN])
def test_each_dependency_is_locked_within_its_range(lock: Path) -> None:
    locked = pins(ROOT / lock)
    wrong = [each for each in asked_for(lock) if not each.specifier.contains(locked[canonicalize_name(each.name)])]

    assert wrong == []


@pytest.mark.parametrize("lock", [TEST, RUN])
def test_each_entry_is_one_version_and_the_hashes_of_its_files(lock: Path) -> None:
    """So neither an index nor an option of an installer has a place there, and nobody can put another file in."""
    entry = re.compile(r"[a-z0-9-]+==[\w.]+( ; [^;#\\]+?)?( +--hash=sha256:[0-9a-f]{64})+")

    assert [line for line in entries(lock) if not entry.fullmatch(line.rstrip())] == []
    assert len(entries(lock)) == len(pins(ROOT / lock)) > len(asked_for(lock))


@pytest.mark.parametrize("lock", [TEST, RUN])
def test_no_address_is_in_a_lock(lock: Path) -> None:
    assert re.findall(r"://|\bindex\b|find-links", (ROOT / lock).read_text()) == []


def test_the_proxy_that_is_tested_is_the_one_that_is_run() -> None:
    assert pins(ROOT / RUN).items() <= pins(ROOT / TEST).items()


def test_every_python_of_the_locks_is_one_that_the_project_takes() -> None:
    versions = [f"{major}.{minor}" for major, minor in PYTHONS]

    assert all(SpecifierSet(PROJECT["requires-python"]).contains(version) for version in versions)


def test_with_a_python_of_the_locks_the_advice_is_to_mend_what_was_said() -> None:
    assert advice((3, 13), "3.13.0") == "Mend that, then run scripts/setup again."


def test_with_another_python_the_advice_is_to_take_one_of_theirs() -> None:
    assert advice((3, 99), "3.99.1") == (
        "requirements/test.txt was made for Python 3.12 to 3.14, and this is 3.99.1: install one of those, then run "
        "scripts/setup again, or make the locks anew with scripts/lock --upgrade."
    )
