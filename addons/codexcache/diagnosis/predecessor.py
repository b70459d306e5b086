"""Which of the turns that have something in common with a new one is its predecessor.

The predecessor of a turn is the one whose prompt stands again at the head of this one, the furthest in items: not the
last request, and not merely the same key, which titles, sub-agents and compaction calls share.

What stands again is evidence of one conversation only if others could not share it. All conversations of an agent begin
with what sets it up; those with one opening are alike until they are answered. So where the client itself tells two
turns apart, by key, session or thread, or another caller sent one of them, an answer has to stand in both.
"""

from collections.abc import Iterator
from itertools import groupby

from ..static_frozen import static_frozen
from ..turn.record import Record

_FROM_THE_CLIENT = frozenset(
    {"user message", "developer message", "system message", "message", "additional_tools", "compaction_trigger"}
)
"""Items that stand in an input before anything was answered."""

_SETTING = frozenset({"developer message", "system message", "additional_tools"})
"""Items that set an agent up. All of its conversations begin with them."""


@static_frozen
class Match:
    """A predecessor, and how many items at the head are the same."""

    record: Record
    head: int

    @property
    def whole(self) -> bool:
        """Whether the predecessor's whole input stands again."""
        return self.head == len(self.record.prompt.items)


def match_of(record: Record, other: Record) -> Match:
    """Return how far a turn begins as another one did."""
    return Match(record=other, head=record.prompt.items.common_prefix_length(other.prompt.items))


def same_route(record: Record, other: Record) -> bool:
    """Tell at a glance whether two turns differ in items and answers at the most, as nearly all do."""
    return record.route is other.route and record.prompt.prefix is other.prompt.prefix


def choose(record: Record, matches: list[Match]) -> Match | None:
    """Return the predecessor among what begins alike, None where nothing is of the same conversation.

    The first turn that gives enough evidence shows which conversation it is; its best turn is the predecessor.
    """
    passed = list[Match]()
    for match in _ranked(record, _same_agent(record, _without_other_callers(record, matches))):
        passed.append(match)
        if _is_same_conversation(record, match):
            return next(one for one in passed if one.record.conversation == match.record.conversation)
    return None


def _same_agent(record: Record, matches: list[Match]) -> list[Match]:
    """Leave out other agents and, where this turn extends one of its own, those that only happened to begin alike."""
    agents = [match for match in matches if not _looks_like_another_agent(record, match)]
    own = [match for match in agents if not _ids_differ(record, match.record)]
    if not any(match.whole and match.head for match in own):
        return agents
    return [match for match in agents if match.whole or not _ids_differ(record, match.record)]


def _ranked(record: Record, matches: list[Match]) -> Iterator[Match]:
    """Yield matches, the best first; what takes long to find out is only asked where heads are equal."""
    for _, alike in groupby(sorted(matches, key=_head, reverse=True), _head):
        yield from sorted(alike, key=lambda match: _rank(record, match), reverse=True)


def _head(match: Match) -> int:
    return match.head


def _without_other_callers(record: Record, matches: list[Match]) -> list[Match]:
    """Leave out other callers' turns where this one goes on with a turn of its own."""
    if not any(_is_surely_gone_on_with(record, match) for match in matches):
        return matches
    return [match for match in matches if _is_own(record, match.record)]


def _is_surely_gone_on_with(record: Record, match: Match) -> bool:
    """Tell whether a turn of the same caller was answered with what stands next in this one.

    Another caller may have had the very same conversation, and further: its cache is none that this turn can read.
    """
    other = match.record
    answered = _answers_that_follow(record, match) == len(other.outputs) > 0
    return match.whole and _is_own(record, other) and (answered or (other is record.named and match.head > 0))


def _rank(record: Record, match: Match) -> tuple[int | bool, ...]:
    """Rank turns with equal heads: first what this turn extends whole unless history was compacted, then the latest.

    But a turn can go back to an earlier one, or have a later one's history edited behind that: then what was edited is
    the predecessor. And conversations with one opening are alike until they are answered: so the turn that is named
    comes first, then the one whose answer stands next, and before the latest the one with more of the same identity.
    """
    other, answered = match.record, _answers_that_follow(record, match)
    return (
        other is record.named,
        answered == len(other.outputs) > 0,
        _is_edited(record, match),
        answered > 0,
        match.whole and not _new_compactions(record, other),
        _kinship(record, other),
        other.number,
    )


def _answers_that_follow(record: Record, match: Match) -> int:
    """Return how many items of the predecessor's answer stand next in this turn, which then goes on with it."""
    outputs = match.record.outputs if match.whole else ()
    given = record.prompt.items.digests(match.head, match.head + len(outputs))
    return sum(output.digest in given for output in outputs)


