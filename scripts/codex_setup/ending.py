"""The signals that ask for an end: what was begun is cleared up first, then they do what they always do.

A shell script that called us stops as well if it sees that we died of Ctrl-C; an exit status of 130 would not tell it.
"""

import contextlib
import os
import resource
import signal
from collections.abc import Callable, Iterator
from typing import NoReturn

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Asked(BaseException):
    """A signal asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def obeyed() -> Iterator[None]:
    """Turn the first such signal in the block into an exception, and die of it once that has cleared up."""
    for each in _ENDING:
        if signal.getsignal(each) is not signal.SIG_IGN:  # so nohup wants it
            signal.signal(each, _ask)
    try:
        yield
    except Asked as asked:
        die_of(asked.number)


@contextlib.contextmanager
def held_back() -> Iterator[Callable[[], None]]:
    """Hold the signals back for the block, or until what it yields is called."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)

    def let_in() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        yield let_in
    finally:
        let_in()


def die_of(number: int) -> NoReturn:
    """End as one who never heard of the signal, but for the picture of our memory that SIGQUIT would leave."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os.kill(os.getpid(), number)
    raise SystemExit(128 + number)  # a signal that does not end anyone


def _ask(number: int, _: object) -> NoReturn:
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)  # once is enough: from now on there is only clearing up
    raise Asked(number)
