"""The demo as a program; it takes about three seconds."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from codex_demo.__main__ import main

SCRIPTS = Path(__file__).parents[2] / "scripts"


def _started() -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    return subprocess.Popen(
        [sys.executable, "-m", "codex_demo"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_it_shows_the_difference() -> None:
    with _started() as process:
        shown, _ = process.communicate(timeout=90)

    assert process.returncode == 0
    assert shown.splitlines()[-1].startswith("The same conversation read ")


@pytest.mark.parametrize("seconds", [0, 0.2, 0.8])
def test_it_can_be_interrupted_at_any_time(seconds: float) -> None:
    """By a key, which its proxies get as well: nobody says anything."""
    with _started() as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (130, "")


@pytest.mark.parametrize(("argument", "status"), [("--help", 0), ("--quick", 2)])
def test_a_question_or_a_strange_word_starts_nothing(
    argument: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([argument])

    assert ended.value.code == status
    assert "usage: scripts/demo" in "".join(capsys.readouterr())
