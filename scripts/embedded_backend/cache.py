"""The entries of all cache servers, by the rules in `model`; the clock is the caller's."""

from collections import OrderedDict

from embedded_backend import model

_LIMIT = 500_000  # entries; a step of 128 tokens each, far more than a test run needs

_Entry = tuple[model.Scope, bytes]


class PromptCache:
    """Remembers prompts step by step and says how much of a new one it has."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self.limit = limit
        self._used: OrderedDict[_Entry, float] = OrderedDict()  # the longest unused first

    def take(self, scope: model.Scope, prompt: bytes, now: float, idle_seconds: float) -> int:
        """Returns the cached tokens of a prompt at a time in seconds, and remembers the prompt."""
        entries = [(scope, step) for step in model.steps(prompt)]
        self._forget(now - idle_seconds)
        matched = self._matched(entries)
        if model.tokens(len(prompt)) >= model.MINIMUM_TOKENS:
            self._use(entries, now)
        return model.cached_tokens(matched)

    def _matched(self, entries: list[_Entry]) -> int:
        return next((count for count, entry in enumerate(entries) if entry not in self._used), len(entries))

    def _use(self, entries: list[_Entry], now: float) -> None:
        for entry in entries:
            self._used[entry] = now
            self._used.move_to_end(entry)
        while len(self._used) > self.limit:
            self._used.popitem(last=False)

    def _forget(self, before: float) -> None:
        while self._used and next(iter(self._used.values())) < before:
            self._used.popitem(last=False)
