"""`scripts/setup` from start to end, with a Python, a uv and a pip that only write down how they were called."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("dirname", "cksum", "cat", "mkdir", "mkfifo", "cp", "ln")
"""All that is on the PATH besides what a test puts there: no uv and no Python of this machine's."""

_PATIENCE = 20

PYTHON = """#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
    echo "python -m venv $3" >>"$CALLS"; mkdir -p "$3/bin" && cp "$INSTALLER" "$3/bin/python"; exit
fi
exec "$REAL" "$@"
"""
UV = """#!/bin/sh
if [ "$1" = venv ]; then
    echo "uv $*" >>"$CALLS"
    for folder; do :; done
    mkdir -p "$folder/bin" && cp "$INSTALLER" "$folder/bin/python"; exit
fi
exec "$INSTALLER" "$@"
"""
INSTALLER = """#!/bin/sh
echo "installer $*" >>"$CALLS"
. "$DOES"
"""
WAITS = ': >"$STARTED"; cat "$GO"'
"""What an installer does that is to be caught in the middle: it waits for somebody to write."""


class Clone:
    """A clone with programs of its own on its PATH; `installer` is what an installation comes to, as lines of shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls, self.started, self._does = folder / "calls", folder / "started", folder / "does"
        self._go = folder / "go"
        os.mkfifo(self._go)
        self._processes: list[subprocess.Popen[str]] = []
        self._bin = folder / "bin"
        self._bin.mkdir()
        for tool in TOOLS:
            (self._bin / tool).symlink_to(str(shutil.which(tool)))
        self._program(self._bin / "python3.14", PYTHON)
        self._program(folder / "installer", INSTALLER)
        self.installer("")

    def has_uv(self) -> None:
        self._program(self._bin / "uv", UV)

    def installer(self, lines: str) -> None:
        self._does.write_text(f"{lines}\n")

    def lock(self, text: str) -> None:
        """Change what the tests need."""
        (self.folder / "requirements" / "test.txt").write_text(text)

    def start(self) -> "subprocess.Popen[str]":
        command = [str(self.folder / "scripts" / "setup")]
        process = subprocess.Popen(
            command, env=self._environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self._processes.append(process)
        return process

    def close(self) -> None:
        """Leave nothing that runs: what is still there has failed, and its installer would wait for ever."""
        for process in self._processes:
            with process:  # which waits for it and closes its pipe
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def run(self) -> tuple[int, str]:
        """Run it to its end; return its status and what it said."""
        return ended(self.start())

    def called(self) -> list[str]:
        """Return what was called since the last time, without this clone's path."""
        lines = self.calls.read_text().replace(f"{self.folder}/", "").splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return lines

    def is_installing(self) -> None:
        """Wait until an installer waits."""
        end = time.monotonic() + _PATIENCE
        while not self.started.exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        self.started.unlink()

    def let_go(self) -> None:
        """Let the installer that waits come to its end."""
        self._go.write_text("go")

    @property
    def made_from(self) -> str:
        """The lock from which the environment was made, or what is the matter with it."""
        environment = self.folder / ".venv"
        if not environment.exists():
            return "nothing"
        known = environment / "made-from"
        return known.read_text() if (environment / "state").exists() else "half"

    @property
    def left_behind(self) -> list[str]:
        return sorted(each.name for each in (self.folder / ".cache" / "setup").iterdir())

    @property
    def _environment(self) -> dict[str, str]:
        paths = {"CALLS": self.calls, "STARTED": self.started, "DOES": self._does, "GO": self._go}
        own = {"PATH": self._bin, "INSTALLER": self.folder / "installer", "REAL": sys.executable, "HOME": self.folder}
        return {name: str(path) for name, path in {**paths, **own}.items()}

    def _program(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    _, said = process.communicate(timeout=_PATIENCE)
    return process.returncode, said


INSTALLS = "cp requirements/test.txt .venv/made-from"


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    """A clone in which nothing was set up."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "requirements").mkdir()
    for name in ("setup", "find-python"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
    shutil.copytree(ROOT / "scripts" / "codex_setup", tmp_path / "scripts" / "codex_setup")
    made = Clone(tmp_path)
    made.lock("first")
    made.installer(INSTALLS)
    yield made
    made.close()


@pytest.fixture
def old(clone: Clone) -> Clone:
    """A clone that was set up, and whose lock has changed since."""
    assert clone.run()[0] == 0
    clone.called()
    clone.lock("second")
    return clone


def test_pip_installs_what_is_locked_and_checks_the_hashes(clone: Clone) -> None:
    status, said = clone.run()

    assert (status, clone.made_from) == (0, "first")
    assert said.startswith("Setting up .venv with Python 3.")
    assert clone.called() == [
        "python -m venv .venv",
        "installer -m pip install -qq --require-hashes -r requirements/test.txt",
    ]


def test_uv_does_it_where_there_is_one(clone: Clone) -> None:
    clone.has_uv()

    assert clone.run()[0] == 0
    assert clone.called() == [
        "uv venv -q --seed -p python3.14 .venv",
        "installer pip install -q -p .venv/bin/python --require-hashes -r requirements/test.txt",
    ]


def test_pip_does_it_where_uv_cannot(clone: Clone) -> None:
    clone.has_uv()
    clone.installer(f'case "$*" in *" -p "*) exit 2 ;; esac; {INSTALLS}')
    status, said = clone.run()

    assert (status, clone.made_from) == (0, "first")
    assert "uv could not do it; trying pip ..." in said


def test_what_is_there_is_left_alone(clone: Clone) -> None:
    clone.run()
    clone.called()

    assert clone.run() == (0, "")
    assert clone.called() == []


def test_another_lock_makes_it_anew(old: Clone) -> None:
    assert old.run()[0] == 0
    assert old.made_from == "second"
    assert old.left_behind == ["lock"]


def test_a_failure_leaves_the_old_one(old: Clone) -> None:
    """And with the old lock it is as good as ever."""
    old.installer("exit 1")
    status, said = old.run()

    assert (status, old.made_from) == (1, "first")
    assert "Setting up did not work; the lines above say why." in said
    assert said.endswith("The .venv of before is as it was.\n")
    assert old.left_behind == ["lock"]
    old.lock("first")
    assert old.run() == (0, "")


def test_a_failure_leaves_nothing_where_there_was_nothing(clone: Clone) -> None:
    clone.installer("exit 1")
    status, said = clone.run()

    assert (status, clone.made_from) == (1, "nothing")
    assert "of before" not in said
    assert clone.left_behind == ["lock"]


def test_the_second_waits_and_finds_it_done(clone: Clone) -> None:
    clone.installer(f"{WAITS}; {INSTALLS}")
    first = clone.start()
    clone.is_installing()
    second = clone.start()
    assert second.stderr is not None
    assert second.stderr.readline() == "Another scripts/setup is at work here; waiting for it ...\n"
    clone.let_go()

    assert ended(first)[0] == 0
    assert ended(second) == (0, "")
    assert [line for line in clone.called() if line.startswith("installer")] == [
        "installer -m pip install -qq --require-hashes -r requirements/test.txt"
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_old_one(old: Clone, number: signal.Signals) -> None:
    """It dies of it, so that a script around it stops; the installer ends too, or what both say would not end."""
    old.installer(WAITS)
    process = old.start()
    old.is_installing()
    process.send_signal(number)

    assert ended(process)[0] == -number
    assert (old.made_from, old.left_behind) == ("first", ["lock"])


@pytest.mark.parametrize("works", [True, False])
def test_one_that_was_killed_is_cleared_up_after(old: Clone, works: bool) -> None:
    """Once its installer, which knows nothing of it, has ended too."""
    old.installer(WAITS)
    killed = old.start()
    old.is_installing()
    killed.kill()
    killed.wait()
    assert old.made_from == "half"
    old.installer(INSTALLS if works else "exit 1")
    second = old.start()
    assert second.stderr is not None
    assert "waiting for it" in second.stderr.readline()
    old.let_go()

    assert ended(second)[0] == (0 if works else 1)
    assert ended(killed)[0] == -signal.SIGKILL
    assert (old.made_from, old.left_behind) == ("second" if works else "first", ["lock"])
