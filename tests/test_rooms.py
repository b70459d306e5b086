"""How the rooms lie: the pure ones need no proxy, no clock and no network."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import codexcache
import pytest

FOLDER = Path(codexcache.__file__).parent
ENTRY = "codex_continuity"
PURE = (
    *sorted(
        f"{package}.{file.stem}"
        for package in ("wire", "turns", "causes")
        for file in (FOLDER / package).glob("[a-z]*.py")
    ),
    "settings",
    "verdicts",
    "phrases",
    "visible",
    "installing",
    "proxy.guard",
    "telemetry.vocabulary",
    "words.advice",
    "words.comparing",
    "words.difference",
    "words.excerpt",
    "words.fingerprint",
    "words.layout",
    "words.overview",
    "words.signature",
    "words.status",
)
OUTER_WORLD = {"time", "datetime", "socket", "asyncio", "random", "threading", "subprocess", "os"}


def imported_by(file: Path) -> set[str]:
    """Return the first parts of the names of all modules that a file imports."""
    nodes = list(ast.walk(ast.parse(file.read_bytes())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names}


def told_by(script: str) -> tuple[int, str, str]:
    """Run a script in a process of its own; return its status and what it says."""
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent)}
    found = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    return found.returncode, found.stdout, found.stderr


def test_the_pure_rooms_are_imported_without_mitmproxy() -> None:
    script = f"import sys; sys.modules['mitmproxy'] = None; import codexcache.{', codexcache.'.join(PURE)}"

    assert told_by(script) == (0, "", "")


def test_what_says_how_to_install_needs_nothing_that_could_be_missing() -> None:
    script = "import sys; sys.modules['orjson'] = sys.modules['mitmproxy'] = None; import codexcache.installing"

    assert told_by(script) == (0, "", "")


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_reads_no_clock_and_reaches_nothing(room: str) -> None:
    assert imported_by(FOLDER / f"{room.replace('.', '/')}.py") & OUTER_WORLD == set()


@pytest.mark.parametrize("file", sorted(FOLDER.rglob("*.py")), ids=lambda file: file.stem)
def test_no_room_imports_the_entry_file(file: Path) -> None:
    assert ENTRY not in imported_by(file)


@pytest.mark.parametrize(
    "folder", [FOLDER, *sorted(path.parent for path in FOLDER.glob("*/__init__.py"))], ids=lambda folder: folder.name
)
def test_the_map_of_each_folder_names_each_of_its_rooms_once(folder: Path) -> None:
    rooms = {entry.stem for entry in folder.iterdir() if entry.suffix in ("", ".py") and not entry.stem.startswith("_")}
    named = re.findall(
        r"^\| `(\w+)`", ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or "", re.MULTILINE
    )

    assert sorted(named) == sorted(rooms)


@pytest.mark.parametrize(
    "file",
    [file for package in ("wire", "turns", "causes", "words") for file in sorted((FOLDER / package).glob("*.py"))],
    ids=lambda file: f"{file.parent.name}.{file.stem}",
)
def test_no_room_before_the_hooks_touches_a_file(file: Path) -> None:
    assert imported_by(file) & {"os", "io", "pathlib", "shutil", "tempfile"} == set()
    assert not re.search(r"\bopen\(", file.read_text())


DOWNWARD = ("wire", "turns", "causes", "words")


@pytest.mark.parametrize("package", DOWNWARD)
def test_a_room_stands_only_on_those_that_a_turn_has_walked_through_before(package: str) -> None:
    later = {*DOWNWARD[DOWNWARD.index(package) + 1 :], "proxy", "console", "telemetry", "report", "addon"}
    above = {
        name
        for file in (FOLDER / package).glob("*.py")
        for name in re.findall(r"^from \.\.(\w+)", file.read_text(), re.MULTILINE)
    }

    assert above & later == set()


@pytest.mark.parametrize(("package", "above"), [("wire", ("turns", "causes", "words")), ("turns", ("causes", "words"))])
def test_no_room_on_the_way_brings_in_a_later_one(package: str, above: tuple[str, ...]) -> None:
    """Nor does what it imports, however far."""
    rooms = [f"codexcache.{package}.{file.stem}" for file in (FOLDER / package).glob("[a-z]*.py")]
    later = tuple(f"codexcache.{name}" for name in above)
    script = f"import sys, {', '.join(rooms)}; print([name for name in sys.modules if name.startswith({later})])"

    assert told_by(script) == (0, "[]\n", "")
