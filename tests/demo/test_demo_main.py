"""The demo as a program; it takes about three seconds."""

import os
import signal
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"


def _started() -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    return subprocess.Popen([sys.executable, "-m", "codex_demo"], env=environment, stdout=subprocess.PIPE, text=True)


def test_it_shows_the_difference() -> None:
    with _started() as process:
        shown, _ = process.communicate(timeout=90)

    assert process.returncode == 0
    assert shown.splitlines()[-1].startswith("The same conversation read ")


def test_it_can_be_interrupted() -> None:
    with _started() as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=30) == 130
