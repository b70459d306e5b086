"""Runs the demo: HTTP and WebSocket, each without and with the addon, and what they read from the cache.

The exit status is 0 if the addon made the difference, 1 if it did not, 130 if it was interrupted.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from embedded_backend import Backend
from toolkit.conversation import Endpoint, Identity, Usage, cached_share, converse, warm_share
from toolkit.output import table
from toolkit.process import LOOPBACK, NotStarted, Proxy, exit_status, start_mitmdump
from toolkit.program import ADDON, called

from codex_demo.client import FAULTS, by_http, by_websocket

from . import repair

LABEL = "embedded model; not run against chatgpt.com"
SHOWN_FROM = 0.9  # the share of warm tokens that an arm with the addon has to exceed
CLEARLY = 0.3  # how far below it the arm without the addon has to stay

_URL = "https://chatgpt.com/backend-api/codex"
_TURNS = 8
_LONGEST = 100  # seconds

type Say = Callable[[str], None]


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
    """Have the conversation as a naive client.

    That is, over HTTP without a session or a key, over WebSocket with a socket for each turn and a session header that
    the backend does not read.
    """
    say(f"{arm.name} the addon ")
    # Each arm has an account of its own, or it would read what the arm before it left in the cache.
    account = f"account of {arm.name}"
    headers, send = {
        "HTTP": ({}, by_http),
        "WebSocket": ({"x-session-id": f"session of {account}"}, by_websocket),
    }[arm.transport]
    endpoint, identity = Endpoint(url=_URL, proxy=proxy.url, ca_file=str(proxy.ca_file)), Identity(headers=headers)
    turns = await converse([endpoint], lambda: identity, send, account=account, turns=_TURNS, on_turn=lambda: say("."))
    say("\n")
    return replace(arm, turns=turns)


def is_shown(arms: Iterable[Arm]) -> bool:
    """Return whether the addon made the difference on every transport; an arm that is missing shows nothing."""
    shares: dict[str, dict[bool, float]] = {}
    for arm in arms:
        shares.setdefault(arm.transport, {})[arm.addon] = warm_share(arm.turns)
    pairs = [(pair.get(False, 1.0), pair.get(True, 0.0)) for pair in shares.values()]
    return all(kept > SHOWN_FROM and bare < kept - CLEARLY for bare, kept in pairs)


def render(arms: Sequence[Arm]) -> str:
    """Return the table of all turns, the shares, and a sentence on what was shown."""
    title = f"Input and cached tokens of each turn, without and with the addon ({LABEL}):"
    turns = enumerate(zip(*(arm.turns for arm in arms), strict=True), start=1)
    rows = [
        ["", *(arm.name for arm in arms)],
        ["turn", *("input  cached" for _ in arms)],
        *([str(number), *(f"{one.input_tokens:,}{one.cached_tokens:>8,}" for one in row)] for number, row in turns),
        ["all turns", *(f"{cached_share(arm.turns):.1%}" for arm in arms)],
        ["warm turns", *(f"{warm_share(arm.turns):.1%}" for arm in arms)],
    ]
    return "\n".join([title, "", *table(rows), "", closing(arms)])


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
    with tempfile.TemporaryDirectory(prefix="codex-demo-") as home:
        async with asyncio.timeout(_LONGEST):
            measured = await repair.run(Path(home), _say)
    print("\n" + repair.render(measured, LABEL))
    return repair.is_shown(measured)


def _say(text: str) -> None:
    print(text, end="", flush=True)


async def _shown() -> bool:
    with tempfile.TemporaryDirectory(prefix="codex-demo-") as home:
        async with asyncio.timeout(_LONGEST):
            measured = await run(Path(home), _say)
    print("\n" + render(measured))
    return is_shown(measured)


if __name__ == "__main__":
    sys.exit(main())
