"""The client as a process: it has the terminal, the launcher's process group and every open file, as if run alone."""

import contextlib
import os
import shutil
import signal
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codex_run import signals

NOT_FOUND = 127
NOT_RUN = 126

_SETTLED = 0.05
"""Seconds after which a client that stopped is taken to stay so, and was not just continued together with us."""

_MODES_OFF = (
    "\x1b[?1047l"  # back from the alternate screen
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l"  # no reports of mouse, focus and pasting
    "\x1b[?25h\x1b[0m\x1b[J"  # cursor, plain text, and nothing of an old picture below
)
"""What ends the modes that a client on the whole screen sets (xterm, "Control Sequences")."""


class CannotRun(Exception):
    """The command does not exist, or cannot be run; `status` is what a shell would return."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def check(command: Sequence[str]) -> None:
    """Raise CannotRun if there is no such command."""
    name = command[0]
    if shutil.which(name):
        return
    if os.path.dirname(name) and Path(name).exists():
        what = "a folder" if Path(name).is_dir() else "not executable"
        raise CannotRun(NOT_RUN, f"{name} cannot be run: it is {what}.")
    where = "" if os.path.dirname(name) else " on the PATH (what only the shell knows, such as an alias, is not)"
    raise CannotRun(NOT_FOUND, f"There is no command {name}{where}.")


def spawn(command: Sequence[str], environment: Mapping[str, str], mask: set[int]) -> int:
    """Start the command and return its process id. Raises CannotRun."""
    reset = [signal.SIGPIPE, signal.SIGXFSZ]  # Python ignores them, and the client would inherit that
    try:
        return os.posix_spawnp(command[0], list(command), environment, setsigmask=mask, setsigdef=reset)
    except OSError as error:
        raise CannotRun(NOT_RUN, f"{command[0]} cannot be run: {error.strerror}.") from None


def wait(pid: int, on_child_signal: Callable[[], None]) -> int:
    """Wait for the end of the client, passing signals on; return its wait status.

    `on_child_signal` is called at first and whenever some child may have changed.
    """
    while True:
        on_child_signal()
        if (status := _ended(pid)) is not None:
            return status
        number, to_pass_on = signals.fetch()
        if to_pass_on:
            os.kill(pid, number)


def exit_status(status: int) -> int:
    """Return a wait status as shells do: 128 and the signal's number for a client that was killed."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _ended(pid: int) -> int | None:
    """Return the wait status if the client has ended; if it has stopped, stop with it."""
    while True:
        found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
        if not found:
            return None
        if os.WIFSTOPPED(status):
            _stop_along(pid)
        elif not os.WIFCONTINUED(status):
            return status


def _stop_along(pid: int) -> None:
    """Stop, so that the shell takes the terminal back; continue together with the client."""
    time.sleep(_SETTLED)
    if os.waitid(os.P_PID, pid, os.WCONTINUED | os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        os.kill(os.getpid(), signal.SIGTSTP)
        os.kill(pid, signal.SIGCONT)


def terminal_settings() -> list[Any] | None:
    """Return the settings of the terminal on the standard input, or None where there is none."""
    with contextlib.suppress(termios.error, OSError, ValueError):
        return termios.tcgetattr(0)
    return None


def restore_terminal(settings: list[Any] | None) -> None:
    """Undo what a client that crashed did to the terminal, if that belongs to this process group at the moment."""
    with contextlib.suppress(termios.error, OSError):
        if settings and os.tcgetpgrp(0) == os.getpgrp():
            termios.tcsetattr(0, termios.TCSADRAIN, settings)
            os.write(0, _MODES_OFF.encode())
