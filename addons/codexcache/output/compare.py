"""Any two turns, compared as if the first were the second's predecessor."""

from collections.abc import Iterator

from ..body.json_splice import Json, Object, as_count
from ..diagnosis.match import Match, match_of
from ..diagnosis.prompt_diff import find_changes
from ..text import WIDTH, counted, facts, number, wrapped
from ..turn.item_list import Items
from ..turn.prompt import read_prompt
from ..turn.record import Record, Route, Usage
from .counter_names import INPUT
from .first_difference import difference_lines, first_difference_in_prompt
from .prompt_parts import prompt_parts
from .turn_page import bar_lines, joined, listed, parts_of, title

_LABEL = 5
"""Columns of the label before a turn's facts."""


def compare(was: Object, was_summary: Object, now: Object, now_summary: Object, width: int = WIDTH) -> str:
    """Return what is different between two whole prompts, given also the summaries of their turns.

    Lines have at most `width` characters.
    """
    old, new = _record(was, was_summary), _record(now, now_summary)
    match = match_of(new, old)
    changes = find_changes(new, match)
    identity = sorted(_identity_changes(was_summary, now_summary))
    sections = (
        _headline(was_summary, now_summary, width),
        bar_lines(parts_of(list(prompt_parts(new, match, changes))), width),
        _shared_items(old.prompt.items, match, width),
        listed([*identity, *(f"{change.name}: {change.detail}" for change in changes)], width),
        difference_lines(first_difference_in_prompt(was, now), width),
    )
    return joined(sections)


def _record(prompt: Object, turn_summary: Object) -> Record:
    """Return a record whose route says nothing: summaries hold pseudonyms only, which are compared apart."""
    given = as_count(turn_summary.get(INPUT))
    return Record(
        number=0,
        flow="",
        endpoint="responses",
        route=Route(key=None, session="-", caller=b"", account="", transport="http", socket="", host=""),
        prompt=read_prompt(prompt),
        sent_at=0,
        usage=None if given is None else Usage(input=given, cached=None, output=None),
    )


def _headline(was: Object, now: Object, width: int) -> Iterator[str]:
    for label, turn_summary in (("was", was), ("now", now)):
        known = (
            f"turn {turn_summary.get('turn', '?')}",
            str(turn_summary.get("model") or "-"),
            f"{number(as_count(turn_summary.get(INPUT)))} tokens",
            title(turn_summary),
        )
        for index, line in enumerate(facts(known, width - _LABEL)):
            yield f"{'' if index else label:<{_LABEL}}{line}"


def _shared_items(items: Items, match: Match, width: int) -> list[str]:
    shared = f"{match.shared_items} {'is' if match.shared_items == 1 else 'are'} the same at the start of the second"
    return wrapped(f"Of the first turn's {counted(len(items), 'item')}, {shared}.", width)


def _identity_changes(was: Object, now: Object) -> Iterator[str]:
    old, new = was.get("identity"), now.get("identity")
    if isinstance(old, dict) and isinstance(new, dict):
        for name in old.keys() & new.keys():
            if _pseudonym(old[name]) != _pseudonym(new[name]):
                yield f"{name}: {_pseudonym(old[name])} became {_pseudonym(new[name])}"


def _pseudonym(pair: Json) -> str:
    return str(pair[0] or "absent") if isinstance(pair, list) and pair else "absent"
