"""The first difference between two prompts: where it is, the text around it on both sides, and what kind of text it is.

Prompts are compared in the order in which the backend renders them, part by part, and a part member by member, down to
the first character that differs. Most prompts that break a cache do so by a few characters that change from turn to
turn by themselves: a date, a path, a counter. So the token at the difference is named. What is shown cannot steer a
terminal or a page: control characters are replaced by visible ones.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from types import EllipsisType

from ..body.json_splice import Json, Object
from ..text import common_prefix_length, cut, cut_start, with_symbols, wrapped
from ..turn.items import as_model_sees, given_items, to_json

AROUND = 60
"""Characters that are shown on either side of a difference."""

NOTHING = "(nothing)"
_LONGEST_PATH = 300

_LABEL = 9
"""Columns of the label before a text."""

_DEEPEST = 32
"""Levels of nesting that are compared member by member; what is deeper is compared as text."""

_DATE = (
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?"
    r"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?"
    r"(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* \d{1,2}"
    r"|\d{1,2}\.? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*)(?:,? \d{4})?(?:,? \d\d:\d\d(?::\d\d)?)?"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
    r"|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[AP]M)?"
)
_TOKENS = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("a UUID", r"(?i:\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b)"),
        ("a date or time", _DATE),
        ("an epoch timestamp", r"(?<![\w.])1[4-9]\d{8}(?:\d{3}){0,3}(?:\.\d+)?(?!\w)"),
        (
            "a temporary or home path",
            r"(?:/private)?(?:/tmp|/var/folders|/var/tmp|/home|/Users|/root|~)/[^\s\"'<>:;,]*"
            r"|(?i:[a-z]:\\+(?:Users|Temp|Windows\\+Temp)\\[^\s\"'<>:;,]*)",
        ),
        ("a counter or number", r"\d+(?:[.,]\d+)*"),
    )
)
MEMBER_ORDER, LIST_ORDER = "the order of members", "the order of a list"
WHITE_SPACE, TEXT = "white space or line ends", "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference: its path, the character from which on, and the kind of text.

    `context` is the text before it, which both have; then comes what follows on each side.
    """

    path: str
    offset: int
    context: str
    was: str
    now: str
    kind: str


type _Value = Json | EllipsisType
"""A value, or an ellipsis for one that is not there."""


def first_difference_in_prompt(was: Object, now: Object) -> Difference | None:
    """Return the first difference between two whole prompts, in the order in which the backend renders them.

    What a turn adds after its predecessor's prompt is none, nor is another order of an item's members.
    """
    missing: tuple[str, _Value] = ("", ...)
    for (path, old), (_, new) in zip(_parts(was), chain(_parts(now), repeat(missing)), strict=False):
        is_item = path.startswith("input")
        if not _same(old, new, sort=is_item):
            whole = is_item and not _is_same_kind(old, new)
            return first_difference(_text(old), _text(new), path) if whole else first_difference(old, new, path)
    return None


def first_difference(was: _Value, now: _Value, path: str = "", levels: int = _DEEPEST) -> Difference | None:
    """Return the first difference between two values, None where their JSON text is the same."""
    if _same(was, now):
        return None
    if levels and isinstance(was, dict) and isinstance(now, dict):
        return _in_members(was, now, path, levels - 1)
    if levels and isinstance(was, list) and isinstance(now, list):
        return _in_list(was, now, path, levels - 1)
    return _in_text(_text(was), _text(now), path)


def _parts(prompt: Object) -> Iterator[tuple[str, _Value]]:
    """Yield the parts of a prompt with their paths: tools, format, instructions, then the items one by one."""
    text = prompt.get("text")
    yield "tools", prompt.get("tools") or []
    yield "text.format", text.get("format") if isinstance(text, dict) else None
    yield "instructions", prompt.get("instructions") or ""
    for index, item in enumerate(given_items(prompt)):
        yield f"input[{index}]", as_model_sees(item)


def _is_same_kind(was: _Value, now: _Value) -> bool:
    """Return True if two items are worth comparing member by member: not an answer with a question, say."""
    if not isinstance(was, dict) or not isinstance(now, dict):
        return True
    return all(was.get(name) == now.get(name) for name in ("type", "role"))


def _in_members(was: Object, now: Object, path: str, levels: int) -> Difference | None:
    for name in dict.fromkeys((*was, *now)):
        old, new = was.get(name, ...), now.get(name, ...)
        if not _same(old, new):
            return first_difference(old, new, f"{path}.{name}".lstrip("."), levels)
    return _in_text(", ".join(was), ", ".join(now), path, MEMBER_ORDER)


