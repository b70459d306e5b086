"""Which of the remembered turns a new one is compared with: its predecessor, the last one of its conversation.

Neither an equal session nor an equal key shows that two turns are of one conversation, since agents, sub-agents and
batches share them; nor does an equal beginning, since all conversations of an agent begin with the items that set it
up, and some with the same question. What the model made does: it makes up call ids, encrypted reasoning and texts, so
an input that holds an answer of a remembered turn goes on from it, whatever else was rewritten.

So there are kinds of evidence, in the order of `EVIDENCE`. The first that any turn has decides which turns can be the
predecessor; of these it is the one with the same own id, then the one with the longest unchanged head, then the latest.
Without any evidence a turn is the first of its conversation that is known.

A sentence can be said in two conversations, a call id or encrypted reasoning cannot. So a text counts only where
own ids agree, or nothing better is found; a text or an id of a few characters counts only together with the first
message of the user (`turn/items.py`). What stands in two inputs and was not seen to be made proves nothing: examples in
a prompt look like answers.

Never a predecessor are turns without usage, warm-ups that hold less than is cached or are not named, and a turn that
was counted with clearly more tokens than one that extends it.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property

from ..turn.item_list import Items
from ..turn.items import TEXT
from ..turn.record import Record
from .index import opening_of
from .match import Match, is_compacted
from .similarity import (
    answers_in,
    goes_on_from_tail,
    has_other_id,
    has_same_head,
    has_similar_instructions,
    ids_differ,
    is_same_key,
    is_unique,
    made_by,
)
from .tokens import MINIMUM, slack


def choose(record: Record, matches: Iterable[Match]) -> Match | None:
    """Return the predecessor among remembered turns, None where none is of the same conversation."""
    possible = [match for match in matches if _is_counted(record, match.record)]
    while possible:
        candidates = Candidates(record, possible)
        evidence, found = next(((name, found) for name, find in EVIDENCE if (found := find(candidates))), ("", []))
        if not found:
            return None
        best = _best(candidates, found)
        if not is_contradicted(best, possible, record):
            return replace(best, evidence=evidence)
        possible = [match for match in possible if match is not best]
    return None


def sibling(record: Record, matches: Iterable[Match]) -> Record | None:
    """Return the turn of the same caller whose whole input this one begins with, None where there is none.

    For a turn without a predecessor, it opened another conversation.
    """
    whole = [match for match in matches if match.whole and match.shared_items]
    own = [match for match in whole if match.record.route.caller == record.route.caller]
    found = max(own, key=lambda match: (match.shared_items, *_age(match)), default=None)
    return found.record if found else None


class Candidates:
    """A turn and those that can be its predecessor, with what all kinds of evidence ask."""

    def __init__(self, record: Record, matches: list[Match]) -> None:
        self.record = record
        self.matches = matches
        self.answers = answers_in(record)
        """What identifies the model's items in this turn's input."""

    @cached_property
    def own(self) -> list[Match]:
        """The turns of the same caller, or with the same key."""
        route = self.record.route
        return [m for m in self.matches if m.record.route.caller == route.caller or is_same_key(route, m.record.route)]

    @cached_property
    def proven(self) -> list[Match]:
        """The turns that were answered with a call or reasoning in this turn's input."""
        return [match for match, given in self._given_answers if any(map(is_unique, given))]

    @cached_property
    def said(self) -> list[Match]:
        """The turns that were answered with a message in this turn's input."""
        return [match for match, given in self._given_answers if self._is_said(match.record, given)]

    def repeated(self, match: Match) -> frozenset[int]:
        """Return which answers behind the shared items stand in both inputs, and which of a turn's own in this one."""
        later = answers_in(self.record, match.shared_items)
        return later.intersection((*made_by(match.record), *answers_in(match.record, match.shared_items)))

    def with_conversations(self, found: list[Match]) -> list[Match]:
        """Return all turns of the conversations that some turns belong to."""
        conversations = {_conversation(match) for match in found}
        return [match for match in self.matches if _conversation(match) in conversations]

    def is_gone_on(self, count: int) -> bool:
        """Return True if a turn with the same ids has an answer behind the first `count` items which this one lacks."""
        going_on = [match.record for match in self.own if match.shared_items >= count]
        return any(
            self.answers.isdisjoint(later)
            for other in going_on
            if (later := answers_in(other, count)) and not ids_differ(self.record.route, other.route)
        )

    def goes_back_to(self, match: Match) -> bool:
        """Return True if this turn continues a turn that it extends, as after a rewind, and is no compaction of others.

        Then an answer comes next, if not one that is known. What is left of a compacted history may begin with a whole
        input as well, but more messages of the user or a summary come next.
        """
        items = self.record.prompt.items
        if match.shared_items == len(items) or not self.is_gone_on(match.shared_items):
            return True
        is_answer = items.arrays.answers[match.shared_items] != 0
        return is_answer and items.compactions <= match.record.prompt.items.compactions

    @cached_property
    def _given_answers(self) -> list[tuple[Match, frozenset[int]]]:
        """The turns of which answers stand in this one; older answers count where this turn is known to go on."""
        continued = self.record.continued
        known = ((m, answers_in(m.record) if m.record.number == continued else ()) for m in self.matches)
        given = ((match, self.answers.intersection((*made_by(match.record), *older))) for match, older in known)
        return [(match, answers) for match, answers in given if answers]

    def _is_said(self, other: Record, given: frozenset[int]) -> bool:
        if any(answer & TEXT for answer in given):
            return True
        return opening_of(self.record) == opening_of(other) is not None


