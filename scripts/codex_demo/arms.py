"""What both demos have in common: an arm's conversation, when a difference is clear, and the table of turns."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from toolkit.conversation import Endpoint, Identity, Usage, cached_share, converse, warm_share
from toolkit.output import table
from toolkit.process import Proxy

from codex_demo.client import by_http, by_websocket

_URL = "https://chatgpt.com/backend-api/codex"
_CLEARLY = 0.3  # how far below the share that is to be shown the other arm has to stay

type Say = Callable[[str], None]


class Arm(Protocol):
    """One way to have a conversation, and the counters of its turns."""

    @property
    def name(self) -> str:
        """What the table calls the arm."""

    @property
    def transport(self) -> str:
        """HTTP or WebSocket."""

    @property
    def turns(self) -> Sequence[Usage]:
        """The counters."""


async def measured(
    arm: Arm, proxy: Proxy, say: Say, *, turns: int, members: Iterator[Mapping[str, Any]]
) -> list[Usage]:
    """Have the conversation as a naive client, a turn with each of the members; return the counters of its turns.

    That is, over HTTP without a session or a key, over WebSocket with a socket for each turn and a session header that
    the backend does not read. Each arm has an account of its own, or it would read what the arm before it left in the
    cache.
    """
    account = f"account of {arm.name}"
    headers, send = {
        "HTTP": ({}, by_http),
        "WebSocket": ({"x-session-id": f"session of {account}"}, by_websocket),
    }[arm.transport]
    endpoint = Endpoint(url=_URL, proxy=proxy.url, ca_file=str(proxy.ca_file))
    identity = lambda: Identity(headers=headers, members=next(members))  # noqa: E731
    counters = await converse([endpoint], identity, send, account=account, turns=turns, on_turn=lambda: say("."))
    say("\n")
    return counters


def is_clear(pairs: Iterable[tuple[float, float]], shown_from: float) -> bool:
    """Return whether of each pair of shares the first is clearly below the second, which exceeds `shown_from`."""
    return all(kept > shown_from and bare < kept - _CLEARLY for bare, kept in pairs)


def turns_table(arms: Sequence[Arm]) -> list[str]:
    """Return the lines of the table of all turns, with the shares."""
    turns = enumerate(zip(*(arm.turns for arm in arms), strict=True), start=1)
    rows = [
        ["", *(arm.name for arm in arms)],
        ["turn", *("input  cached" for _ in arms)],
        *([str(number), *(f"{one.input_tokens:,}{one.cached_tokens:>8,}" for one in row)] for number, row in turns),
        ["all turns", *(f"{cached_share(arm.turns):.1%}" for arm in arms)],
        ["warm turns", *(f"{warm_share(arm.turns):.1%}" for arm in arms)],
    ]
    return table(rows)
