"""The fuzzer where atheris is missing: hypothesis, which is told how many lines of the project an input has reached.

It mutates seeds in batches until the time is over. What it finds is kept, and tried first the next time.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType

import codexcache
from hypothesis import HealthCheck, given, settings
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
    """Fuzz a target for some seconds; return the file of a crash, if there is one."""
    database = DirectoryBasedExampleDatabase(FOLDER / "examples" / each.name)
    end, last = time.monotonic() + seconds, [b""]

    @settings(max_examples=_BATCH, deadline=None, database=database, suppress_health_check=list(HealthCheck))
    @given(mutated(each.seeds()))
    def batch(data: bytes) -> None:
        last[0] = data
        with lines_reached() as lines:
            each.check(data)
        aim_at(float(len(lines)))

    while time.monotonic() < end:
        try:
            batch()
        except Exception:  # hypothesis ends with the smallest input that fails
            return {keep(each.name, last[0])}
    return set()


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