# The kinds of evidence. Each returns the turns that have it.


def _named(candidates: Candidates) -> list[Match]:
    """Find the turn whose response is named, by its id, or a later one of its conversation that this one extends too.

    A client with several sockets names the last response of the one that it uses. A warm-up gives way to any turn of
    the same conversation that shares more items: a client that resumes one warms up tools and instructions alone, and
    sends the whole history with the first turn.
    """
    record = candidates.record
    named = [match for match in candidates.matches if match.record is record.named]
    if not named and not record.complete:
        return [match for match in candidates.matches if match.record.number == record.continued]
    if named and named[0].record.warm_up:
        others = (*_same_thread(candidates), *_answered(candidates))
        return [] if any(match.shared_items > named[0].shared_items for match in others) else named
    return [m for m in candidates.with_conversations(named) if m.whole and m.shared_items >= named[0].shared_items]


def _same_thread(candidates: Candidates) -> list[Match]:
    """Find the turns with the same thread id, which the official client gives to each of its agents."""
    thread = candidates.record.route.thread
    return [match for match in candidates.own if thread and match.record.route.thread == thread]


def _answered(candidates: Candidates) -> list[Match]:
    """Find the conversations of which a call or reasoning stands in the input, else a message, and own ids agree.

    Two callers with one prompt can get the same message: then it is the conversation of this turn's caller. A request
    of another shape may have made a summary, which stands as an answer (opencode): then it is what was summarized that
    goes on.
    """
    record = candidates.record
    said = [match for match in candidates.said if not has_other_id(record.route, match.record.route)]
    alike = [match for match in said if opening_of(match.record) == opening_of(record)]
    own = [match for match in alike if match.record.route.caller == record.route.caller]
    found = candidates.proven or own or said
    is_summary = bool(found) and not any(has_same_head(record, match.record) for match in found)
    return (is_summary and _compacted(candidates)) or candidates.with_conversations(found)


def _extended(candidates: Candidates) -> list[Match]:
    """Find the turns whose whole input this one begins with, where nothing says that these are two conversations.

    It does where any id differs, unless the client was seen to change its ids with each request; where the instructions
    are another agent's; and where the other conversation went on with an answer which this turn does not have.
    """
    record = candidates.record
    whole = [match for match in candidates.own if match.whole and match.shared_items]
    alike = [m for m in whole if _is_continued(record, m.record) or not ids_differ(record.route, m.record.route)]
    lengths = {match.shared_items for match in alike}
    open_ended = {length for length in lengths if not candidates.is_gone_on(length)}
    return [m for m in alike if m.shared_items in open_ended and has_similar_instructions(record, m.record)]


def _is_continued(record: Record, other: Record) -> bool:
    """Return True if a turn was known to continue another when it left, and is no fork in a thread of its own."""
    threads = {record.route.thread, other.route.thread} - {None}
    return other.number == record.continued and len(threads) < 2


def _said_elsewhere(candidates: Candidates) -> list[Match]:
    """Find the conversations of which a message stands in the input, although own ids differ.

    Another caller's conversation has to have the same opening as well.
    """
    own, opening = {id(match) for match in candidates.own}, opening_of(candidates.record)
    said = [match for match in candidates.said if id(match) in own or opening_of(match.record) == opening is not None]
    return candidates.with_conversations(said)


