"""The fuzzer where atheris is missing: hypothesis, which is told how many lines of the project an input has reached.

It mutates seeds in batches until the time is over. What it finds is kept, and tried first the next time.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType

import codexcache
from hypothesis import HealthCheck, Verbosity, given, settings
from hypothesis import target as aim_at
from hypothesis.database import DirectoryBasedExampleDatabase

from codex_fuzz.findings import FOLDER, keep
from codex_fuzz.mutations import mutated
from codex_fuzz.targets import Target

_BATCH = 50
_TOOL = 4
"""An id of `sys.monitoring` that no other tool is meant to have."""

_OURS = str(Path(codexcache.__file__).parent)


def run(each: Target, seconds: int) -> set[Path]:
    """Fuzz a target for some seconds; return the file of a crash, if there is one. Raises KeyboardInterrupt."""
    last = [b""]

    @_settings(each)
    @given(mutated(each.seeds()))
    def batch(data: bytes) -> None:
        check_interrupted()
        last[0] = data
        with lines_reached() as lines:
            each.check(data)
        aim_at(float(len(lines)))

    with interruptions() as check_interrupted:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                batch()
            except Exception:  # hypothesis ends with the smallest input that fails
                return {keep(each.name, last[0])}
        check_interrupted()
    return set()


def _settings(each: Target) -> settings:
    """Return hypothesis' settings; it is quiet, because what it says of an interrupted batch is about failures."""
    return settings(
        max_examples=_BATCH,
        deadline=None,
        database=DirectoryBasedExampleDatabase(FOLDER / "examples" / each.name),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )


@contextmanager
def interruptions() -> Iterator[Callable[[], None]]:
    """Yield a check that raises KeyboardInterrupt once Ctrl-C was pressed in the block; a second comes at once.

    Raised anywhere, it could come in a callback of hypothesis, where Python would drop it.
    """
    pressed = []
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, _: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        pressed.append(number)

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    if before is not signal.SIG_IGN:  # so a shell wants it that runs us in the background
        signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def lines_reached() -> Iterator[set[tuple[CodeType, int]]]:
    """Collect the lines of the project that run within the block."""
    lines: set[tuple[CodeType, int]] = set()
    watch = sys.monitoring

    def note(code: CodeType, line: int) -> object:
        if code.co_filename.startswith(_OURS):
            lines.add((code, line))
        return watch.DISABLE

    watch.use_tool_id(_TOOL, "codex_fuzz")
    watch.register_callback(_TOOL, watch.events.LINE, note)
    watch.set_events(_TOOL, watch.events.LINE)
    try:
        yield lines
    finally:
        watch.set_events(_TOOL, 0)
        watch.register_callback(_TOOL, watch.events.LINE, None)
        watch.free_tool_id(_TOOL)
        watch.restart_events()
