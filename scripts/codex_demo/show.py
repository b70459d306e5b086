"""The demo's course: a backend, two proxies, and the conversation in four arms, one after the other."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from embedded_backend import Backend

from codex_demo import clients, conversation, proxies
from codex_demo.usage import Arm, Usage, read_usage

ARMS = (
    Arm(transport="HTTP", addon=False),
    Arm(transport="HTTP", addon=True),
    Arm(transport="WebSocket", addon=False),
    Arm(transport="WebSocket", addon=True),
)

_CLIENTS = {"HTTP": clients.HttpClient, "WebSocket": clients.SocketClient}

Say = Callable[[str], None]


async def show(home: Path, say: Say, arms: tuple[Arm, ...] = ARMS) -> list[Arm]:
    """Runs the arms with their files in a folder, and returns them with their counters."""
    async with AsyncExitStack() as stack:
        backend = await stack.enter_async_context(Backend(home=home / "backend"))
        say("Starting the embedded backend and the proxies ...\n")
        running = {
            addon: await stack.enter_async_context(proxies.running(backend, home / f"proxy-{addon}", addon=addon))
            for addon in sorted({arm.addon for arm in arms})
        }
        return [await _run(arm, running[arm.addon], say) for arm in arms]


async def _run(arm: Arm, proxy: proxies.Proxy, say: Say) -> Arm:
    say(f"{arm.name} the addon ")
    # Each arm has an account of its own, or it would read what the arm before it left in the cache.
    client = _CLIENTS[arm.transport](f"account of {arm.name}", proxy.url, proxy.tls())
    turns = await _converse(client, say)
    say("\n")
    return replace(arm, turns=turns)


async def _converse(client: clients.Client, say: Say) -> list[Usage]:
    history: list[conversation.Item] = []
    turns = []
    for turn in range(1, conversation.TURNS + 1):
        history.append(conversation.question(turn))
        events = await client.send(history)
        turns.append(read_usage(events[-1]))
        history += clients.outputs(events)
        say(".")
    return turns
