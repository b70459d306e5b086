"""`scripts/run`: what it starts, with which words."""

import shutil
import subprocess
from pathlib import Path

import pytest
from support.launched import SCRIPTS


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone that is set up with programs that say how they were called."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(SCRIPTS / "run", tmp_path / "scripts")
    for name in ("scripts/setup", ".venv/bin/python", ".venv/bin/mitmdump", ".venv/bin/mitmweb"):
        says = "" if name.endswith("setup") else 'echo "${0##*/}"; printf "[%s]\\n" "$@"'
        (tmp_path / name).write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def called(clone: Path, *words: str) -> list[str]:
    command = [str(clone / "scripts" / "run"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_command_is_run_by_the_launcher(clone: Path) -> None:
    """With each word as it was given, and none of the user's Python settings."""
    assert called(clone, "--port", "1", "--", "pi", "a b", "") == [
        "python",
        "[-I]",
        f"[{clone}/scripts/codex_run]",
        "[--port]",
        "[1]",
        "[--]",
        "[pi]",
        "[a b]",
        "[]",
    ]


@pytest.mark.parametrize(
    ("words", "program"), [([], "mitmdump"), (["-w", "a--b"], "mitmdump"), (["mitmweb"], "mitmweb")]
)
def test_without_a_command_it_is_the_plain_proxy(clone: Path, words: list[str], program: str) -> None:
    assert called(clone, *words)[:4] == [program, "[-s]", f"[{clone}/addons/codex_continuity.py]", "[--listen-host]"]
