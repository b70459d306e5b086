"""One at a time, for as long as anybody holds the lock."""

import subprocess
import sys
from pathlib import Path

import pytest
from codex_setup.alone import working

SCRIPTS = Path(__file__).parents[2] / "scripts"
WAITS = f"""
import sys
sys.path.insert(0, {str(SCRIPTS)!r})
from pathlib import Path
from codex_setup.alone import working
with working(Path(sys.argv[1])): print("mine", flush=True)
"""


def waiting(lock: Path) -> "subprocess.Popen[str]":
    """Start a process that wants the lock."""
    command = [sys.executable, "-c", WAITS, str(lock)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_second_says_that_it_waits_and_goes_on_after_the_first(tmp_path: Path) -> None:
    with working(tmp_path / "new" / "lock"):
        second = waiting(tmp_path / "new" / "lock")
        assert second.stderr is not None
        assert second.stderr.readline() == "Another scripts/setup is at work here; waiting for it ...\n"
        assert second.poll() is None

    assert second.communicate(timeout=20) == ("mine\n", "")


def test_a_block_that_fails_gives_the_lock_back(tmp_path: Path) -> None:
    def fail() -> None:
        with working(tmp_path / "lock"):
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()
    assert waiting(tmp_path / "lock").communicate(timeout=20) == ("mine\n", "")


def test_who_is_given_the_descriptor_holds_the_lock_too(tmp_path: Path) -> None:
    with working(tmp_path / "lock") as held:
        heir = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[held])
    second = waiting(tmp_path / "lock")
    assert second.stderr is not None
    assert "waiting for it" in second.stderr.readline()
    heir.communicate(timeout=20)

    assert second.communicate(timeout=20) == ("mine\n", "")
