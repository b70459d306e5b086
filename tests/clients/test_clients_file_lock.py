"""Only one process at a time holds the lock."""

import subprocess
import sys
from pathlib import Path

import pytest
from client_tests.file_lock import locked

SCRIPTS = Path(__file__).parents[2] / "scripts"
WAITS = f"""
import sys
sys.path.insert(0, {str(SCRIPTS)!r})
from pathlib import Path
from client_tests.file_lock import locked
with locked(Path(sys.argv[1])): print("mine", flush=True)
"""


def waiting(lock: Path) -> "subprocess.Popen[str]":
    """Start a process that wants the lock."""
    command = [sys.executable, "-c", WAITS, str(lock)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_second_says_that_it_waits_and_continues_after_the_first(tmp_path: Path) -> None:
    with locked(tmp_path / "new" / "lock"):
        second = waiting(tmp_path / "new" / "lock")
        assert second.stderr is not None
        assert second.stderr.readline() == "Another scripts/test-clients is at work here; waiting for it ...\n"
        assert second.poll() is None

    assert second.communicate(timeout=20) == ("mine\n", "")


def test_a_block_that_fails_releases_the_lock(tmp_path: Path) -> None:
    def fail() -> None:
        with locked(tmp_path / "lock"):
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()
    assert waiting(tmp_path / "lock").communicate(timeout=20) == ("mine\n", "")
