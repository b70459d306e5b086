"""Which of the turns that share something with a new one is its predecessor.

The predecessor of a turn is the one whose prompt this turn repeats from the start, the furthest in items. It need not
be the last request, and the same key is not enough: titles, sub-agents and compaction calls have it too.

A repeated prompt is evidence of one conversation only if other conversations could not have it. All conversations of an
agent begin with the items that set it up, and those with the same first message are equal until they are answered. So
where the client's own ids differ (key, session or thread), or another caller sent one of the turns, an answer has to be
repeated as well.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from ..static_frozen import static_frozen
from ..turn.record import Record

_CLIENT_ITEMS = frozenset(
    {"user message", "developer message", "system message", "message", "additional_tools", "compaction_trigger"}
)
"""Items that an input can have before anything was answered."""

_SAME_AGENT = 64
"""Characters of the instructions that two agents do not begin with in common."""

_SETUP_ITEMS = frozenset({"developer message", "system message", "additional_tools"})
"""Items that set an agent up. All of its conversations begin with them."""


@static_frozen
class Match:
    """A predecessor whose first `shared_items` items are the turn's too; `whole` if these are all that it has.

    `same_route` is True if both share the same Route and PromptPrefix objects, so that only items and answers differ.
    That is cheap to find out, and nearly all turns of a conversation share them.
    """

    record: Record
    shared_items: int
    whole: bool
    same_route: bool


def match_of(record: Record, other: Record) -> Match:
    """Return how far a turn begins as another one did."""
    shared = record.prompt.items.common_prefix_length(other.prompt.items)
    same = record.route is other.route and record.prompt.prefix is other.prompt.prefix
    return Match(record=other, shared_items=shared, whole=shared == len(other.prompt.items), same_route=same)


def choose(record: Record, matches: list[Match]) -> Match | None:
    """Return the predecessor among turns that begin alike, None where none is of the same conversation.

    An answer that is repeated shows which conversation it is, else the first turn that gives enough evidence; its best
    turn is the predecessor.
    """
    if continued := next((match for match in matches if match.record.number == record.continued), None):
        matches = [match for match in matches if _conversation(match) == _conversation(continued)]
    passed = list[Match]()
    for match in _ranked(record, _same_agent(record, _without_other_callers(record, matches))):
        passed.append(match)
        if _is_same_conversation(record, match):
            return next(one for one in passed if _conversation(one) == _conversation(match))
    return None


def _conversation(match: Match) -> tuple[str, int]:
    return match.record.conversation_run, match.record.conversation


def _same_agent(record: Record, matches: list[Match]) -> list[Match]:
    """Leave out other agents and, where this turn extends one with its ids, those that only happened to begin alike."""
    agents = [match for match in matches if not _looks_like_another_agent(record, match)]
    same_ids = [match for match in agents if not _ids_differ(record, match.record)]
    if not any(match.whole and match.shared_items for match in same_ids):
        return agents
    return [match for match in agents if match.whole or not _ids_differ(record, match.record)]


def _ranked(record: Record, matches: list[Match]) -> Iterator[Match]:
    """Yield matches, the best first; what takes long to find out is only asked of those that share as many items."""
    shared = attrgetter("shared_items")
    for _, equals in groupby(sorted(matches, key=shared, reverse=True), shared):
        yield from sorted(equals, key=lambda match: _rank(record, match), reverse=True)


def _without_other_callers(record: Record, matches: list[Match]) -> list[Match]:
    """Leave out other callers' turns where this one extends a turn of its own caller."""
    if not any(_is_surely_extended(record, match) for match in matches):
        return matches
    return [match for match in matches if _is_same_caller_or_key(record, match.record)]


def _is_surely_extended(record: Record, match: Match) -> bool:
    """Return True if a turn of the same caller was answered with the items that come next in this one.

    Another caller may have had the very same conversation, and further: this turn cannot read its cache.
    """
    other = match.record
    answered = _repeated_answers(record, match) == len(other.outputs) > 0
    named = other is record.named and match.shared_items > 0
    return match.whole and _is_same_caller_or_key(record, other) and (answered or named)


def _rank(record: Record, match: Match) -> tuple[float | bool, ...]:
    """Return the rank of a turn among those that share as many items; the highest is the predecessor.

    What counts, in this order: that it is named; that all of its answer comes next, since conversations with the same
    first message are equal until they are answered; that this turn edited its later history, and did not go back to it;
    that some of its answer comes next; that this turn extends it whole, unless history was compacted; how many ids are
    equal; that it is the latest.
    """
    other, answered = match.record, _repeated_answers(record, match)
    return (
        other is record.named,
        answered == len(other.outputs) > 0,
        _is_edited(record, match),
        answered > 0,
        match.whole and not _is_newly_compacted(record, other),
        _equal_ids(record, other),
        other.sent_at,
    )