def _in_list(was: list[Json], now: list[Json], path: str, levels: int) -> Difference | None:
    if _counted(was) == _counted(now):
        return _in_text(_names(was), _names(now), path, LIST_ORDER)
    pairs = enumerate(zip(was, now, strict=False))
    index = next((at for at, pair in pairs if not _same(*pair)), min(len(was), len(now)))
    old = was[index] if index < len(was) else ...
    new = now[index] if index < len(now) else ...
    return first_difference(old, new, f"{path}[{index}]", levels)


def _counted(values: Iterable[Json]) -> Counter[int]:
    """Return how often a list has each value; a hash of its JSON text takes less memory than the text."""
    return Counter(hash(to_json(value)) for value in values)


def _in_text(was: str, now: str, path: str, kind: str = "") -> Difference:
    """Return where two texts begin to differ; of what kind, is found out if it is not given."""
    offset = common_prefix_length(was, now)
    start = max(0, offset - AROUND)
    return Difference(
        path=with_symbols(cut_start(path, _LONGEST_PATH)),
        offset=offset,
        context=f"{'…' if start else ''}{with_symbols(was[start:offset])}",
        was=_from(was, offset),
        now=_from(now, offset),
        kind=kind or _kind(was, now, offset),
    )


def _from(text: str, offset: int) -> str:
    end = offset + AROUND
    return f"{with_symbols(text[offset:end])}{'…' if end < len(text) else ''}"


def _kind(was: str, now: str, offset: int) -> str:
    if _differ_in_white_space(was, now, offset):
        return WHITE_SPACE
    return next((name for name, pattern in _TOKENS if _differ_in(pattern, was, now, offset)), TEXT)


def _differ_in(pattern: re.Pattern[str], was: str, now: str, offset: int) -> bool:
    """Return True if both texts have a token of this pattern at the difference, and not the same one."""
    one, other = _token(pattern, was, offset), _token(pattern, now, offset)
    return one is not None and other is not None and one != other


def _token(pattern: re.Pattern[str], text: str, offset: int) -> str | None:
    window = text[max(0, offset - 2 * AROUND) : offset + 2 * AROUND]
    at = min(offset, 2 * AROUND)
    return next((match[0] for match in pattern.finditer(window) if match.start() <= at <= match.end()), None)


def _differ_in_white_space(was: str, now: str, offset: int) -> bool:
    """Return True if only white space was added, removed or replaced where two texts begin to differ."""
    one, other = was[offset : offset + AROUND], now[offset : offset + AROUND]
    if not (one[:1].isspace() or other[:1].isspace()):
        return one == "" == other
    shorter = min(len(one.strip()), len(other.strip()), AROUND // 3)
    return one.strip()[:shorter] == other.strip()[:shorter] and (shorter > 0 or not (one.strip() or other.strip()))


def _same(one: _Value, other: _Value, *, sort: bool = False) -> bool:
    if one is ... or other is ...:
        return one is other
    return to_json(one, sort=sort) == to_json(other, sort=sort)


def _text(value: _Value) -> str:
    if value is ...:
        return NOTHING
    return value if isinstance(value, str) else to_json(value).decode("utf-8", "replace")


def _names(values: Iterable[Json]) -> str:
    named = (value["name"] if isinstance(value, dict) and "name" in value else _text(value) for value in values)
    return ", ".join(map(str, named))


def difference_lines(difference: Difference | str | None, width: int) -> Iterator[str]:
    """Yield lines of at most `width` characters that show a difference, or say why it cannot be shown."""
    if isinstance(difference, str):
        yield from wrapped(f"First difference: {difference}", width)
    elif difference:
        yield from _headline(difference, width)
        yield f"  both   {cut_start(difference.context, width - _LABEL)}"
        yield f"  was  ▸ {cut(difference.was, width - _LABEL)}"
        yield f"  now  ▸ {cut(difference.now, width - _LABEL)}"


def _headline(difference: Difference, width: int) -> list[str]:
    """Return path and kind in one line; where that is too long, one below the other."""
    path = f"First difference in {difference.path}," if difference.path else "First difference,"
    kind = f"from character {difference.offset:,} on: {difference.kind}"
    both = f"{path} {kind}"
    return [both] if len(both) <= width else [*wrapped(path, width), *wrapped(kind, width, "  ")]
