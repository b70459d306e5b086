"""`scripts/run`: all that it is given goes to the launcher."""

import shutil
import subprocess
from pathlib import Path

import pytest
from support.launched import SCRIPTS


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone that is set up with a Python that says how it was called."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(SCRIPTS / "run", tmp_path / "scripts")
    for name, says in {"scripts/setup": "", ".venv/bin/python": 'echo "${0##*/}"; printf "[%s]\\n" "$@"'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("words", [["--port", "1", "--", "pi", "a b", ""], ["mitmweb", "-w", "a--b"], ["--help"]])
def test_each_word_goes_on_as_it_was_given(clone: Path, words: list[str]) -> None:
    """With none of the user's Python settings."""
    command = [str(clone / "scripts" / "run"), *words]
    called = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert called == ["python", "[-I]", f"[{clone}/scripts/codex_run]", *(f"[{word}]" for word in words)]
