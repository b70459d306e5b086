"""The launcher dies of the signal of which its client died."""

import signal
import subprocess
import sys

import pytest
from support.launched import SCRIPTS

PROGRAM = f"""
import signal, sys
sys.path.insert(0, {str(SCRIPTS)!r})
from codex_run.client import die_of
"""


def ended(lines: str) -> int:
    """Run a program; return its status."""
    return subprocess.run([sys.executable, "-c", PROGRAM + lines], timeout=20, check=False).returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_it_dies_of_a_signal_that_was_blocked(number: signal.Signals) -> None:
    assert ended(f"signal.pthread_sigmask(signal.SIG_BLOCK, [{number}]); die_of({number})") == -number


def test_a_signal_that_ends_no_process_still_gives_its_status() -> None:
    assert ended("die_of(signal.SIGCHLD)") == 128 + signal.SIGCHLD
