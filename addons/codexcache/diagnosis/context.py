"""All that a verdict is based on: the turn, its predecessor, what differs, the load, and what is remembered."""

from collections.abc import Sequence

from ..static_frozen import static_frozen
from ..turn.record import Record, Usage
from .history import History, Sender
from .learned import LIKELY_SECONDS, NO_LOAD, POSSIBLY_SECONDS, IdleAfter, Learned, Load
from .match import Match
from .prompt_diff import Change

CONDITIONS = frozenset(
    {
        "account_changed",
        "prompt_cache_key_changed",
        "session_changed",
        "session_missing",
        "service_tier_changed",
        "key_replaced",
        "transport_changed",
    }
)
"""Changes that can be the habit of a client or a backend."""


@static_frozen
class RuleContext:
    """All that a verdict is based on.

    `history` are the turns that are remembered, `learned` is what they have shown of pauses.
    """

    record: Record
    match: Match | None
    changes: tuple[Change, ...]
    load: Load = NO_LOAD
    history: History | None = None
    learned: Learned | None = None

    @property
    def other(self) -> Record:
        """The predecessor; only asked for where there is one."""
        assert self.match is not None
        return self.match.record

    @property
    def usage(self) -> Usage:
        """The turn's counters; only asked for where there are any."""
        assert self.record.usage is not None
        return self.record.usage

    @property
    def shared_items(self) -> int:
        """Items that the input has in common with the predecessor's from the start."""
        return self.match.shared_items if self.match else 0

    @property
    def cached(self) -> int:
        """Tokens that were read."""
        return self.usage.cached or 0

    @property
    def expected(self) -> int:
        """Tokens that would have been read had nothing gone wrong: all of the predecessor that this turn can hold."""
        assert self.other.usage is not None
        return min(self.other.usage.input, self.usage.input)

    @property
    def unread(self) -> int:
        """Tokens that would have been read and were not."""
        return max(0, self.expected - self.cached)

    @property
    def gap(self) -> float:
        """Seconds between the predecessor's start and this turn's."""
        return self.record.sent_at - self.other.sent_at

    @property
    def makers(self) -> Sequence[Record | None]:
        """The turns that made the encrypted items which the backend cannot read, None for one that is not known."""
        return self.history.makers(self.record) if self.history is not None else ()

    @property
    def sibling(self) -> Record | None:
        """Another conversation's turn with the same opening."""
        return self.history.sibling(self.record) if self.history is not None else None

    @property
    def attempt(self) -> Record | None:
        """An earlier attempt at this turn, or one that sent more of it than its predecessor; it ended without usage."""
        return self.history.attempt(self.record, self.shared_items) if self.history is not None else None

    @property
    def sender(self) -> Sender:
        """The turn that had sent what a turn without a predecessor begins with."""
        return self.history.sender(self.record) if self.history is not None else Sender(None, False)

    @property
    def idle_after(self) -> IdleAfter:
        """The pauses after which the cache is likely or possibly gone."""
        if self.learned is None:
            return IdleAfter(LIKELY_SECONDS, POSSIBLY_SECONDS)
        return self.learned.idle_after(self.record.route.host, self.record.prompt.prefix.model)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all changes, each once."""
        return tuple(dict.fromkeys(change.name for change in self.changes))

    def change(self, *names: str) -> Change | None:
        """Return the first change with one of these names."""
        return next((change for change in self.changes if change.name in names), None)

    def is_habit(self, name: str) -> bool:
        """Return True if a change was there on turns that hit all the same."""
        condition = self.other.ledger.condition(name)
        return condition is not None and condition.is_habit
