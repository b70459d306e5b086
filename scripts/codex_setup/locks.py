"""The locks: what `pyproject.toml` asks for, each package with its version and the hashes of its files.

`run` is what the proxy needs, telemetry included; `test` adds what the tests and checks need, so it holds `run`.
"""

import re
from pathlib import Path

TEST = Path("requirements", "test.txt")
RUN = Path("requirements", "run.txt")
EXTRAS = {TEST: ("otel", "dev"), RUN: ("otel",)}
"""The parts of pyproject.toml that are in each lock."""

PYTHONS = ((3, 12), (3, 13), (3, 14))
"""The Pythons for which every package of the locks has a wheel, on all systems that scripts/lock asks about."""

_PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)


def pins(lock: Path) -> dict[str, str]:
    """Return the version of each package in a lock, those for other systems included."""
    return dict(_PIN.findall(lock.read_text()))


def advice(version: tuple[int, ...], shown: str) -> str:
    """Return what to do where the test lock could not be installed with a Python of this version."""
    if version in PYTHONS:
        return "Mend that, then run scripts/setup again."
    first, last = (".".join(map(str, each)) for each in (PYTHONS[0], PYTHONS[-1]))
    return (
        f"{TEST.as_posix()} was made for Python {first} to {last}, and this is {shown}: install one of those, then run "
        "scripts/setup again, or make the locks anew with scripts/lock --upgrade."
    )