def _slid(candidates: Candidates) -> list[Match]:
    """Find the turns whose history goes on here, cut or edited at its front."""
    return [match for match in _same_line(candidates) if goes_on_from_tail(candidates.record, match.record)]


def _compacted(candidates: Candidates) -> list[Match]:
    """Find the longer turns that the input holds a compaction of, the server's or the client's."""
    return [match for match in _same_line(candidates) if is_compacted(candidates.record, match)]


def _same_line(candidates: Candidates) -> list[Match]:
    """Return the turns with the same key, tools and instructions whose other ids do not differ."""
    record = candidates.record
    alike = [match.record for match in candidates.own if is_same_key(record.route, match.record.route)]
    same = {id(one) for one in alike if not ids_differ(record.route, one.route) and has_same_head(record, one)}
    return [match for match in candidates.own if id(match.record) in same]


type Find = Callable[[Candidates], list[Match]]

EVIDENCE: tuple[tuple[str, Find], ...] = (
    ("response id", _named),
    ("thread", _same_thread),
    ("answer", _answered),
    ("extends", _extended),
    ("answer", _said_elsewhere),
    ("tail", _slid),
    ("compaction", _compacted),
)
"""The kinds of evidence, the best first.

Another caller's turn is found only by a response id, by an answer, or with the same key.
"""


# Which of several turns it is.


def _best(candidates: Candidates, found: list[Match]) -> Match:
    """Return the predecessor among turns with the same evidence.

    First come those with the same own id, then those from which this turn goes on: a request for a title or a summary
    has more of the history in common than the turn before it, but other tools or instructions, and nothing that is only
    there stands again. Then the longest unchanged head counts.
    """
    record = candidates.record

    def goes_on(match: Match) -> bool:
        return match.whole or has_same_head(record, match.record) or bool(candidates.repeated(match))

    ranks = [(not has_other_id(record.route, m.record.route), goes_on(m), m.shared_items) for m in found]
    first = [match for match, rank in zip(found, ranks, strict=True) if rank == max(ranks)]
    return first[0] if len(first) == 1 else _best_of_equal_heads(candidates, first)


def _best_of_equal_heads(candidates: Candidates, found: list[Match]) -> Match:
    """Return the predecessor among turns with equally long heads in common.

    It is one with the same tools and instructions. That one was edited of which later answers stand again; else this
    turn goes back to the one that it extends whole.
    """

    def rank(match: Match) -> tuple[float | bool, ...]:
        repeats = bool(candidates.repeated(match))
        same_head = has_same_head(candidates.record, match.record)
        return same_head, repeats, repeats or (match.whole and candidates.goes_back_to(match)), *_age(match)

    return max(found, key=rank)


def _age(match: Match) -> tuple[float, int]:
    return match.record.sent_at, match.record.number


def _conversation(match: Match) -> tuple[str, int]:
    return match.record.conversation_run, match.record.conversation


# What is never a predecessor.


def _is_counted(record: Record, other: Record) -> bool:
    """Return True if a turn was counted, and is no warm-up but one that is named and holds what can be cached."""
    tokens = other.usage.input if other.usage else 0
    return tokens > 0 and (not other.warm_up or (other is record.named and tokens >= MINIMUM))


def is_contradicted(match: Match, matches: Iterable[Match], record: Record) -> bool:
    """Return True if a turn was counted with clearly more tokens than one that extends it, which cannot be.

    It can be where the backend left out reasoning: its tokens are no more than half of its bytes. What extends it are
    other turns, and the turn itself of which it is a match, once that has ended.
    """
    other, items = match.record, match.record.prompt.items
    if not match.whole or other.usage is None:
        return False
    others = [one.record for one in matches if one.shared_items >= len(items)]
    longer = [one for one in (*others, record) if len(one.prompt.items) > len(items)]
    alike = [one for one in longer if has_same_head(one, other) and _model(one) == _model(other)]
    least = min((one.usage.input for one in alike if one.usage and one.usage.input), default=other.usage.input)
    return other.usage.input > least + slack(least) and other.usage.input - least > _reasoning(items) // 2


def _reasoning(items: Items) -> int:
    """Return the bytes of the reasoning among some items."""
    return sum(items[at].size for at, kind in enumerate(items.kinds()) if kind == "reasoning")


def _model(record: Record) -> str:
    return record.prompt.prefix.model
