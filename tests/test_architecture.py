"""The layers: each module imports only from its own layer or an earlier one, and the pure ones need no proxy."""

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
BASE = ("verdicts", "options", "text", "static_frozen", "install_hints")
"""Single modules that every layer may import."""

LAYERS = (
    *("wire", "body", "turn", "repair", "diagnosis", "output", "state"),
    *("hooks", "report", "console", "telemetry", "addon"),
)
"""In the order of imports; `report` stands before `console`, whose commands make a report."""

PURE = ("wire", "body", "turn", "repair", "diagnosis", "output")
"""Layers that need no mitmproxy and touch no file."""

CLOCKS_AND_SYSTEM = {"time", "datetime", "socket", "asyncio", "random", "threading", "subprocess", "os"}
FILES = {"os", "io", "pathlib", "shutil", "tempfile"}
SHOWS_TIMES = {"journal", "terminal", "turn_page", "turn_summary"}
"""Modules of `output` that turn a given time into text."""


def modules(*layers: str) -> list[Path]:
    """Return the files of some layers."""
    return [file for layer in layers for file in sorted((FOLDER / layer).glob("[a-z]*.py"))]


def dotted(file: Path) -> str:
    """Return a file's module name."""
    return ".".join(("codexcache", *file.relative_to(FOLDER).with_suffix("").parts))


def imported_by(file: Path) -> set[str]:
    """Return the top-level names of all absolute imports in a file."""
    nodes = list(ast.walk(ast.parse(file.read_bytes())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names}


def other_layers_of(file: Path) -> set[str]:
    """Return the layers and base modules that a file in a folder imports from."""
    nodes = [node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.ImportFrom)]
    names = [node.module or alias.name for node in nodes if node.level == 2 for alias in node.names]
    return {name.partition(".")[0] for name in names}


def run_script(script: str) -> tuple[int, str, str]:
    """Run a script in a process of its own; return its status, output and errors."""
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent)}
    ended = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def test_the_pure_layers_are_imported_without_mitmproxy() -> None:
    pure = [f"codexcache.{name}" for name in BASE] + [dotted(file) for file in modules(*PURE)]
    script = f"import sys; sys.modules['mitmproxy'] = None; import {', '.join(pure)}"

    assert run_script(script) == (0, "", "")


def test_the_install_hints_need_nothing_that_could_be_missing() -> None:
    script = "import sys; sys.modules['orjson'] = sys.modules['mitmproxy'] = None; import codexcache.install_hints"

    assert run_script(script) == (0, "", "")


@pytest.mark.parametrize("file", modules(*PURE), ids=dotted)
def test_a_pure_module_reads_no_clock_reaches_nothing_and_touches_no_file(file: Path) -> None:
    unknown_to_it = FILES | (set() if file.stem in SHOWS_TIMES else CLOCKS_AND_SYSTEM)

    assert imported_by(file) & unknown_to_it == set()
    assert not re.search(r"\bopen\(", file.read_text())


@pytest.mark.parametrize("file", modules(*LAYERS), ids=dotted)
def test_a_module_imports_only_from_earlier_layers(file: Path) -> None:
    earlier = LAYERS[: LAYERS.index(file.parent.name)]

    assert other_layers_of(file) - {*BASE, "__version__", *earlier} == set()
    assert imported_by(file) & {ENTRY, "codexcache"} == set()


@pytest.mark.parametrize(
    "folder", [FOLDER, *sorted(path.parent for path in FOLDER.glob("*/__init__.py"))], ids=lambda folder: folder.name
)
def test_the_map_of_each_folder_names_each_of_its_modules_once(folder: Path) -> None:
    present = {
        entry.stem for entry in folder.iterdir() if entry.suffix in ("", ".py") and not entry.stem.startswith("_")
    }
    listed = re.findall(
        r"^\| `(\w+)`", ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or "", re.MULTILINE
    )

    assert sorted(listed) == sorted(present)
