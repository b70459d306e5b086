"""The counters of a turn, and what they say about a conversation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

SHOWN_FROM = 0.9  # the warm rate that an arm with the addon has to exceed
CLEARLY = 0.3  # how far below it the arm without the addon has to stay


@dataclass(frozen=True, slots=True)
class Usage:
    """Input tokens of one turn, and how many of them were cached."""

    input_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to have the conversation, and the counters of its turns."""

    transport: str
    addon: bool
    turns: Sequence[Usage] = ()

    @property
    def name(self) -> str:
        """What the arm is called in the table."""
        return f"{self.transport} {'with' if self.addon else 'without'}"


class TurnFailed(Exception):
    """A turn ended otherwise than with `response.completed`."""


def read_usage(event: dict[str, Any]) -> Usage:
    """Returns the counters that the last event of a response bears."""
    if event.get("type") != "response.completed":
        raise TurnFailed(f"the backend answered {event}")
    counters = event["response"]["usage"]
    return Usage(counters["input_tokens"], counters["input_tokens_details"]["cached_tokens"])


def rate(turns: Iterable[Usage]) -> float:
    """Returns the share of the input tokens that was cached."""
    turns = list(turns)
    taken = sum(turn.input_tokens for turn in turns)
    return sum(turn.cached_tokens for turn in turns) / taken if taken else 0.0


def warm_rate(turns: Sequence[Usage]) -> float:
    """Returns the same without the first turn, which nothing can have been cached for."""
    return rate(turns[1:])


def is_shown(arms: Iterable[Arm]) -> bool:
    """Returns whether the addon made the difference on every transport; an arm that is missing shows nothing."""
    rates: dict[str, dict[bool, float]] = {}
    for arm in arms:
        rates.setdefault(arm.transport, {})[arm.addon] = warm_rate(arm.turns)
    pairs = [(pair.get(False, 1.0), pair.get(True, 0.0)) for pair in rates.values()]
    return all(kept > SHOWN_FROM and bare < kept - CLEARLY for bare, kept in pairs)
