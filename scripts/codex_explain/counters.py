"""The counters of responses as a rollout has them.

Since 0.155 there is a `token_usage_record` for each response. Before that, and with it, there are `token_count` events:
several of a response, with the total so far and what the last response added. A total that has not grown says nothing
new, and the estimate that follows a compaction has no input. The total of a fork continues that of its parent, whose
events an older Codex copies into the fork's file: those are no turns of the fork.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from codexcache.body.json_splice import as_count

_BURST = 0.2
"""Seconds between two lines that were copied one after the other: a response takes longer."""


class Usage(NamedTuple):
    """The counters of one response, in tokens, and its id where it has one in the log."""

    input: int
    cached: int | None
    output: int | None
    reasoning: int | None
    response_id: str = ""


type Total = tuple[int | None, ...]
"""The sums of a thread up to a response: input, cached, output and reasoning tokens."""

_MEMBERS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")


class Counters:
    """Reads the counters of one file. `copied` are the totals of the events that were copied from another one."""

    def __init__(self) -> None:
        self._total: Total = ()
        self._records = False
        self._copied: list[Total] | None = None
        self._copy_ends = 0.0
        self.copies = False

    def begin_copy(self, totals: Sequence[Total] | None, at: float) -> None:
        """Take note that lines of another file follow, with these totals; None if that file is not there."""
        self.copies = True
        self._copied, self._copy_ends = None if totals is None else [*reversed(totals)], at + _BURST

    def seen(self, at: float) -> None:
        """Take note of any line: the next one of a copy comes at once."""
        if self.copies and at <= self._copy_ends:
            self._copy_ends = at + _BURST

    def read_record(self, payload: dict[str, Any]) -> Usage | None:
        """Return the counters of a `token_usage_record`, None if they are no counters."""
        self._records = True
        return _usage(payload.get("usage"), payload.get("response_id"))

    def read_count(self, payload: dict[str, Any], at: float) -> Usage | None:
        """Return the counters of a `token_count` that is the first of a response of this thread, None for any other."""
        info = payload.get("info")
        total = _total(info)
        if not isinstance(info, dict) or total is None or total == self._total:
            return None
        self._total = total
        is_told = self._records or self._is_copy(total, at)
        return None if is_told else _usage(info.get("last_token_usage"), None)

    def _is_copy(self, total: Total, at: float) -> bool:
        if not self.copies:
            return False
        if self._copied is None:
            return at <= self._copy_ends
        if self._copied and self._copied[-1] == total:
            self._copied.pop()
            return True
        self.copies = False
        return False


def totals(counts: Iterator[dict[str, Any]]) -> list[Total]:
    """Return the totals of `token_count` events, each once, in their order."""
    found = [total for payload in counts if (total := _total(payload.get("info"))) is not None]
    return [total for at, total in enumerate(found) if not at or total != found[at - 1]]


def _total(info: Any) -> Total | None:
    total = info.get("total_token_usage") if isinstance(info, dict) else None
    return tuple(as_count(total.get(name)) for name in _MEMBERS) if isinstance(total, dict) else None


def _usage(counts: Any, response_id: Any) -> Usage | None:
    if not isinstance(counts, dict):
        return None
    given, cached, output, reasoning = (as_count(counts.get(name)) for name in _MEMBERS)
    name = response_id if isinstance(response_id, str) else ""
    return Usage(given, cached, output, reasoning, name) if given else None
