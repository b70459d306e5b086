"""The addon reloaded, and the proxy ended, in the middle of streams."""

import os
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from codex_faults.clients import HTTP, WEBSOCKET
from codex_faults.fault import Fault, Trigger
from codex_faults.fault_run import FINISHED, FaultRun
from codex_faults.fixture import ADDON
from codex_faults.observation import Observation

_MIDDLE = 5
_UNDER_WAY = [(HTTP, 0), (HTTP, _MIDDLE), (HTTP, _MIDDLE), (WEBSOCKET, _MIDDLE)]
"""The streams that are under way: one before its answer begins, the others in the middle."""


def faults() -> Iterator[Fault]:
    """Yield what happens to the addon and to the proxy."""
    yield Fault(
        "addon-reloaded",
        "The entry file is touched, and mitmproxy loads the addon again: streams under way finish, each turn is told"
        " once.",
        partial(_reloaded, sibling=False),
        background=False,
        heavy=True,
    )
    yield Fault(
        "addon-changed",
        "Another module of the addon is changed, then the entry file touched: the new code runs from then on; streams"
        " under way finish, each turn is told once.",
        partial(_reloaded, sibling=True),
        background=False,
        heavy=True,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        yield Fault(
            f"proxy-{number.name.lower()}",
            f"{number.name} comes in the middle of streams: mitmdump ends at once with status 0, each turn is told"
            " once, and a client's own keys are hits after a restart.",
            _ended(number),
            background=False,
            lasts=False,
            heavy=True,
        )


async def _reloaded(run: FaultRun, *, sibling: bool) -> list[Observation]:
    await run.background.turns()
    clients = await run.under_way(_UNDER_WAY, *FINISHED)
    before, version = len(run.fixture.program.lines), _version(run, raised=sibling)
    os.utime(run.fixture.entry)
    said = f"Codex Continuity {version} is on" if run.fixture.name == ADDON else "Loading script"
    await run.fixture.program.says(re.escape(said), before)
    await run.background.turns()
    run.breaks.release()
    return await run.rest(clients)


def _version(run: FaultRun, *, raised: bool) -> str:
    """Return the version in the addon's copy, raised there if wanted; the proxy without the addon does not read it."""
    file = run.fixture.entry.parent / "codexcache" / "__init__.py"
    before, _, version = file.read_text().rpartition("__version__ = ")
    number = version.strip().strip('"')
    if raised:
        number += "+"
        _write_later(file, f'{before}__version__ = "{number}"\n')
    return number


def _write_later(file: Path, text: str) -> None:
    """Write a module so that its compiled form is known to be older: times of files are compared by the second."""
    later = file.stat().st_mtime + 2
    file.write_text(text)
    os.utime(file, (later, later))


def _ended(number: signal.Signals) -> Trigger:
    async def trigger(run: FaultRun) -> list[Observation]:
        await run.background.turns()
        observed = [await run.whole(run.turn(None, *FINISHED))]
        clients = await run.under_way(_UNDER_WAY, "no_usage")
        status = await run.fixture.ended(number)
        observed += [*map(_as_cut, await run.rest(clients)), Observation(end="closed", note=f"exit status {status}")]
        if status:
            run.problems.append(f"mitmdump ended with status {status}")
        await run.background.close()
        await run.fixture.start()
        return [*observed, await run.whole(run.turn(None, *FINISHED))]

    return trigger


def _as_cut(observed: Observation) -> Observation:
    """Return the same as if the WebSocket had been cut: with and without the addon, it is chance whether an ending
    mitmdump still sends a close frame.
    """
    close_frame = b"\x88\x02" + (observed.close_code or 0).to_bytes(2)
    return replace(observed, end="cut", close_code=None, body=observed.body.removesuffix(close_frame))
