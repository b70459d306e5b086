"""Faults of the journal: no space, no folder, or another file under way.

Turns that end while it cannot be written are not in it; a sentence on the terminal says so once. Everything here works
without privileges: a full disk is `/dev/full` in the journal's place, and a disk that is full in the middle of a line
is a limit on the size of files, set for the running proxy.
"""

import asyncio
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from embedded_backend.breaks import Break

from codex_faults.fault import Fault, Provoke
from codex_faults.scene import FINISHED, HTTP, WEBSOCKET, Scene
from codex_faults.seen import Seen

if sys.platform == "linux":
    import resource

_WARNING = "The journal cannot be written"
_ROOM = 100  # bytes of the line that is cut off
_MIDDLE = 5

Trouble = Callable[[Scene, Path], AbstractContextManager[None]]


def faults() -> Iterator[Fault]:
    """Yields the faults of the journal."""
    for name, trouble, what, system in (
        ("journal-disk-full", _full, "The journal's disk is full", "linux"),
        ("journal-folder-gone", _without_folder, "The journal's folder is removed", ""),
    ):
        yield Fault(
            name=name,
            promise=f"{what}: turns go on untold, which is said once, and are told again as soon as that is possible.",
            provoke=_unwritable(trouble),
            beside=False,
            system=system,
        )
    yield Fault(
        name="journal-line-cut-off",
        promise="The disk becomes full in the middle of a line: that line is lost, and no other is spoilt by it.",
        provoke=_cut_off,
        beside=False,
        system="linux",
    )
    for name, move, what in (
        ("journal-renamed", _rename, "renamed"),
        ("journal-truncated", _truncate, "truncated"),
    ):
        yield Fault(
            name=name,
            promise=f"The journal is {what} while turns are under way: each is told once, in one file or the other.",
            provoke=_moved(move),
            beside=False,
        )


def _unwritable(trouble: Trouble) -> Provoke:
    async def provoke(scene: Scene) -> list[Seen]:
        seen = [await scene.whole(scene.turn(None, *FINISHED))]
        before = len(scene.arm.program.lines)
        with scene.ordinary.unrecorded(), _in_trouble(scene, trouble):
            seen += [await scene.whole(scene.turn(None, entries=0), kind) for kind in (HTTP, WEBSOCKET)]
            await scene.ordinary.turns()
            await _expect_one_warning(scene, before)
        await scene.ordinary.turns()
        return [*seen, await scene.whole(scene.turn(None, *FINISHED))]

    return provoke


@contextmanager
def _in_trouble(scene: Scene, trouble: Trouble) -> Iterator[None]:
    """Has the trouble where there is a journal."""
    if scene.arm.journal is None:
        yield
        return
    with trouble(scene, scene.arm.journal):
        yield


@contextmanager
def _full(scene: Scene, journal: Path) -> Iterator[None]:
    journal.rename(_archived(scene))
    journal.symlink_to("/dev/full")
    try:
        yield
    finally:
        journal.unlink()


@contextmanager
def _without_folder(scene: Scene, journal: Path) -> Iterator[None]:
    shutil.copyfile(journal, _archived(scene))
    shutil.rmtree(journal.parent)
    try:
        yield
    finally:
        journal.parent.mkdir()


async def _expect_one_warning(scene: Scene, before: int) -> None:
    """Makes sure that the trouble has been said since so many lines, and not more than once."""
    if scene.arm.journal:
        await scene.arm.program.says(_WARNING, before)
        if (count := scene.arm.program.count(_WARNING, before)) > 1:
            scene.problems.append(f"it was said {count} times that the journal cannot be written")


async def _cut_off(scene: Scene) -> list[Seen]:
    seen = [await scene.whole(scene.turn(None, *FINISHED))]
    with scene.ordinary.unrecorded(), _in_trouble(scene, _with_little_room):
        seen += [await scene.whole(scene.turn(None, entries=0)) for _ in range(2)]
    scene.torn += scene.arm.journal is not None
    await scene.ordinary.turns()
    return [*seen, await scene.whole(scene.turn(None, *FINISHED))]


@contextmanager
def _with_little_room(scene: Scene, journal: Path) -> Iterator[None]:
    if sys.platform == "linux":
        pid, limit = scene.arm.program.pid, resource.RLIMIT_FSIZE
        _, most = resource.prlimit(pid, limit)
        resource.prlimit(pid, limit, (journal.stat().st_size + _ROOM, most))
        try:
            yield
        finally:
            resource.prlimit(pid, limit, (most, most))


def _moved(move: Callable[[Path, Path], None]) -> Provoke:
    async def provoke(scene: Scene) -> list[Seen]:
        await scene.ordinary.turns()
        kinds = (HTTP, HTTP, HTTP, WEBSOCKET)
        turns = [scene.turn(Break(hold_after=_MIDDLE), *FINISHED) for _ in kinds]
        talks = [await scene.begun(turn, kind, _MIDDLE) for turn, kind in zip(turns, kinds, strict=True)]
        await scene.breaks.held(len(talks))
        if scene.arm.journal:
            move(scene.arm.journal, _archived(scene))
        scene.breaks.release()
        seen = await asyncio.gather(*(talk.rest() for talk in talks))
        for talk in talks:
            await talk.close()
        return list(seen)

    return provoke


def _rename(journal: Path, archived: Path) -> None:
    journal.rename(archived)


def _truncate(journal: Path, archived: Path) -> None:
    shutil.copyfile(journal, archived)
    with journal.open("wb"):
        pass  # opening it so has emptied it


def _archived(scene: Scene) -> Path:
    """Returns a place for a part of the journal that nobody writes to any more."""
    return scene.arm.archive / f"{len(list(scene.arm.archive.iterdir())):06}.jsonl"
