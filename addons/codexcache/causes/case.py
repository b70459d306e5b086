"""What a verdict is based on: a turn, its predecessor, what changed, and what follows from the counters."""

from ..turns.record import Record, Usage
from ..unchanging import unchanging
from ..verdicts import PROMPT
from .changes import Change, tokens_before
from .predecessor import Match

MINIMUM = 1024
"""Tokens from which on a prompt is cached."""


@unchanging
class Case:
    """All that a verdict is based on. `load` is the number of turns that the key carried within the last minute."""

    record: Record
    match: Match | None
    changes: tuple[Change, ...]
    load: int

    @property
    def usage(self) -> Usage:
        """The turn's counters; only asked for where there are any."""
        assert self.record.usage is not None
        return self.record.usage

    @property
    def expected(self) -> int:
        """Tokens that would have been read had nothing gone wrong: all of the predecessor that this turn can hold."""
        assert self.match is not None
        assert self.match.record.usage is not None
        return min(self.match.record.usage.input, self.usage.input)

    @property
    def gap(self) -> float:
        """Seconds between the predecessor's end and this turn."""
        assert self.match is not None
        return self.record.sent_at - (self.match.record.ended_at or self.match.record.sent_at)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all changes, each once."""
        return tuple(dict.fromkeys(change.name for change in self.changes))

    def change(self, *names: str) -> Change | None:
        """Return the first change with one of these names."""
        return next((change for change in self.changes if change.name in names), None)


def reusable(case: Case) -> int:
    """Return how many tokens of the predecessor's prompt stand unchanged at the head of this one."""
    assert case.match is not None
    assert case.match.record.usage is not None
    breaks = [change.before for change in case.changes if change.name in PROMPT and change.before is not None]
    return min([case.match.record.usage.input, *breaks])


def repeated(case: Case) -> int:
    """Return how many tokens of the predecessor's prompt stand anywhere in this one; an estimate, by proportion.

    Tools and instructions that were edited count as far as they are no longer than before.
    """
    assert case.match is not None
    mine, theirs, head = case.record.prompt, case.match.record.prompt, case.match.head
    tools = {tool.name: tool.size for tool in mine.head.tools}
    items = set(mine.items.digests(head))
    again = [theirs.items[index].size for index, one in enumerate(theirs.items.digests(head), head) if one in items]
    size = sum(min(tool.size, tools.get(tool.name, 0)) for tool in theirs.head.tools)
    size += min(len(mine.head.instructions), len(theirs.head.instructions))
    return tokens_before(case.match, size + theirs.items.size(head) + sum(again))


def slack(tokens: int) -> int:
    """Return by how much the counters may fall short: 1,024 tokens or 5 %, whichever is more."""
    return max(MINIMUM, tokens // 20)
