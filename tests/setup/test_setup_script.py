"""`scripts/setup` and `scripts/lock` with a uv, a Python and a pip that only record how they were called."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATHS = {"PATH": "bin", "CALLS": "calls", "UV_DOES": "uv-does", "PIP_DOES": "pip-does", "INSTALLER": "installer"}
TOOLS = ("dirname", "readlink", "cksum", "cat", "cp", "mkdir", "rm")
UV = """
echo "uv $*" >>"$CALLS"; . "$UV_DOES"
[ "$1" != venv ] || { mkdir -p .venv/bin && cp "$INSTALLER" .venv/bin/python; }
"""
PYTHON = """
[ "$1 $2" = "-m venv" ] || exec "$REAL" "$@"
echo "python $*" >>"$CALLS"; mkdir -p "$3/bin" && cp "$INSTALLER" "$3/bin/python"
"""
INSTALLER = 'echo "$0 $*" >>"$CALLS"; . "$PIP_DOES"'
WITH_UV = [
    "uv venv -q --python python3.14 .venv",
    "uv pip install -q -p .venv --require-hashes -r requirements/test.txt",
]
WITH_PIP = [
    "python -m venv .venv",
    ".venv/bin/python -m pip install -qq --require-hashes -r requirements/test.txt",
]


class Clone:
    """A clone whose PATH has nothing but these programs and a few plain tools."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bin", "scripts", "requirements"):
            (folder / name).mkdir()
        for name in ("setup", "lock", "find-python"):
            shutil.copy(ROOT / "scripts" / name, folder / "scripts")
        for tool in TOOLS:
            (folder / "bin" / tool).symlink_to(str(shutil.which(tool)))
        self.lock_file.write_text("first")
        (folder / "requirements" / "run.txt").write_text("a part of it")
        self._program("bin/python3.14", PYTHON)
        self._program("installer", INSTALLER)
        for installer in ("uv", "pip"):
            self.does(installer, "")

    @property
    def lock_file(self) -> Path:
        return self.folder / "requirements" / "test.txt"

    def has_uv(self) -> None:
        self._program("bin/uv", UV)

    def does(self, installer: str, line: str) -> None:
        """Let pip or uv do what a line of the shell says."""
        (self.folder / f"{installer}-does").write_text(line)

    def run(self, script: str = "setup", *options: str) -> tuple[int, list[str], str]:
        """Run a script; return its status, what it called, and what it said."""
        folder = self.folder
        environment = {name: str(folder / path) for name, path in PATHS.items()} | {"REAL": sys.executable}
        command = [str(folder / "scripts" / script), *options]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        calls = folder / "calls"
        called = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return done.returncode, called, done.stderr

    def _program(self, path: str, text: str) -> None:
        (self.folder / path).write_text(f"#!/bin/sh\n{text}\n")
        (self.folder / path).chmod(0o755)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone in which nothing was set up."""
    return Clone(tmp_path)


def test_uv_installs_what_is_locked(clone: Clone) -> None:
    clone.has_uv()

    assert clone.run() == (0, WITH_UV, "Setting up .venv (once, about a minute) ...\n")


def test_without_uv_pip_checks_the_hashes_and_an_environment_that_is_up_to_date_is_left_alone(clone: Clone) -> None:
    assert clone.run()[:2] == (0, WITH_PIP)
    assert clone.run() == (0, [], "")


def test_pip_does_it_where_uv_fails(clone: Clone) -> None:
    clone.has_uv()
    clone.does("uv", "exit 2")

    assert clone.run()[:2] == (0, [WITH_UV[0], *WITH_PIP])


def test_a_changed_lock_makes_a_new_one(clone: Clone) -> None:
    clone.run()
    (clone.folder / ".venv" / "old").touch()
    clone.lock_file.write_text("second")

    assert clone.run()[:2] == (0, WITH_PIP)
    assert not (clone.folder / ".venv" / "old").exists()


def test_a_clone_that_was_moved_gets_a_new_one(clone: Clone, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An environment contains its own path."""
    clone.run()
    clone.folder = clone.folder.rename(tmp_path_factory.mktemp("elsewhere") / "clone")

    assert clone.run()[:2] == (0, WITH_PIP)


def test_the_commands_need_less_than_the_tests(clone: Clone) -> None:
    of_the_commands = [line.replace("test.txt", "run.txt") for line in WITH_PIP]

    assert clone.run("setup", "run")[:2] == (0, of_the_commands)
    assert clone.run("setup", "run") == (0, [], "")
    assert clone.run()[:2] == (0, WITH_PIP)
    assert clone.run("setup", "run") == (0, [], ""), "the tests need the same and more"


def test_it_is_found_through_a_symbolic_link(clone: Clone, tmp_path_factory: pytest.TempPathFactory) -> None:
    link = tmp_path_factory.mktemp("bin") / "setup"
    link.symlink_to(clone.folder / "scripts" / "setup")

    assert clone.run(str(link))[:2] == (0, WITH_PIP)


def test_after_a_failure_the_next_run_tries_again(clone: Clone) -> None:
    clone.does("pip", "exit 3")
    assert clone.run()[0] == 3

    clone.does("pip", "")
    assert clone.run()[:2] == (0, WITH_PIP)


def test_both_requirements_are_compiled_with_hashes(clone: Clone) -> None:
    """Without this machine's settings, which could name an index."""
    clone.has_uv()
    common = (
        "uv pip compile -q --no-config --universal --python-version 3.12 --generate-hashes pyproject.toml "
        "--extra otel --extra redis"
    )
    test = "--extra dev -c requirements/run.txt -o requirements/test.txt"

    assert clone.run("lock", "--upgrade-package", "x")[:2] == (
        0,
        [f"{common} -o requirements/run.txt --upgrade-package x", f"{common} {test} --upgrade-package x"],
    )


def test_locking_without_uv_says_how_to_get_it(clone: Clone) -> None:
    assert clone.run("lock") == (1, [], "scripts/lock needs uv. Install it (pip install uv), then run this again.\n")
