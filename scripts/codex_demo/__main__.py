"""Runs the demo: HTTP and WebSocket, each without and with the addon, and what they read from the cache.

The exit status is 0 if the addon made the difference, 1 if it did not, 130 if it was interrupted.
"""

import argparse
import asyncio
import itertools
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from embedded_backend import Backend
from toolkit.conversation import Usage, warm_share
from toolkit.process import LOOPBACK, NotStarted, Proxy, exit_status, start_mitmdump
from toolkit.program import ADDON, called

from codex_demo import repair
from codex_demo.arms import Say, is_clear, measured, turns_table
from codex_demo.client import FAULTS

LABEL = "embedded model; not run against chatgpt.com"
SHOWN_FROM = 0.9  # the share of warm tokens that an arm with the addon has to exceed

_TURNS = 8
_LONGEST = 100  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to have the conversation, and the counters of its turns."""

    transport: str
    addon: bool
    turns: Sequence[Usage] = ()

    @property
    def name(self) -> str:
        """What the table calls the arm."""
        return f"{self.transport} {'with' if self.addon else 'without'}"


ARMS = [Arm(transport=transport, addon=addon) for transport in ("HTTP", "WebSocket") for addon in (False, True)]


async def run(home: Path, say: Say) -> list[Arm]:
    """Run all arms with their files in a folder; return them with their counters."""
    async with AsyncExitStack() as stack:
        backend = await stack.enter_async_context(Backend(home=home / "backend"))
        say("Starting the embedded backend and the proxies ...\n")
        modes = [f"upstream:http://{LOOPBACK}:{backend.connect_port}"]
        proxies = {}
        for addon, scripts in ((False, []), (True, [ADDON])):
            confdir = home / f"proxy-{addon}"
            proxy = await start_mitmdump(confdir, modes=modes, upstream_ca=backend.ca_file, scripts=scripts)
            proxies[addon] = await stack.enter_async_context(proxy)
        return [await _converse(arm, proxies[arm.addon], say) for arm in ARMS]


async def _converse(arm: Arm, proxy: Proxy, say: Say) -> Arm:
    say(f"{arm.name} the addon ")
    return replace(arm, turns=await measured(arm, proxy, say, turns=_TURNS, members=itertools.repeat({})))


def is_shown(arms: Iterable[Arm]) -> bool:
    """Return whether the addon made the difference on every transport; an arm that is missing shows nothing."""
    shares: dict[str, dict[bool, float]] = {}
    for arm in arms:
        shares.setdefault(arm.transport, {})[arm.addon] = warm_share(arm.turns)
    pairs = [(pair.get(False, 1.0), pair.get(True, 0.0)) for pair in shares.values()]
    return is_clear(pairs, SHOWN_FROM)


def render(arms: Sequence[Arm]) -> str:
    """Return the table of all turns, the shares, and a sentence on what was shown."""
    title = f"Input and cached tokens of each turn, without and with the addon ({LABEL}):"
    return "\n".join([title, "", *turns_table(arms), "", closing(arms)])


def closing(arms: Sequence[Arm]) -> str:
    """Return one sentence that says what was shown, or that it was not."""
    if not is_shown(arms):
        return f"The addon did not make the difference that it should have made ({LABEL})."
    bare, kept = (_range([warm_share(arm.turns) for arm in arms if arm.addon is addon]) for addon in (False, True))
    return (
        f"The same conversation read {bare} of its warm input tokens from the cache without the addon "
        f"and {kept} with it ({LABEL})."
    )


def _range(shares: Sequence[float]) -> str:
    least, most = f"{min(shares):.1%}", f"{max(shares):.1%}"
    return least if least == most else f"{least} to {most}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the four arms and print the table; return the exit status."""
    parser = argparse.ArgumentParser(
        prog=called("demo"),
        description="Has one conversation over HTTP and over WebSocket, each without and with the addon, against the "
        "embedded backend, and prints a table of its cached tokens. It takes about three seconds. "
        "Loopback only.",
        epilog="The exit status is 0 if the addon made the difference, 1 if it did not, 130 after Ctrl-C.",
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="show instead what codex_repair does for an agent whose tools come in another order on each turn, with "
        "other spellings, and whose instructions tell the time",
    )
    shown = _repair_shown() if parser.parse_args(argv).repair else _shown()
    return exit_status(shown, "The demo", (*FAULTS, NotStarted))


async def _repair_shown() -> bool:
    found = await _run(repair.run)
    print("\n" + repair.render(found, LABEL))
    return repair.is_shown(found)


def _say(text: str) -> None:
    print(text, end="", flush=True)


async def _shown() -> bool:
    found = await _run(run)
    print("\n" + render(found))
    return is_shown(found)


async def _run[A](work: Callable[[Path, Say], Awaitable[list[A]]]) -> list[A]:
    with tempfile.TemporaryDirectory(prefix="codex-demo-") as home:
        async with asyncio.timeout(_LONGEST):
            return await work(Path(home), _say)


if __name__ == "__main__":
    sys.exit(main())