def _is_edited(record: Record, match: Match) -> bool:
    """Tell whether answers behind the first difference stand again: they were not given anew."""
    return not match.whole and not _FROM_THE_CLIENT.issuperset(_repeated_items(record, match).values())


def _kinship(record: Record, other: Record) -> int:
    """Return how much of what tells senders, conversations and agents apart is the same."""
    mine, theirs = record.route, other.route
    return sum(
        (
            (mine.caller, mine.account) == (theirs.caller, theirs.account),
            mine.key == theirs.key,
            mine.session == theirs.session,
            mine.thread == theirs.thread,
        )
    )


def _is_same_conversation(record: Record, match: Match) -> bool:
    """Tell whether what stands again is enough to speak of one conversation."""
    other, total = match.record, len(match.record.prompt.items)
    if other is record.named:
        return True
    if match.whole and total:
        return _is_own(record, other) or _shows_an_answer(record, match)
    return _is_own(record, other) and (_shares_a_head(record, match) if match.head else _shares_a_rest(record, match))


def _is_own(record: Record, other: Record) -> bool:
    """Tell whether another turn can be of this turn's conversation without further evidence."""
    return other.route.caller == record.route.caller or _is_same_key(record, other)


def _shows_an_answer(record: Record, match: Match) -> bool:
    """Tell whether this turn knows what was answered, which another caller with the same opening does not."""
    theirs, mine = match.record.prompt.items.kinds(), record.prompt.items.kinds()
    if not _FROM_THE_CLIENT.issuperset(theirs):
        return True
    follows = not _FROM_THE_CLIENT.issuperset(mine[match.head :])
    return _answers_that_follow(record, match) > 0 if match.record.outputs else follows


def _shares_a_head(record: Record, match: Match) -> bool:
    """Tell whether a partial head is more than what all conversations of an agent begin with."""
    other, common = match.record, _common_kinds(record, match)
    if _new_compactions(record, other) and _is_same_key(record, other) and not _ids_differ(record, other):
        return True
    if common <= (_FROM_THE_CLIENT if _ids_differ(record, other) else _SETTING):
        return False
    half = 2 * match.head >= len(other.prompt.items)
    return half or _new_compactions(record, other) or bool(_repeated_items(record, match))


def _shares_a_rest(record: Record, match: Match) -> bool:
    """Tell whether a turn that begins otherwise goes on with what is left of a history.

    Its oldest items were dropped or edited, or all of it was compacted.
    """
    other = match.record
    if not _is_same_key(record, other) or _ids_differ(record, other):
        return False
    if _new_compactions(record, other):
        return True
    mine, theirs, rest = record.prompt.prefix, other.prompt.prefix, _repeated_items(record, match)
    if mine.instructions != theirs.instructions or mine.tools != theirs.tools or not rest:
        return False
    return not set(rest.values()) <= _FROM_THE_CLIENT or (0 in rest and not set(rest.values()) <= _SETTING)


def _common_kinds(record: Record, match: Match) -> set[str]:
    """Return the kinds of the items that stand in both turns."""
    return {*record.prompt.items.kinds()[: match.head], *_repeated_items(record, match).values()}


def _repeated_items(record: Record, match: Match) -> dict[int, str]:
    """Return the kinds of the items behind the first difference that stand again further on, by index."""
    later, items = set(match.record.prompt.items.digests(match.head)), record.prompt.items
    again = enumerate(items.digests(match.head), match.head)
    return {index: items.kinds()[index] for index, digest in again if digest in later}


def _ids_differ(record: Record, other: Record) -> bool:
    """Tell whether the client itself says that two turns are of different conversations or agents."""
    mine, theirs = record.route, other.route
    threads = mine.thread and theirs.thread and mine.thread != theirs.thread
    sessions = mine.session and theirs.session and mine.session != theirs.session
    return bool(threads or sessions or mine.key != theirs.key)


def _is_same_key(record: Record, other: Record) -> bool:
    return record.route.key is not None and record.route.key == other.route.key


def _new_compactions(record: Record, other: Record) -> bool:
    return not record.prompt.items.compactions <= other.prompt.items.compactions


def _looks_like_another_agent(record: Record, match: Match) -> bool:
    """Tell a title request, say, from the turn with the same opening: none of its tools, and other instructions.

    One that has a whole history with its answers is the same conversation, which goes on in another way.
    """
    mine, theirs = record.prompt.prefix, match.record.prompt.prefix
    if match.record is record.named or mine is theirs or mine.tools == theirs.tools:
        return False
    ours, others = {tool.name for tool in mine.tools}, {tool.name for tool in theirs.tools}
    if not ours.isdisjoint(others) or ours == others or mine.instructions[:64] == theirs.instructions[:64]:
        return False
    return not (match.whole and _shows_an_answer(record, match))