def _repeated_answers(record: Record, match: Match) -> int:
    """Return how many items of the predecessor's answer come next in this turn, which then extends it."""
    outputs = match.record.outputs if match.whole else ()
    given = record.prompt.items.digests(match.shared_items, match.shared_items + len(outputs))
    return sum(output.digest in given for output in outputs)


def _is_edited(record: Record, match: Match) -> bool:
    """Return True if answers after the first difference are repeated, and so were not given again."""
    return not match.whole and not _CLIENT_ITEMS.issuperset(_repeated_items(record, match).values())


def _equal_ids(record: Record, other: Record) -> int:
    new, old = record.route, other.route
    return sum(
        (
            (new.caller, new.account) == (old.caller, old.account),
            new.key == old.key,
            new.session == old.session,
            new.thread == old.thread,
        )
    )


def _is_same_conversation(record: Record, match: Match) -> bool:
    """Return True if what is repeated is enough to speak of one conversation."""
    other = match.record
    if other is record.named or other.number == record.continued:
        return True
    own = _is_same_caller_or_key(record, other)
    if match.whole and match.shared_items:
        return own or _shows_an_answer(record, match)
    return own and (_shares_start(record, match) if match.shared_items else _shares_rest(record, match))


def _is_same_caller_or_key(record: Record, other: Record) -> bool:
    """Return True if another turn can be of this turn's conversation without an answer as evidence."""
    return other.route.caller == record.route.caller or _is_same_key(record, other)


def _shows_an_answer(record: Record, match: Match) -> bool:
    """Return True if this turn has an answer in it, which another caller with the same first message has not."""
    if not _CLIENT_ITEMS.issuperset(match.record.prompt.items.kinds()):
        return True
    if match.record.outputs:
        return _repeated_answers(record, match) > 0
    return not _CLIENT_ITEMS.issuperset(record.prompt.items.kinds()[match.shared_items :])


def _shares_start(record: Record, match: Match) -> bool:
    """Return True if the shared items are more than what all conversations of an agent begin with."""
    other, common = match.record, _common_kinds(record, match)
    if _is_newly_compacted(record, other) and _is_same_key(record, other) and not _ids_differ(record, other):
        return True
    if common <= (_CLIENT_ITEMS if _ids_differ(record, other) else _SETUP_ITEMS):
        return False
    half = 2 * match.shared_items >= len(other.prompt.items)
    return half or _is_newly_compacted(record, other) or bool(_repeated_items(record, match))


def _shares_rest(record: Record, match: Match) -> bool:
    """Return True if a turn that begins otherwise extends what is left of a history.

    Its oldest items were dropped or edited, or all of it was compacted.
    """
    other = match.record
    if not _is_same_key(record, other) or _ids_differ(record, other):
        return False
    if _is_newly_compacted(record, other):
        return True
    new, old, rest = record.prompt.prefix, other.prompt.prefix, _repeated_items(record, match)
    if new.instructions != old.instructions or new.tools != old.tools or not rest:
        return False
    return not set(rest.values()) <= _CLIENT_ITEMS or (0 in rest and not set(rest.values()) <= _SETUP_ITEMS)


def _common_kinds(record: Record, match: Match) -> set[str]:
    return {*record.prompt.items.kinds()[: match.shared_items], *_repeated_items(record, match).values()}


def _repeated_items(record: Record, match: Match) -> dict[int, str]:
    """Return the kinds of the items after the first difference that the predecessor has too, by index."""
    start, items = match.shared_items, record.prompt.items
    later, kinds = set(match.record.prompt.items.digests(start)), items.kinds()
    return {index: kinds[index] for index, digest in enumerate(items.digests(start), start) if digest in later}


def _ids_differ(record: Record, other: Record) -> bool:
    """Return True if the client itself says that two turns are of different conversations or agents."""
    new, old = record.route, other.route
    threads = new.thread and old.thread and new.thread != old.thread
    sessions = new.session and old.session and new.session != old.session
    return bool(threads or sessions or new.key != old.key)


def _is_same_key(record: Record, other: Record) -> bool:
    return record.route.key is not None and record.route.key == other.route.key


def _is_newly_compacted(record: Record, other: Record) -> bool:
    return not record.prompt.items.compactions <= other.prompt.items.compactions


def _looks_like_another_agent(record: Record, match: Match) -> bool:
    """Return True for a title request, say, with the same first message: other instructions, and none of the tools.

    One that has a whole history with its answers is the same conversation, which continues in another way.
    """
    new, old = record.prompt.prefix, match.record.prompt.prefix
    if match.record is record.named or new is old or new.tools == old.tools:
        return False
    new_names, old_names = {tool.name for tool in new.tools}, {tool.name for tool in old.tools}
    if (
        not new_names.isdisjoint(old_names)
        or new_names == old_names
        or new.instructions == old.instructions
        or new.instructions.common_length(old.instructions) >= _SAME_AGENT
    ):
        return False
    return not (match.whole and _shows_an_answer(record, match))
