"""The prompt of a thread, item by item, as the next request would send it.

Of each item only digests are kept, by the same code that reads requests, so a long thread takes little memory; what it
was at earlier places is kept as well, since a thread can be taken back to one.

Models with the "responses lite" shape have their tools and instructions logged as the first items. Of others the log
has the instructions alone, and no tools: these count as being the same all the time, except where
the counters show that a request left them out.
"""

from collections.abc import Sequence
from typing import Any

from codexcache.body.json_splice import Json
from codexcache.turn.request import ClientHeaders, ParsedBody, Turn, parse_body, read_turn

_LITE = "additional_tools"
_UPDATE = "configuration_update"
_UNLOGGED_TOOLS: list[Json] = [{"type": "function", "name": "list (not in the log)"}]
"""Stands for all tools of a request, and is named in sentences: "tool list (not in the log) was removed"."""
_KEPT = 200
"""Earlier places that are kept: a user takes back a few turns."""


class History:
    """What a thread has come to: its settings, and the items so far."""

    def __init__(self) -> None:
        self.key = self.model = self.effort = self.tier = self.instructions = ""
        self.is_whole = True
        self._lite = False
        self._parsed: ParsedBody | None = None
        self._document: dict[str, Json] = {}
        self._proposed: ParsedBody | None = None
        self._places: list[ParsedBody | None] = []

    def extend(self, items: Sequence[Any]) -> None:
        """Add items."""
        for item in items:
            kind = item.get("type") if isinstance(item, dict) else None
            self._lite = self._lite or (self._parsed is None and kind == _LITE)
            self._parse([item])

    def replace(self, items: Sequence[Any]) -> None:
        """Put other items in the place of all, as a compaction does."""
        self._parsed, self._lite = None, False
        self._places.clear()
        self.extend(items)

    def set_effort(self, effort: str) -> None:
        """Set the effort that is asked for; of the lite shape, a later change is an item of the input."""
        if not (self._lite and self.effort):
            self.effort = effort

    def propose(self) -> None:
        """Note that a turn of the user begins here, if what follows are the user's own words."""
        self._proposed = self._parsed

    def mark(self) -> None:
        """Note that a turn of the user began at the place that was proposed last."""
        self._places = [*self._places[1 - _KEPT :], self._proposed]

    def take_back(self, turns: int) -> None:
        """Go back to where the last so many turns of the user began."""
        if 0 < turns <= len(self._places):
            self._parsed = self._places[-turns]
            del self._places[-turns:]

    @property
    def logs_tools(self) -> bool:
        """True if the tools are items of the history."""
        return self._lite

    def turn(
        self, client_headers: ClientHeaders, host: str, more: Sequence[Any] = (), *, without_tools: bool = False
    ) -> Turn:
        """Return the turn that sends the history, and more items behind it that do not stay in it."""
        self._parse([])  # the settings may have changed since the last item
        document, changed = self._next(list(more), without_tools=without_tools)
        return read_turn(
            client_headers,
            document,
            transport="http",
            host=host,
            endpoint="responses",
            cached=self._parsed,
            changed=changed,
        )

    def _parse(self, items: list[Any]) -> None:
        document, changed = self._next(items)
        self._parsed = parse_body(document, self._parsed, changed)

    def _next(self, items: list[Any], *, without_tools: bool = False) -> tuple[dict[str, Json], set[str]]:
        """Return a body with more items, and which of its other members were others before."""
        members: dict[str, Json] = {
            "model": self.model,
            "prompt_cache_key": self.key,
            "instructions": "" if self._lite else self.instructions,
            "reasoning": {"effort": self.effort},
            "service_tier": self.tier,
            "tools": [] if self._lite or without_tools else _UNLOGGED_TOOLS,
        }
        changed = {name for name, value in members.items() if self._document.get(name) != value}
        self._document = members
        unknown: dict[str, Json] = {} if self.is_whole else {"previous_response_id": "not in the log"}
        return {**members, **unknown, "input": items}, changed
