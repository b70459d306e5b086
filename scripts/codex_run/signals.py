"""Signals: those of the terminal reach the client as well, all others are passed on to it.

While the client runs they are blocked and fetched one by one, so none is lost and none interrupts anything.
"""

import os
import resource
import signal
from collections.abc import Iterable
from typing import NoReturn

ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
PASSED_ON = {*ENDING, signal.SIGUSR1, signal.SIGUSR2}
FETCHED = {*PASSED_ON, signal.SIGCHLD}
BY_KEY = {signal.SIGINT, signal.SIGQUIT}


def block() -> set[int]:
    """Block the signals that are fetched; return what was blocked before."""
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, FETCHED))


def unblock(before: Iterable[int]) -> None:
    """Restore what was blocked before."""
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def pending_end() -> int | None:
    """Return a signal that waits and asks this process to end, or None."""
    return next(iter(sorted(signal.sigpending() & ENDING)), None)


def fetch() -> tuple[int, bool]:
    """Wait for a signal; return it, and whether it is to be passed on.

    What the terminal sends, it sends to the client as well: twice Ctrl-C would mean something else. The kernel says
    who sent a signal; where it does not (macOS), a key is taken for the sender if there is a terminal.
    """
    if hasattr(signal, "sigwaitinfo"):
        info = signal.sigwaitinfo(FETCHED)
        return info.si_signo, info.si_signo in PASSED_ON and info.si_code <= 0
    number = signal.sigwait(FETCHED)
    return number, number in PASSED_ON and not (number in BY_KEY and os.isatty(0))


def die_of(number: int) -> NoReturn:
    """Die of a signal as if it had never been handled, without leaving a core dump.

    A shell script that called this process stops as well if it dies of Ctrl-C; an exit status of 130 would not stop it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os.kill(os.getpid(), number)
    raise SystemExit(128 + number)  # a signal that ends no process
