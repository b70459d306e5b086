"""The addon reloaded, and the proxy ended, in the middle of streams."""

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from embedded_backend.breaks import Break

from codex_faults.arm import OURS
from codex_faults.fault import Fault, Provoke
from codex_faults.scene import FINISHED, HTTP, WEBSOCKET, Scene
from codex_faults.seen import Seen
from codex_faults.talk import Talk

_MIDDLE = 5
_KINDS = ((HTTP, 0), (HTTP, _MIDDLE), (HTTP, _MIDDLE), (WEBSOCKET, _MIDDLE))
"""The streams that are under way: one before its answer begins, the others in the middle."""


def faults() -> Iterator[Fault]:
    """Yields what happens to the addon and to the proxy."""
    yield Fault(
        name="addon-reloaded",
        promise="The entry file is touched, and mitmproxy loads the addon again: streams under way finish, each turn is"
        " told once.",
        provoke=_reloaded(sibling=False),
        beside=False,
        heavy=True,
    )
    yield Fault(
        name="addon-changed",
        promise="Another module of the addon is changed, then the entry file touched: the new code runs from then on;"
        " streams under way finish, each turn is told once.",
        provoke=_reloaded(sibling=True),
        beside=False,
        heavy=True,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        yield Fault(
            name=f"proxy-{number.name.lower()}",
            promise=f"{number.name} comes in the middle of streams: mitmdump ends at once with status 0, each turn is"
            " told once, and a client's own keys are hits after a restart.",
            provoke=_ended(number),
            beside=False,
            lasts=False,
            heavy=True,
        )


def _reloaded(*, sibling: bool) -> Provoke:
    async def provoke(scene: Scene) -> list[Seen]:
        await scene.ordinary.turns()
        talks = await _under_way(scene, *FINISHED)
        before, version = len(scene.arm.program.lines), _version(scene, raised=sibling)
        os.utime(scene.arm.entry)
        said = f"Codex Continuity {version} is on" if scene.arm.name == OURS else "Loading script"
        await scene.arm.program.says(said.replace("+", r"\+"), before)
        await scene.ordinary.turns()
        scene.breaks.release()
        return await _rest(talks)

    return provoke


def _version(scene: Scene, *, raised: bool) -> str:
    """Returns the version in the addon's copy, raised there if so asked for; in the other arm nobody reads it."""
    file = scene.arm.entry.parent / "codexcache" / "__init__.py"
    before, _, version = file.read_text().rpartition("__version__ = ")
    number = version.strip().strip('"')
    if raised:
        number += "+"
        _write_later(file, f'{before}__version__ = "{number}"\n')
    return number


def _write_later(file: Path, text: str) -> None:
    """Writes a module so that its compiled form is known to be older: times of files are compared by the second."""
    later = file.stat().st_mtime + 2
    file.write_text(text)
    os.utime(file, (later, later))


def _ended(number: signal.Signals) -> Provoke:
    async def provoke(scene: Scene) -> list[Seen]:
        await scene.ordinary.turns()
        seen = [await scene.whole(scene.turn(None, *FINISHED))]
        talks = await _under_way(scene, "no_usage")
        status = await scene.arm.program.ended(number)
        seen += [*map(_without_farewell, await _rest(talks)), Seen(end="closed", note=f"exit status {status}")]
        if status:
            scene.problems.append(f"mitmdump ended with status {status}")
        await scene.ordinary.close()
        await scene.arm.start()
        return [*seen, await scene.whole(scene.turn(None, *FINISHED))]

    return provoke


def _without_farewell(seen: Seen) -> Seen:
    """Returns the same as if the WebSocket had just been cut: it is chance, with and without the addon, if an ending
    mitmdump still gets to say farewell.
    """
    farewell = b"\x88\x02" + (seen.close_code or 0).to_bytes(2)
    return replace(seen, end="cut", close_code=None, body=seen.body.removesuffix(farewell))


async def _under_way(scene: Scene, *verdicts: str) -> list[Talk]:
    talks = []
    for kind, events in _KINDS:
        talks.append(await scene.begun(scene.turn(Break(hold_after=events), *verdicts), kind, events))
        await scene.breaks.held(len(talks))
    return talks


async def _rest(talks: list[Talk]) -> list[Seen]:
    seen = await asyncio.gather(*(talk.rest() for talk in talks))
    for talk in talks:
        await talk.close()
    return list(seen)
