"""A turn that another one is compared with, and how far both begin alike."""

from ..static_frozen import static_frozen
from ..turn.record import Record


@static_frozen
class Match:
    """A turn whose first `shared_items` items are the new turn's too; `whole` if these are all that it has.

    `same_route` is True if both share the same Route and PromptPrefix objects, so that only items and answers differ.
    That is cheap to find out, and nearly all turns of a conversation share them. `evidence` says how a predecessor was
    recognized, by its name in `EVIDENCE`; "" where that was not asked.
    """

    record: Record
    shared_items: int
    whole: bool
    same_route: bool
    evidence: str = ""


def match_of(record: Record, other: Record) -> Match:
    """Return how far a turn begins as another one did."""
    shared = record.prompt.items.common_prefix_length(other.prompt.items)
    same = record.route is other.route and record.prompt.prefix is other.prompt.prefix
    return Match(record=other, shared_items=shared, whole=shared == len(other.prompt.items), same_route=same)


def is_compacted(record: Record, match: Match) -> bool:
    """Return True if a shorter input holds the server's compaction of a turn's history, or quotes a summary of it."""
    items, older = record.prompt.items, match.record.prompt.items
    if items.size() >= older.size():
        return False
    return not items.compactions <= older.compactions or bool(quoted(record, match))


def quoted(record: Record, match: Match) -> tuple[int, ...]:
    """Return the places in the whole input of early messages that quote an answer, and are new since a turn."""
    if match.whole or not record.quoting:
        return ()
    items, known = record.prompt.items, set(match.record.prompt.items.digests())
    answers = {output.digest for output in match.record.outputs}
    found, is_front = list[int](), True
    for item in (items[at] for at in range(match.shared_items, len(items))):
        is_front = is_front and item.digest not in known  # an answer behind what it answers is only what was left
        if item.input_index in record.quoting and item.digest not in known and (is_front or item.digest not in answers):
            found.append(item.input_index)
    return tuple(found)
