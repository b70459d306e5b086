"""The demo of `codex_repair`: an agent that sends the same things in other bytes on each turn, with and without it.

Its tools come in a random order, as from servers that answer when they can. Each few turns another process goes on
with the conversation, and writes the members of its schemas in another order. Its instructions tell the time.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from embedded_backend import Backend
from toolkit import prompts
from toolkit.conversation import Usage, warm_share
from toolkit.process import LOOPBACK, Proxy, start_mitmdump
from toolkit.program import ADDON

from codex_demo.arms import Say, is_clear, measured, turns_table

REPAIRS = "tool_order,spelling,volatile"
SHOWN_FROM = 0.95  # the share of warm tokens that a repaired agent has to exceed

_TURNS, _TURNS_OF_A_PROCESS, _TOOLS = 12, 4, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """An agent on one transport, with or without repair, and the counters of its turns."""

    transport: str
    repair: bool
    turns: Sequence[Usage] = ()

    @property
    def name(self) -> str:
        """What the table calls the arm."""
        return f"{self.transport} {'repaired' if self.repair else 'as sent'}"


ARMS = [Arm(transport=transport, repair=repair) for transport in ("HTTP", "WebSocket") for repair in (False, True)]


def unsteady(seed: int) -> Iterator[dict[str, Any]]:
    """Yield the members of an agent's turns: what they say is the same on each, but for the time."""
    chance = random.Random(seed)
    for turn in itertools.count():
        process = random.Random(seed + turn // _TURNS_OF_A_PROCESS)
        tools = [_shuffled(_tool(number), process) for number in range(_TOOLS)]
        clock = f"It is {9 + turn // 60:02}:{turn % 60:02}:{chance.randrange(60):02}."
        yield {"tools": chance.sample(tools, len(tools)), "instructions": f"{clock}\n{prompts.instructions()}"}


def _tool(number: int) -> dict[str, Any]:
    properties = {f"argument_{each}": {"type": "string", "description": f"Argument {each}."} for each in range(6)}
    parameters = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"type": "function", "name": f"tool_{number}", "description": f"Tool {number}.", "parameters": parameters}


def _shuffled(value: Any, process: random.Random) -> Any:
    """Return a schema with its members in the order of one process."""
    if not isinstance(value, dict):
        return value
    return {name: _shuffled(inner, process) for name, inner in process.sample(list(value.items()), len(value))}


async def run(home: Path, say: Say) -> list[Arm]:
    """Run all arms with their files in a folder; return them with their counters."""
    async with AsyncExitStack() as stack:
        backend = await stack.enter_async_context(Backend(home=home / "backend"))
        say("Starting the embedded backend and the proxies ...\n")
        proxies = {}
        for repair, option in ((False, ""), (True, REPAIRS)):
            proxy = await start_mitmdump(
                home / f"proxy-{repair}",
                modes=[f"upstream:http://{LOOPBACK}:{backend.connect_port}"],
                upstream_ca=backend.ca_file,
                scripts=[ADDON],
                options={"codex_repair": option},
            )
            proxies[repair] = await stack.enter_async_context(proxy)
        return [await _converse(arm, proxies[arm.repair], say) for arm in ARMS]


async def _converse(arm: Arm, proxy: Proxy, say: Say) -> Arm:
    say(f"{arm.name} ")
    return replace(arm, turns=await measured(arm, proxy, say, turns=_TURNS, members=unsteady(seed=1)))


def is_shown(arms: Sequence[Arm]) -> bool:
    """Return whether repair made the difference on every transport."""
    shares = {(arm.transport, arm.repair): warm_share(arm.turns) for arm in arms}
    pairs = [(shares.get((transport, False), 1.0), shares.get((transport, True), 0.0)) for transport, _ in shares]
    return bool(pairs) and is_clear(pairs, SHOWN_FROM)


def render(arms: Sequence[Arm], label: str) -> str:
    """Return the table of all turns, the shares, and a sentence on what was shown."""
    title = (
        f"Input and cached tokens of an agent whose tools, schemas and clock change on each turn, both with the addon "
        f"({label}):"
    )
    return "\n".join([title, "", *turns_table(arms), "", closing(arms, label)])


def closing(arms: Sequence[Arm], label: str) -> str:
    """Return one sentence that says what was shown, or that it was not."""
    if not is_shown(arms):
        return f"Repair did not make the difference that it should have made ({label})."
    bare, repaired = ([warm_share(arm.turns) for arm in arms if arm.repair is repair] for repair in (False, True))
    return (
        f"The same agent read at most {max(bare):.1%} of its warm input tokens from the cache as it sends them, and at "
        f"least {min(repaired):.1%} with codex_repair={REPAIRS} ({label})."
    )
