"""What arrived at the backend, and what it proves."""

from collections.abc import Iterable, Sequence

from codex_demo.usage import Usage, warm_rate
from embedded_backend import Received

from codex_ways.talk import Counters

SHOWN_FROM = 0.9  # the share of cached tokens, from the second turn on, that a kept conversation exceeds

HEADERS = ("session-id", "session_id")


class NotShown(Exception):
    """What was to be shown did not happen."""


def keys(received: Iterable[Received]) -> list[str]:
    """Returns the key of each turn; raises NotShown where body and headers do not bear the same one."""
    return [_key(turn) for turn in received if turn.kind != "handshake"]


def is_kept(turns: Sequence[Usage]) -> bool:
    """Returns whether the backend's cache served the conversation from its second turn on."""
    return warm_rate(turns) > SHOWN_FROM


def judged(counters: Counters, received: Iterable[Received]) -> str:
    """Returns what a client's talk has shown: one key for each conversation, and a warm cache. Raises NotShown."""
    borne = keys(received)
    if len(set(borne)) != len(counters) or not all(map(is_kept, counters.values())):
        raise NotShown(f"the keys were {borne}, the counters {counters}")
    shares = ", ".join(f"{warm_rate(turns):.0%} by {transport}" for transport, turns in counters.items())
    return f"each conversation kept its key, and from its second turn on came from the cache: {shares}"


def _key(turn: Received) -> str:
    places = {turn.json.get("prompt_cache_key"), *map(turn.header, HEADERS)}
    if len(places) > 1 or None in places:
        raise NotShown(f"a turn arrived with {sorted(map(str, places))} in its three places")
    return str(places.pop())
