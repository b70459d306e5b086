"""A signal ends a program only after its clearing up, and then as if it had never been caught."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"

PROGRAM = f"""
import os, signal, sys
sys.path.insert(0, {str(SCRIPTS)!r})
from codex_setup.ending import die_of, obeyed
"""
CLEARS_UP = """
with obeyed():
    try:
        os.kill(os.getpid(), {number})
        signal.pause()
    finally:
        os.kill(os.getpid(), {number})
        print("cleared up", flush=True)
"""
BLOCKED = "signal.pthread_sigmask(signal.SIG_BLOCK, [{number}]); die_of({number})"


def ended(lines: str) -> tuple[int, str]:
    """Run a program; return its status and what it wrote."""
    command = [sys.executable, "-c", PROGRAM + lines]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=20, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_ends_it_once_it_has_cleared_up(number: signal.Signals) -> None:
    """A second one does not break into that."""
    assert ended(CLEARS_UP.format(number=int(number))) == (-number, "cleared up\n")


def test_what_was_ignored_stays_so() -> None:
    """As nohup does with the end of a terminal."""
    ignored = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\nwith obeyed(): os.kill(os.getpid(), signal.SIGHUP)\n"

    assert ended(f"{ignored}print('went on')") == (0, "went on\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_one_dies_of_a_signal_that_was_blocked(number: signal.Signals) -> None:
    assert ended(BLOCKED.format(number=int(number))) == (-number, "")


def test_a_signal_that_ends_nobody_still_gives_its_status() -> None:
    assert ended("die_of(signal.SIGCHLD)")[0] == 128 + signal.SIGCHLD
