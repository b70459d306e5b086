"""Installs what a lock names, each file checked against its hash: by uv where there is one, else by pip."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from codex_setup import ending


class Failed(Exception):
    """Neither way worked; what was wrong has been said by the tools."""


def install(environment: Path, lock: Path, python: str, held: int) -> None:
    """Make an environment of a Python with what the lock names; `held` is handed on to the tools. Raises Failed."""
    into = str(environment / "bin" / "python")
    hashed = ["--require-hashes", "-r", str(lock)]
    by_uv = (
        ["uv", "venv", "-q", "--seed", "-p", python, str(environment)],
        ["uv", "pip", "install", "-q", "-p", into, *hashed],
    )
    by_pip = (
        [python, "-m", "venv", str(environment)],
        [into, "-m", "pip", "install", "-qq", *hashed],
    )
    if shutil.which("uv"):
        if _all_work(by_uv, held):
            return
        print("uv could not do it; trying pip ...", file=sys.stderr, flush=True)
        shutil.rmtree(environment, ignore_errors=True)
    if not _all_work(by_pip, held):
        raise Failed


def _all_work(commands: Sequence[Sequence[str]], held: int) -> bool:
    return all(_works(words, held) for words in commands)


def _works(words: Sequence[str], held: int) -> bool:
    """Tell whether a command ends well. It is a group of its own, so that all of it can be ended with us."""
    with ending.held_back() as let_in:  # a signal while it starts would leave nobody to end it
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, pass_fds=[held], process_group=0, preexec_fn=let_in)
        try:
            let_in()
            return process.wait() == 0
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
