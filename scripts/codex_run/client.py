"""The client as a process: it has the terminal, our process group and every open file, as if it had been run alone."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from codex_run import signals

NOT_FOUND = 127
NOT_RUN = 126

_SETTLED = 0.05
"""Seconds after which a client that stopped is taken to stay so, and was not just continued together with us."""


class CannotRun(Exception):
    """The command is not there, or is none; `status` is what a shell would return."""

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
    ours = [signal.SIGPIPE, signal.SIGXFSZ]  # Python ignores them, and the client would inherit that
    try:
        return os.posix_spawnp(command[0], list(command), environment, setsigmask=mask, setsigdef=ours)
    except OSError as error:
        raise CannotRun(NOT_RUN, f"{command[0]} cannot be run: {error.strerror}.") from None


def wait(pid: int, on_child_signal: Callable[[], None]) -> int:
    """Wait for the end of the client, passing signals on; return its wait status.

    `on_child_signal` is called whenever some child of ours may have changed.
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
    """Stop, so that the shell takes the terminal back, and go on together with the client."""
    time.sleep(_SETTLED)
    if os.waitid(os.P_PID, pid, os.WCONTINUED | os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        os.kill(os.getpid(), signal.SIGTSTP)
        os.kill(pid, signal.SIGCONT)
