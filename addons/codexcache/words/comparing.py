"""Any two turns, compared as if the first were the second's predecessor."""

from collections.abc import Iterable, Iterator

from ..causes.changes import Change, find_changes
from ..causes.predecessor import Match
from ..turns.columns import Items
from ..turns.prompt import read_prompt
from ..turns.record import Record, Route, Usage
from ..wire.document import Json, Object
from .excerpt import first_break
from .page import excerpt_lines, joined, number, parts_of, title
from .portrait import signature
from .signature import LEGEND, strip, table

_WIDTH = 72


def compare(was: Object, was_portrait: Object, now: Object, now_portrait: Object) -> str:
    """Return what is different between two whole prompts, given also the portraits of their turns."""
    one, other = _record(was, was_portrait), _record(now, now_portrait)
    match = Match(record=one, head=other.prompt.items.common_head(one.prompt.items))
    changes = tuple(find_changes(other, match))
    sections = (
        _headline(was_portrait, now_portrait),
        _parts(list(signature(other, match, changes))),
        _stands_again(one.prompt.items, match),
        _changes(changes, _identity_changes(was_portrait, now_portrait)),
        excerpt_lines(first_break(was, now)),
    )
    return joined(sections)


def _record(prompt: Object, portrait: Object) -> Record:
    """Return a record whose route says nothing: portraits tell fingerprints only, which are compared apart."""
    given = portrait.get("gen_ai.usage.input_tokens")
    return Record(
        number=0,
        flow="",
        endpoint="responses",
        route=Route(key=None, session="-", caller=b"", account="", transport="http", socket="", host=""),
        prompt=read_prompt(prompt),
        sent_at=0,
        usage=Usage(input=given, cached=None, output=None) if isinstance(given, int) else None,
    )


def _headline(was: Object, now: Object) -> Iterator[str]:
    for label, portrait in (("was", was), ("now", now)):
        tokens = f"{number(portrait.get('gen_ai.usage.input_tokens'))} tokens"
        facts = (f"turn {portrait.get('turn', '?')}", str(portrait.get("model") or "-"), tokens, title(portrait))
        yield f"{label}  {' · '.join(facts)}"


def _parts(rows: list[Json]) -> Iterator[str]:
    if parts := parts_of(rows):
        yield f"  {strip(parts, _WIDTH)}"
        yield f"  {LEGEND}"
        yield from (f"  {line}" for line in table(parts))


def _stands_again(items: Items, match: Match) -> Iterator[str]:
    yield f"{match.head} of the first turn's {len(items)} items stand again at the head of the second."


def _identity_changes(was: Object, now: Object) -> Iterator[str]:
    """Yield what differs in the fingerprints of the two turns' identities."""
    before, after = was.get("identity"), now.get("identity")
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() & after.keys():
            if _fingerprint(before[name]) != _fingerprint(after[name]):
                yield f"{name}: {_fingerprint(before[name])} became {_fingerprint(after[name])}"


def _fingerprint(pair: Json) -> str:
    return str(pair[0] or "absent") if isinstance(pair, list) and pair else "absent"


def _changes(changes: Iterable[Change], identity: Iterable[str]) -> Iterator[str]:
    said = [*sorted(identity), *(f"{change.name}: {change.detail}" for change in changes)]
    yield "Every difference" if said else "Every difference: none."
    yield from (f"  - {line}" for line in said)
