"""Programs started beside a case, or run to their end by it."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READY_WITHIN = 30
"""Seconds until a program that does not get ready counts as broken."""
DONE_WITHIN = 90
"""Seconds that a client may take; it needs about one."""


@contextmanager
def running(command: list[str], log: Path, environment: dict[str, str], ready: str) -> Iterator[str]:
    """Runs a program for as long as the block lasts; gives what it said, by a pattern, when it was ready."""
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=environment) as program:
        try:
            yield wait_for(program, log, ready)
        finally:
            program.terminate()


def wait_for(program: subprocess.Popen[bytes], log: Path, ready: str) -> str:
    end = time.monotonic() + READY_WITHIN
    while program.poll() is None and time.monotonic() < end:
        if found := re.search(ready, log.read_text(), re.MULTILINE):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(f"It did not get ready, {log.name} says:\n{log.read_text()}")


def output(command: list[str], work: Path, environment: dict[str, str]) -> str:
    """Runs a program to its end and returns what it printed."""
    return ended(command, work, environment)[0]


def ended(command: list[str], work: Path, environment: dict[str, str]) -> tuple[str, str]:
    """Runs a program to its end and returns what it said on both outputs; a failure shows all of it."""
    with started(command, work, environment) as program:
        try:
            out, errors = program.communicate(timeout=DONE_WITHIN)
        except BaseException:
            # The clients are started by a wrapper, which alone would be stopped.
            os.killpg(program.pid, signal.SIGKILL)
            raise
    assert program.returncode == 0, f"{command} ended with {program.returncode}:\n{out}\n{errors}"
    return out, errors


def started(command: list[str], work: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=work,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
