"""All faults, in their order, and what triggers them.

What is promised for each is said once, in docs/reliability.md.

Turns that end while the journal cannot be written are not in it; a sentence on the terminal says so once. Everything
here works without privileges: a full disk is `/dev/full` in the journal's place, and a disk that becomes full in the
middle of a line is a limit on the size of files, set for the running proxy.
"""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from embedded_backend import Rules
from embedded_backend.rules import Break

from codex_faults.clients import HOST, HTTP, WEBSOCKET, Client, Kind, Observation, connect, large
from codex_faults.fault import Fault
from codex_faults.fault_run import FINISHED, MIDDLE, FaultRun
from codex_faults.fixture import ADDON

type Obstacle = Callable[[FaultRun, Path], AbstractContextManager[None]]

_REFUSED = f"refused.{HOST}"
_WARNING = "The journal cannot be written"
_WRITTEN = 100  # bytes that are written of the line that is cut off
_UNDER_WAY = [(HTTP, 0), (HTTP, MIDDLE), (HTTP, MIDDLE), (WEBSOCKET, MIDDLE)]
"""The streams that are under way: one before its answer begins, the others in the middle."""
_PARTS = 4  # pieces in which a slow reader takes its answer
_OPENING = 32  # connections that are opened at the same time; more wait in the system's queue, which is short


async def answered(
    run: FaultRun, *, verdict: str = "no_usage", kinds: Sequence[Kind] = (HTTP,), **broken: Any
) -> list[Observation]:
    """Have a turn over each of these kinds, answered as a Break says."""
    return [await run.whole(run.turn(Break(**broken), verdict), kind) for kind in kinds]


async def refused(run: FaultRun, *, status: int, kind: Kind = HTTP) -> list[Observation]:
    """Have a turn answered with this status, and another on the same connection, which nothing is wrong with."""
    turn = run.turn(Break(status=status), "rejected", *FINISHED, entries=2)
    client = await run.begun(turn, kind)
    first = await client.rest()
    await client.send(turn)
    return [first, await client.last()]


async def upgrade_refused(run: FaultRun) -> list[Observation]:
    """Have the backend refuse a WebSocket."""
    backend = run.fixture.backend
    backend.rules = replace(Rules(), upgrade_status=426)  # the WebSocket of the background turns is open already
    observed = await run.whole(run.turn(None, "rejected"), WEBSOCKET)
    backend.rules = Rules()
    return [observed]


async def tls_refused(run: FaultRun) -> list[Observation]:
    """Have the backend refuse TLS."""
    run.breaks.refused_names.add(_REFUSED)
    return [await run.whole(run.turn(None, "no_usage"), host=_REFUSED)]


async def gone_in_request(run: FaultRun) -> list[Observation]:
    """Have a client go in the middle of its request body."""
    client = await connect(run.fixture.port, run.fixture.tls)
    await client.send(run.turn(None, entries=0), half=True)
    return [client.leave()]


async def gone(run: FaultRun, *, events: int, kind: Kind = HTTP) -> list[Observation]:
    """Have a client go after so many events of its answer, which the backend holds there."""
    client = await run.begun(run.turn(Break(hold_after=events), "no_usage"), kind, events)
    await run.breaks.held(1)
    observed = client.leave()
    await run.breaks.held(0)  # so the proxy has hung up too, before the backend could continue
    return [observed]


async def gone_at_end(run: FaultRun) -> list[Observation]:
    """Have a client go as soon as it has the last event."""
    client = await run.begun(run.turn(None, *FINISHED), events=Rules().deltas + 8)
    return [client.leave()]


async def slowly(run: FaultRun) -> list[Observation]:
    """Have a client take its time over a large answer, with other turns meanwhile."""
    client = await run.begun(run.turn(None, *FINISHED, make=large))
    await client.more()  # the head
    for _ in range(_PARTS):
        await run.background.turns()
        read = len(client.body) + 1_000_000
        while client.end is None and len(client.body) < read:
            await client.more()
    return [await client.last()]


async def in_parallel(run: FaultRun) -> list[Observation]:
    """Have very many streams open at the same moment."""
    opening = asyncio.Semaphore(_OPENING)

    async def opened() -> Client:
        async with opening:
            return await run.begun(run.turn(Break(hold_after=MIDDLE), *FINISHED), events=MIDDLE)

    clients = await asyncio.gather(*(opened() for _ in range(run.parallel)))
    await run.breaks.held(run.parallel)
    run.breaks.release()
    return await run.rest(clients)


