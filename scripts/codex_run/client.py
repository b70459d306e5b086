"""The client as a process: it has the terminal, the launcher's process group and every open file, as if run alone.

Signals of the terminal reach it as well as this process; all others are passed on. While it runs they are blocked here
and fetched one by one, so none is lost and none interrupts anything.
"""

import contextlib
import errno
import os
import resource
import shutil
import signal
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from codex_run.arguments import Failed

ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
PASSED_ON = {*ENDING, signal.SIGUSR1, signal.SIGUSR2}
FETCHED = {*PASSED_ON, signal.SIGCHLD}

NOT_RUN, NOT_FOUND = 126, 127
"""The exit statuses of a shell for a command that cannot be run, and for one that is not there."""

_SETTLED = 0.05  # seconds after which a client that stopped was not just continued together with this process

_MODES_OFF = (
    "\x1b[?1047l"  # back from the alternate screen
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l"  # no reports of mouse, focus and pasting
    "\x1b[?25h\x1b[0m\x1b[J"  # cursor, plain text, and nothing of an old picture below
)
"""What ends the modes that a client on the whole screen sets (xterm, "Control Sequences")."""


def check(command: Sequence[str]) -> None:
    """Raise Failed if there is no such command, with the status that a shell would return."""
    name = command[0]
    if shutil.which(name):
        return
    if os.path.dirname(name) and Path(name).exists():
        what = "a folder" if Path(name).is_dir() else "not executable"
        raise Failed(f"{name} cannot be run: it is {what}.", NOT_RUN)
    where = "" if os.path.dirname(name) else " on the PATH (what only the shell knows, such as an alias, is not)"
    raise Failed(f"There is no command {name}{where}.", NOT_FOUND)


def spawn(command: Sequence[str], environment: Mapping[str, str], mask: set[int]) -> int:
    """Start the command and return its process id. Raises Failed."""
    reset = [signal.SIGPIPE, signal.SIGXFSZ]  # Python ignores them, and the client would inherit that
    try:
        return os.posix_spawnp(command[0], list(command), environment, setsigmask=mask, setsigdef=reset)
    except OSError as error:
        hint = " A script needs a first line such as #!/bin/sh." if error.errno == errno.ENOEXEC else ""
        raise Failed(f"{command[0]} cannot be run: {error.strerror}.{hint}", NOT_RUN) from None


def wait(pid: int, on_child_signal: Callable[[], object]) -> int:
    """Wait for the end of the client, passing signals on; return its status, negative for the signal that ended it.

    `on_child_signal` is called at first and whenever some child may have changed.
    """
    while True:
        on_child_signal()
        if (status := _ended(pid)) is not None:
            return status
        number, to_pass_on = _fetch()
        if to_pass_on:
            os.kill(pid, number)


def _ended(pid: int) -> int | None:
    """Return the status if the client has ended; if it has stopped, stop with it."""
    while True:
        found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
        if not found:
            return None
        if os.WIFSTOPPED(status):
            _stop_along(pid)
        elif not os.WIFCONTINUED(status):
            return os.waitstatus_to_exitcode(status)


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


def _fetch() -> tuple[int, bool]:
    """Wait for a signal; return it, and whether it is to be passed on.

    What the terminal sends, it sends to the client as well: twice Ctrl-C would mean something else. The kernel says
    who sent a signal; where it does not (macOS), a key is taken for the sender if there is a terminal.
    """
    if hasattr(signal, "sigwaitinfo"):
        info = signal.sigwaitinfo(FETCHED)
        return info.si_signo, info.si_signo in PASSED_ON and info.si_code <= 0
    number = signal.sigwait(FETCHED)
    return number, number in PASSED_ON and not (number in (signal.SIGINT, signal.SIGQUIT) and os.isatty(0))


def die_of(number: int) -> NoReturn:
    """Die of a signal as if it had never been handled, without leaving a core dump.

    A shell script that called this process stops as well if it dies of Ctrl-C; an exit status of 130 would not stop it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os.kill(os.getpid(), number)
    raise SystemExit(128 + number)  # a signal that ends no process
