"""Any two turns, compared as if the first were the second's predecessor."""

from collections.abc import Iterable, Iterator

from ..body.json_splice import Json, Object
from ..diagnosis.predecessor import Match, match_of
from ..diagnosis.prompt_diff import Change, find_changes
from ..text import WIDTH, counted, facts, wrapped
from ..turn.item_list import Items
from ..turn.prompt import read_prompt
from ..turn.record import Record, Route, Usage
from .first_difference import difference_lines, first_difference_in_prompt
from .prompt_bar import bar_lines
from .turn_page import joined, number, parts_of, title
from .turn_summary import signature

_LABEL = 5
"""Columns of what stands before a turn's facts."""


def compare(was: Object, was_portrait: Object, now: Object, now_portrait: Object, width: int = WIDTH) -> str:
    """Return what is different between two whole prompts, given also the portraits of their turns.

    Lines have at most `width` characters.
    """
    one, other = _record(was, was_portrait), _record(now, now_portrait)
    match = match_of(other, one)
    changes = tuple(find_changes(other, match))
    sections = (
        _headline(was_portrait, now_portrait, width),
        _parts(list(signature(other, match, changes)), width),
        _shared_items(one.prompt.items, match, width),
        _changes(changes, _identity_changes(was_portrait, now_portrait), width),
        difference_lines(first_difference_in_prompt(was, now), width),
    )
    return joined(sections)


def _record(prompt: Object, turn_summary: Object) -> Record:
    """Return a record whose route says nothing: portraits tell fingerprints only, which are compared apart."""
    given = turn_summary.get("gen_ai.usage.input_tokens")
    return Record(
        number=0,
        flow="",
        endpoint="responses",
        route=Route(key=None, session="-", caller=b"", account="", transport="http", socket="", host=""),
        prompt=read_prompt(prompt),
        sent_at=0,
        usage=Usage(input=given, cached=None, output=None) if isinstance(given, int) else None,
    )


def _headline(was: Object, now: Object, width: int) -> Iterator[str]:
    for label, turn_summary in (("was", was), ("now", now)):
        tokens = f"{number(turn_summary.get('gen_ai.usage.input_tokens'))} tokens"
        said = (
            f"turn {turn_summary.get('turn', '?')}",
            str(turn_summary.get("model") or "-"),
            tokens,
            title(turn_summary),
        )
        for place, line in enumerate(facts(said, width - _LABEL)):
            yield f"{'' if place else label:<{_LABEL}}{line}"


def _parts(rows: list[Json], width: int) -> Iterator[str]:
    if parts := parts_of(rows):
        yield from bar_lines(parts, width)


def _shared_items(items: Items, match: Match, width: int) -> list[str]:
    shared = f"{match.shared_items} {'is' if match.shared_items == 1 else 'are'} the same at the start of the second"
    return wrapped(f"Of the first turn's {counted(len(items), 'item')}, {shared}.", width)


def _identity_changes(was: Object, now: Object) -> Iterator[str]:
    """Yield what differs in the fingerprints of the two turns' identities."""
    before, after = was.get("identity"), now.get("identity")
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() & after.keys():
            if _pseudonym(before[name]) != _pseudonym(after[name]):
                yield f"{name}: {_pseudonym(before[name])} became {_pseudonym(after[name])}"


def _pseudonym(pair: Json) -> str:
    return str(pair[0] or "absent") if isinstance(pair, list) and pair else "absent"


def _changes(changes: Iterable[Change], cache_key: Iterable[str], width: int) -> Iterator[str]:
    said = [*sorted(cache_key), *(f"{change.name}: {change.detail}" for change in changes)]
    yield "Every difference" if said else "Every difference: none."
    for line in said:
        yield from wrapped(line, width, "  - ", "    ")
