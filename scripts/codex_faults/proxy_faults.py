"""Faults of the proxy: its journal cannot be written or is moved, the addon is reloaded, the proxy ended.

Turns that end while the journal cannot be written are not in it; a sentence on the terminal says so once. Everything
here works without privileges: a full disk is `/dev/full` in the journal's place, and a disk that becomes full in the
middle of a line is a limit on the size of files, set for the running proxy.
"""

import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from codex_faults.clients import HTTP, WEBSOCKET
from codex_faults.fault_run import FINISHED, MIDDLE, FaultRun
from codex_faults.fixture import ADDON
from codex_faults.observation import Observation

if sys.platform == "linux":
    import resource

_WARNING = "The journal cannot be written"
_WRITTEN = 100  # bytes that are written of the line that is cut off
_UNDER_WAY = [(HTTP, 0), (HTTP, MIDDLE), (HTTP, MIDDLE), (WEBSOCKET, MIDDLE)]
"""The streams that are under way: one before its answer begins, the others in the middle."""

type Obstacle = Callable[[FaultRun, Path], AbstractContextManager[None]]


async def unwritable(run: FaultRun, *, obstacle: Obstacle) -> list[Observation]:
    """Have turns before, during and after an obstacle that keeps the journal from being written, where there is one."""
    observed, journal = [await run.finished()], run.fixture.journal
    before = len(run.fixture.program.lines)
    with obstacle(run, journal) if journal else nullcontext():
        observed += [await run.whole(run.turn(None, entries=0), kind) for kind in (HTTP, WEBSOCKET)]
        await run.background.turns(entries=0)
        await _expect_one_warning(run, before)
    await run.background.turns()
    return [*observed, await run.finished()]


@contextmanager
def full(run: FaultRun, journal: Path) -> Iterator[None]:
    """Have a full disk."""
    journal.rename(run.archived())
    journal.symlink_to("/dev/full")
    try:
        yield
    finally:
        journal.unlink()


@contextmanager
def without_folder(run: FaultRun, journal: Path) -> Iterator[None]:
    """Have no folder."""
    shutil.copyfile(journal, run.archived())
    shutil.rmtree(journal.parent)
    try:
        yield
    finally:
        journal.parent.mkdir()


@contextmanager
def with_little_space(run: FaultRun, journal: Path) -> Iterator[None]:
    """Have space for a part of the next line alone."""
    run.torn += 1
    if sys.platform == "linux":
        pid, limit = run.fixture.program.pid, resource.RLIMIT_FSIZE
        _, most = resource.prlimit(pid, limit)
        resource.prlimit(pid, limit, (journal.stat().st_size + _WRITTEN, most))
        try:
            yield
        finally:
            resource.prlimit(pid, limit, (most, most))


async def _expect_one_warning(run: FaultRun, before: int) -> None:
    """Wait until the obstacle has been reported, after so many lines, and note if it was more than once."""
    if run.fixture.journal:
        await run.fixture.program.says(_WARNING, before)
        if (count := run.fixture.program.count(_WARNING, before)) > 1:
            run.problems.append(f"it was said {count} times that the journal cannot be written")


async def moved(run: FaultRun, *, move: Callable[[Path, Path], object]) -> list[Observation]:
    """Have the journal moved while turns are under way."""
    await run.background.turns()
    clients = await run.under_way([(HTTP, MIDDLE)] * 3 + [(WEBSOCKET, MIDDLE)], *FINISHED)
    if run.fixture.journal:
        move(run.fixture.journal, run.archived())
    run.breaks.release()
    return await run.rest(clients)


def truncate(journal: Path, archived: Path) -> None:
    """Move what is in the journal away, and leave the empty file."""
    shutil.copyfile(journal, archived)
    with journal.open("wb"):
        pass  # opening it so has emptied it


async def reloaded(run: FaultRun, *, sibling: bool) -> list[Observation]:
    """Have mitmproxy load the addon again, with or without another module of it changed."""
    await run.background.turns()
    clients = await run.under_way(_UNDER_WAY, *FINISHED)
    before, version = len(run.fixture.program.lines), _version(run.fixture.entry.parent, raised=sibling)
    os.utime(run.fixture.entry)
    said = f"Codex Continuity {version} is on" if run.fixture.name == ADDON else "Loading script"
    await run.fixture.program.says(re.escape(said), before)
    await run.background.turns()
    run.breaks.release()
    return await run.rest(clients)


def _version(scripts: Path, *, raised: bool) -> str:
    """Return the version in the addon's copy, raised there if wanted; the proxy without the addon does not read it."""
    file = scripts / "codexcache" / "__init__.py"
    before, version, _ = file.read_text().rsplit('"', 2)
    if raised:
        later = file.stat().st_mtime + 2  # so that its compiled form is known to be older: times count by the second
        version += "+"
        file.write_text(f'{before}"{version}"\n')
        os.utime(file, (later, later))
    return version


async def ended(run: FaultRun, *, number: signal.Signals) -> list[Observation]:
    """Have a signal end the proxy in the middle of streams, and start it again."""
    await run.background.turns()
    observed = [await run.finished()]
    clients = await run.under_way(_UNDER_WAY, "no_usage")
    status = await run.fixture.ended(number)
    observed += [*map(_as_cut, await run.rest(clients)), Observation(end="closed", note=f"exit status {status}")]
    if status:
        run.problems.append(f"mitmdump ended with status {status}")
    await run.background.close()
    await run.fixture.start()
    return [*observed, await run.finished()]


def _as_cut(observed: Observation) -> Observation:
    """Return the same as if the WebSocket had been cut.

    With and without the addon, it is chance whether an ending mitmdump still sends a close frame.
    """
    close_frame = b"\x88\x02" + (observed.close_code or 0).to_bytes(2)
    return replace(observed, end="cut", close_code=None, body=observed.body.removesuffix(close_frame))
