"""Turns and conversations as tables of text, made of the summaries that flows carry."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..body.json_splice import Object, as_count
from ..text import cell, columns, number, with_symbols, wrapped
from .counter_names import CACHED, INPUT
from .turn_page import cached_share, clock, first_words, measured, title

if TYPE_CHECKING:
    from ..repair.memory import Conversation

type Table = list[list[str]]

_LONGEST = 400
"""Characters of a cell."""

_PLAIN = ("hit", "cold", "below_minimum", "warm_up")
"""Verdicts that need no reason in a list."""

_WHO = "client, and its first words"
_BELOW = ("because", _WHO)
"""Columns whose texts are put below their row where a table is too wide."""

_OPTIONAL = ("latest turn", "client", "cached", "model")
"""Columns that are left out where a table is too wide, the first first."""

_INDENT = " " * 6

_TURNS = ("turn", "time", "client", "model", "input", "cached", "share", "verdict", "because")
_CONVERSATIONS = (
    *("conversation", "model", "turns", "missed", "input", "cached", "share", "re-sent", "latest turn"),
    _WHO,
)


def turns_table(turn_summaries: Iterable[Object]) -> Table:
    """Return a row for each turn, in the order of time, under a row of names."""
    return [list(_TURNS), *map(_turn, _in_order(turn_summaries))]


def conversations_table(turn_summaries: Iterable[Object]) -> Table:
    """Return a row for each conversation, the latest last, under a row of names."""
    conversations, lengths = dict[str, list[Object]](), dict[str, int]()
    for turn_summary in _in_order(turn_summaries):
        name = str(turn_summary.get("conversation"))
        if length := as_count(turn_summary.get("first_words_length")):
            lengths[name] = length  # of a warm-up first: it may not have the user's own words yet
        if turn_summary.get("endpoint") == "handshake" or turn_summary.get("warm_up") is True:
            continue  # neither is a turn of a conversation
        turns = conversations.pop(name, [])
        turns.append(turn_summary)
        conversations[name] = turns
    rows = (_conversation(name, turns, lengths.get(name)) for name, turns in conversations.items())
    return [list(_CONVERSATIONS), *rows]


_REPAIRS = ("conversation", "client", "since", "turns held", "bytes", "repaired", "saved", "repairs")


def repairs_table(conversations: Iterable[tuple[str, "Conversation"]], enabled: Collection[str]) -> Table:
    """Return a row for each conversation whose turns are held for repairs, by its name, under a row of names."""
    return [list(_REPAIRS), *(_held(name, each, enabled) for name, each in conversations)]


def aligned(table: Table, width: int) -> Table:
    """Return a table whose rows are one aligned cell each; where it would be too wide, with fewer columns.

    The texts of `_BELOW` are then put below their rows.
    """
    rows = columns(table, names=1)
    if max(map(len, rows)) <= width:
        return [[row] for row in rows]
    names, *lines = table
    below = next((index for index, name in enumerate(names) if name in _BELOW), None)
    texts = ("", *("" if below is None else cells[below] for cells in lines))
    pairs = zip(_narrow(table, width), texts, strict=True)
    return [[line] for row, text in pairs for line in (row, *wrapped(text, width, _INDENT))]


def _narrow(table: Table, width: int) -> list[str]:
    """Return lines without the texts below, and without as many of the optional columns as would make them too wide."""
    for name in _BELOW:
        table = _without(table, name)
    rows = columns(table, names=1)
    for name in _OPTIONAL:
        if max(map(len, rows)) > width:
            rows = columns(table := _without(table, name), names=1)
    return rows


def _without(table: Table, name: str) -> Table:
    kept = [index for index, each in enumerate(table[0]) if each != name]
    return [[row[index] for index in kept] for row in table]


def _in_order(turn_summaries: Iterable[Object]) -> list[Object]:
    return sorted(turn_summaries, key=lambda turn_summary: _measure(turn_summary, "sent_at"))


def _turn(turn_summary: Object) -> list[str]:
    return _row(
        str(turn_summary.get("turn", "")),
        clock(turn_summary.get("sent_at")),
        str(turn_summary.get("client") or "-"),
        str(turn_summary.get("model") or "-"),
        *_tokens(turn_summary),
        title(turn_summary),
        "" if turn_summary.get("verdict") in _PLAIN else str(turn_summary.get("because", "")),
    )


def _conversation(name: str, turns: Sequence[Object], length: int | None) -> list[str]:
    reporting = [turn for turn in turns if CACHED in turn]
    total: Object = {key: _sum(reporting, key) for key in (INPUT, CACHED)} if reporting else {}
    return _row(
        name,
        str(turns[-1].get("model") or "-"),
        str(len(turns)),
        str(sum(turn.get("is_miss") is True for turn in turns)),
        *_tokens(total),
        number(as_count(_sum(turns, "resent_tokens"))),
        f"{clock(turns[-1].get('sent_at'))} {title(turns[-1])}",
        f"{turns[-1].get('client') or '-'}, {first_words(length) or 'first words not seen'}",
    )


def _held(name: str, held: "Conversation", enabled: Collection[str]) -> list[str]:
    in_force = ", ".join(sorted(set(enabled) - held.over.keys()))
    over = (f"{', '.join(sorted(ended))} over: {reason}" for reason, ended in _by_reason(held).items())
    counts = map(number, (len(held.names), held.size, held.turns, held.saved))
    return _row(name, held.client or "-", clock(held.begun), *counts, "; ".join(filter(None, (in_force, *over))))


def _by_reason(held: "Conversation") -> dict[str, list[str]]:
    """Return the repairs that have ended in a conversation, by the reason."""
    return {reason: [each for each, why in held.over.items() if why == reason] for reason in held.over.values()}


def _tokens(turn_summary: Object) -> Iterator[str]:
    yield from (number(as_count(turn_summary.get(name))) for name in (INPUT, CACHED))
    yield cached_share(turn_summary)


def _measure(turn_summary: Object, name: str) -> float:
    return measured(turn_summary.get(name)) or 0


def _sum(turns: Iterable[Object], name: str) -> int:
    return int(sum(_measure(turn, name) for turn in turns))


def _row(*texts: str) -> list[str]:
    """Return texts as cells. A summary may come out of a file that anyone could have written."""
    return [cell(with_symbols(text[:_LONGEST])) for text in texts]