if sys.platform == "linux":
    import resource


async def unwritable(run: FaultRun, *, obstacle: Obstacle) -> list[Observation]:
    """Have turns before, during and after an obstacle that keeps the journal from being written, where there is one."""
    observed, journal = [await run.finished()], run.fixture.journal
    before = len(run.fixture.program.lines)
    with obstacle(run, journal) if journal else nullcontext():
        observed += [await run.whole(run.turn(None, entries=0), kind) for kind in (HTTP, WEBSOCKET)]
        await run.background.turns(entries=0)
        if journal:  # the obstacle is reported, and once
            await run.fixture.program.says(_WARNING, before)
            if (count := run.fixture.program.count(_WARNING, before)) > 1:
                run.problems.append(f"it was said {count} times that the journal cannot be written")
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


_PAGE = Path(__file__).parents[2] / "docs/reliability.md"
_ROW = re.compile(r"^\| `([^`]+)` \| (.+) \|$", re.MULTILINE)
_BOTH = HTTP, WEBSOCKET


def _fault(trigger: Callable[..., Awaitable[list[Observation]]], **flags: Any) -> Callable[..., Fault]:
    """Return what makes the fault with a name and a promise; what is no flag of a fault is for its trigger."""
    arguments = {name: flags.pop(name) for name in flags.keys() - Fault.__annotations__.keys()}
    return partial(Fault, trigger=partial(trigger, **arguments), **flags)


_FAULTS = {
    "backend-cut-before-answer": _fault(answered, unanswered=True),
    "backend-cut-mid-event": _fault(answered, cut_after=MIDDLE, torn=True),
    "backend-cut-mid-frame": _fault(answered, kinds=[WEBSOCKET], cut_after=MIDDLE, torn=True),
    "backend-stream-without-end": _fault(answered, ending="none"),
    "backend-response-failed": _fault(answered, kinds=_BOTH, verdict="rejected", ending="failed"),
    "backend-error-event": _fault(answered, kinds=_BOTH, verdict="rejected", ending="error"),
    "backend-401": _fault(refused, status=401),
    "backend-403": _fault(refused, status=403),
    "backend-429": _fault(refused, status=429),
    "backend-500": _fault(refused, status=500),
    "backend-502": _fault(refused, status=502),
    "backend-error-frame": _fault(refused, status=429, kind=WEBSOCKET),
    "backend-upgrade-refused": _fault(upgrade_refused),
    "backend-tls-refused": _fault(tls_refused),
    "client-gone-in-request": _fault(gone_in_request),
    "client-gone-before-answer": _fault(gone, events=0),
    "client-gone-mid-stream": _fault(gone, events=MIDDLE),
    "client-gone-mid-socket": _fault(gone, events=MIDDLE, kind=WEBSOCKET),
    "client-gone-after-last-event": _fault(gone_at_end),
    "client-reads-slowly": _fault(slowly, background=False, heavy=True),
    "many-streams": _fault(in_parallel, heavy=True),
    "journal-disk-full": _fault(unwritable, obstacle=full, background=False, system="linux"),
    "journal-folder-gone": _fault(unwritable, obstacle=without_folder, background=False),
    "journal-line-cut-off": _fault(unwritable, obstacle=with_little_space, background=False, system="linux"),
    "journal-renamed": _fault(moved, move=Path.rename, background=False),
    "journal-truncated": _fault(moved, move=truncate, background=False),
    "addon-reloaded": _fault(reloaded, sibling=False, background=False, heavy=True),
    "addon-changed": _fault(reloaded, sibling=True, background=False, heavy=True),
    "proxy-sigterm": _fault(ended, number=signal.SIGTERM, background=False, lasts=False, heavy=True),
    "proxy-sigint": _fault(ended, number=signal.SIGINT, background=False, lasts=False, heavy=True),
}


def catalogue() -> dict[str, Fault]:
    """Return all faults by name."""
    promises = dict(_ROW.findall(_PAGE.read_text(encoding="utf-8")))
    return {name: make(name=name, promise=promises[name]) for name, make in _FAULTS.items()}
