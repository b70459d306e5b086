"""The environment is whole or it is the one of before: what is being made has its name, for an environment knows its
own path, and the old one lies aside meanwhile.
"""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

_STATE = "state"


def state_of(environment: Path) -> str | None:
    """Return what an environment was made from, or None if it is not whole."""
    if not (environment / "bin" / "python").exists():
        return None
    with contextlib.suppress(OSError):
        return (environment / _STATE).read_text()
    return None


def note(environment: Path, state: str) -> None:
    """Say that an environment is whole, and what it was made from."""
    (environment / _STATE).write_text(state)


@contextlib.contextmanager
def replaced(environment: Path, aside: Path) -> Iterator[None]:
    """Put an environment aside for the block, which makes it anew; it comes back unless the block ends well."""
    before, half = aside / "before", aside / "half"
    if before.exists() and state_of(environment) is None:  # whoever was at work here was killed
        _put_back(environment, before, half)
    _remove(before)
    aside.mkdir(parents=True, exist_ok=True)
    if environment.exists():
        environment.rename(before)
    try:
        yield
    except BaseException:
        _put_back(environment, before, half)
        raise
    _remove(before)


def _put_back(environment: Path, before: Path, half: Path) -> None:
    """Go back to the environment of before, if there was one. Names are changed first: that takes no time."""
    _remove(half)
    if environment.exists():
        environment.rename(half)
    if before.exists():
        before.rename(environment)
    _remove(half)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
