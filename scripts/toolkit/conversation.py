"""A conversation turn by turn, by whatever way in to the backend, and what its turns came to."""

import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from toolkit import prompts


class TurnFailed(Exception):
    """A turn ended otherwise than with `response.completed`."""


LAST = ("error", "response.completed", "response.failed", "response.incomplete")
"""The types of events that end an answer."""

type Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """Input tokens of one turn, and how many of them were cached."""

    input_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How a client reaches the backend: by which base URL and proxy, and with which CA to trust.

    `address` is where the URL's host is to be found, for a client whose connections are redirected; `source` is the
    client's own address.
    """

    url: str
    proxy: str | None = None
    ca_file: str | None = None
    address: str | None = None
    source: str | None = None

    def tls(self) -> ssl.SSLContext | None:
        """Return the client's TLS settings, or None where there is no TLS."""
        return ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a turn says of its conversation: header fields, and members of the body."""

    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)


type Send = Callable[[Endpoint, Mapping[str, str], dict[str, Any]], Awaitable[list[Event]]]


async def converse(
    endpoints: Sequence[Endpoint],
    identity: Callable[[], Identity],
    send: Send,
    *,
    account: str,
    turns: int = 2,
    on_turn: Callable[[], None] = lambda: None,
) -> list[Usage]:
    """Have a conversation, each turn by the next endpoint, and return its turns' counters.

    Raises TurnFailed, and what `send` raises.
    """
    credentials = {"authorization": f"Bearer token of {account}", "chatgpt-account-id": account}
    history: list[prompts.Item] = []
    counters = []
    for turn in range(turns):
        history.append(prompts.question(turn + 1))
        said = identity()
        headers, body = {**credentials, **said.headers}, prompts.body(history) | dict(said.members)
        events = await send(endpoints[turn % len(endpoints)], headers, body)
        if events[-1]["type"] != "response.completed":
            raise TurnFailed(f"the backend answered {events[-1]}")
        usage = events[-1]["response"]["usage"]
        counters.append(Usage(usage["input_tokens"], usage["input_tokens_details"]["cached_tokens"]))
        history += [event["item"] for event in events if event["type"] == "response.output_item.done"]
        on_turn()
    return counters


def read_events(body: bytes) -> list[Event]:
    """Return the events of a whole stream, none of another body."""
    return [orjson.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: ")]


def cached_share(turns: Iterable[Usage]) -> float:
    """Return the share of the turns' input tokens that was cached, 0 without turns."""
    turns = list(turns)
    taken = sum(turn.input_tokens for turn in turns)
    return sum(turn.cached_tokens for turn in turns) / taken if taken else 0.0


def warm_share(turns: Sequence[Usage]) -> float:
    """Return the same without the first turn, for which nothing can have been cached."""
    return cached_share(turns[1:])
