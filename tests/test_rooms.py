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
    "fields",
    "coding",
    "document",
    "caller",
    "values",
    "items",
    "turn",
    "memory",
    "keys",
    "envelope",
    "eventstream",
    "outcome",
    "refusal",
    "tap",
    "continuity",
    "sockets",
    "settings",
    "routes",
    "guard",
    "installing",
    "telemetry",
    "excerpt",
    "signature",
    "advice",
    "comparing",
    "overview",
    "status",
    "bodies",
    "prompt",
    "columns",
    "record",
    "history",
    "predecessor",
    "changes",
    "names",
    "case",
    "checks",
    "verdict",
    "explain",
    "desk",
    "finding",
    "visible",
)
OUTER_WORLD = {"time", "datetime", "socket", "asyncio", "random", "threading", "subprocess", "os"}


def imported_by(file: Path) -> set[str]:
    """Return the first parts of the names of all modules that a file imports."""
    nodes = list(ast.walk(ast.parse(file.read_bytes())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names}


def test_the_pure_rooms_are_imported_without_mitmproxy() -> None:
    script = f"import sys; sys.modules['mitmproxy'] = None; from codexcache import {', '.join(PURE)}"
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent)}
    found = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)

    assert (found.returncode, found.stderr.decode()) == (0, "")


def test_what_says_how_to_install_needs_nothing_that_could_be_missing() -> None:
    script = "import sys; sys.modules['orjson'] = sys.modules['mitmproxy'] = None; import codexcache.installing"
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent)}
    found = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)

    assert (found.returncode, found.stderr.decode()) == (0, "")


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_reads_no_clock_and_reaches_nothing(room: str) -> None:
    assert imported_by(FOLDER / f"{room}.py") & OUTER_WORLD == set()


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_no_room_imports_the_entry_file(file: Path) -> None:
    assert ENTRY not in imported_by(file)


def test_the_map_of_the_rooms_names_each_of_them_once() -> None:
    rooms = {entry.stem for entry in FOLDER.iterdir() if not entry.stem.startswith("_")}
    named = re.findall(r"^\| `(\w+)`", codexcache.__doc__ or "", re.MULTILINE)

    assert sorted(named) == sorted(rooms)
