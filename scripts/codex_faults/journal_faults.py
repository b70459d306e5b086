"""Faults of the journal: no space, no folder, or another file meanwhile.

Turns that end while it cannot be written are not in it; a sentence on the terminal says so once. Everything here works
without privileges: a full disk is `/dev/full` in the journal's place, and a disk that becomes full in the middle of a
line is a limit on the size of files, set for the running proxy.
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from codex_faults.clients import HTTP, WEBSOCKET
from codex_faults.fault import Fault, Trigger
from codex_faults.fault_run import FINISHED, FaultRun
from codex_faults.observation import Observation

if sys.platform == "linux":
    import resource

_WARNING = "The journal cannot be written"
_WRITTEN = 100  # bytes that are written of the line that is cut off
_MIDDLE = 5

type Obstacle = Callable[[FaultRun, Path], AbstractContextManager[None]]


def faults() -> Iterator[Fault]:
    """Yield the faults of the journal."""
    for name, obstacle, what, system in (
        ("journal-disk-full", _full, "The journal's disk is full", "linux"),
        ("journal-folder-gone", _without_folder, "The journal's folder is removed", ""),
    ):
        promise = f"{what}: turns go on untold, which is said once, and are told again as soon as that is possible."
        yield Fault(name, promise, _unwritable(obstacle), background=False, system=system)
    yield Fault(
        "journal-line-cut-off",
        "The disk becomes full in the middle of a line: that line is lost, and no other is spoilt by it.",
        _cut_off,
        background=False,
        system="linux",
    )
    for name, move, what in (
        ("journal-renamed", _rename, "renamed"),
        ("journal-truncated", _truncate, "truncated"),
    ):
        promise = f"The journal is {what} while turns are under way: each is told once, in one file or the other."
        yield Fault(name, promise, _moved(move), background=False)


def _unwritable(obstacle: Obstacle) -> Trigger:
    async def trigger(run: FaultRun) -> list[Observation]:
        observed = [await run.whole(run.turn(None, *FINISHED))]
        before = len(run.fixture.program.lines)
        with _obstructed(run, obstacle):
            observed += [await run.whole(run.turn(None, entries=0), kind) for kind in (HTTP, WEBSOCKET)]
            await run.background.turns()
            await _expect_one_warning(run, before)
        await run.background.turns()
        return [*observed, await run.whole(run.turn(None, *FINISHED))]

    return trigger


async def _cut_off(run: FaultRun) -> list[Observation]:
    observed = [await run.whole(run.turn(None, *FINISHED))]
    with _obstructed(run, _with_little_space):
        observed += [await run.whole(run.turn(None, entries=0)) for _ in range(2)]
    run.torn += run.fixture.journal is not None
    await run.background.turns()
    return [*observed, await run.whole(run.turn(None, *FINISHED))]


@contextmanager
def _obstructed(run: FaultRun, obstacle: Obstacle) -> Iterator[None]:
    """Have the obstacle where there is a journal, and expect no turn of the block to be in it."""
    with run.background.unrecorded():
        if run.fixture.journal is None:
            yield
            return
        with obstacle(run, run.fixture.journal):
            yield


@contextmanager
def _full(run: FaultRun, journal: Path) -> Iterator[None]:
    journal.rename(run.archived())
    journal.symlink_to("/dev/full")
    try:
        yield
    finally:
        journal.unlink()


@contextmanager
def _without_folder(run: FaultRun, journal: Path) -> Iterator[None]:
    shutil.copyfile(journal, run.archived())
    shutil.rmtree(journal.parent)
    try:
        yield
    finally:
        journal.parent.mkdir()


@contextmanager
def _with_little_space(run: FaultRun, journal: Path) -> Iterator[None]:
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


def _moved(move: Callable[[Path, Path], object]) -> Trigger:
    async def trigger(run: FaultRun) -> list[Observation]:
        await run.background.turns()
        clients = await run.under_way([(HTTP, _MIDDLE)] * 3 + [(WEBSOCKET, _MIDDLE)], *FINISHED)
        if run.fixture.journal:
            move(run.fixture.journal, run.archived())
        run.breaks.release()
        return await run.rest(clients)

    return trigger


def _rename(journal: Path, archived: Path) -> None:
    journal.rename(archived)


def _truncate(journal: Path, archived: Path) -> None:
    shutil.copyfile(journal, archived)
    with journal.open("wb"):
        pass  # opening it so has emptied it
