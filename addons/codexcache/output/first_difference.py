"""Where two prompts part: the first difference with what stands around it on both sides, and what kind of text it is.

Most prompts that break a cache do so by a few characters that change from turn to turn by themselves: a date, a path, a
counter. So the token at the difference is named. What is shown cannot steer a terminal or a page: control characters
are replaced by visible ones.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..body.json_splice import Json, Object
from ..diagnosis.prompt_diff import common_prefix_length
from ..text import cut, cut_start, with_symbols, wrapped
from ..turn.items import as_model_sees, given_items, to_json

AROUND = 60
"""Characters that are shown on either side of a difference."""

NOTHING = "(nothing)"

_LONGEST_PLACE = 300

_DEEPEST = 32
"""Levels of nesting that are told apart; what lies deeper is compared as text."""

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
    """A difference: where it is, from which character on, what stands before it on both sides, what follows on each,
    and what kind of text it is.
    """

    place: str
    offset: int
    before: str
    was: str
    now: str
    kind: str


class _Absent:
    """What stands in the place of a value that is not there."""


_ABSENT = _Absent()

type _Value = Json | _Absent


def first_difference_in_prompt(was: Object, now: Object) -> Difference | None:
    """Return the first difference between two whole prompts, in the order in which the backend renders them.

    What a turn adds behind its predecessor's prompt is none, nor is another order of an item's members.
    """
    yours, mine = list(_parts(was)), list(_parts(now))
    for (place, one), (_, other) in zip(yours, mine, strict=False):
        is_item = place.startswith("input")
        if not _same(one, other, sort=is_item):
            whole = is_item and not _is_alike(one, other)
            return first_difference(_text(one), _text(other), place) if whole else first_difference(one, other, place)
    if len(mine) < len(yours):
        return first_difference(yours[len(mine)][1], _ABSENT, yours[len(mine)][0])
    return None


def first_difference(was: _Value, now: _Value, place: str = "", levels: int = _DEEPEST) -> Difference | None:
    """Return the first difference between two values, None where they are spelled alike."""
    if _same(was, now):
        return None
    if levels and isinstance(was, dict) and isinstance(now, dict):
        return _in_members(was, now, place, levels - 1)
    if levels and isinstance(was, list) and isinstance(now, list):
        return _in_list(was, now, place, levels - 1)
    if isinstance(was, str) and isinstance(now, str):
        return _in_text(was, now, place)
    return _in_text(_text(was), _text(now), place)


def _parts(prompt: Object) -> Iterator[tuple[str, _Value]]:
    """Yield the parts of a prompt with their places: tools, format, instructions, then the items one by one."""
    text = prompt.get("text")
    yield "tools", prompt.get("tools") or []
    yield "text.format", text.get("format") if isinstance(text, dict) else None
    yield "instructions", prompt.get("instructions") or ""
    for place, item in enumerate(given_items(prompt)):
        yield f"input[{place}]", as_model_sees(item)


def _is_alike(was: _Value, now: _Value) -> bool:
    """Tell whether two items are worth comparing member by member: not an answer with a question, say."""
    if not isinstance(was, dict) or not isinstance(now, dict):
        return True
    return all(was.get(name) == now.get(name) for name in ("type", "role"))


def _in_members(was: Object, now: Object, place: str, levels: int) -> Difference | None:
    for name in dict.fromkeys((*was, *now)):
        one, other = was.get(name, _ABSENT), now.get(name, _ABSENT)
        if not _same(one, other):
            return first_difference(one, other, f"{place}.{name}".lstrip("."), levels)
    names = (_listed(was), _listed(now))
    return _excerpt(*names, place, common_prefix_length(*names), MEMBER_ORDER)


def _in_list(was: list[Json], now: list[Json], place: str, levels: int) -> Difference | None:
    index = next((at for at, pair in enumerate(zip(was, now, strict=False)) if not _same(*pair)), None)
    index = min(len(was), len(now)) if index is None else index
    if _counted(was) == _counted(now):
        names = (_named(was), _named(now))
        return _excerpt(*names, place, common_prefix_length(*names), LIST_ORDER)
    one = was[index] if index < len(was) else _ABSENT
    other = now[index] if index < len(now) else _ABSENT
    return first_difference(one, other, f"{place}[{index}]", levels)


def _counted(values: Iterable[Json]) -> Counter[int]:
    """Return how often each value stands in a list; a hash of its spelling costs less memory than the spelling."""
    return Counter(hash(to_json(value)) for value in values)


def _in_text(was: str, now: str, place: str) -> Difference:
    offset = common_prefix_length(was, now)
    return _excerpt(was, now, place, offset, _kind(was, now, offset))


def _excerpt(was: str, now: str, place: str, offset: int, kind: str) -> Difference:
    start = max(0, offset - AROUND)
    return Difference(
        place=with_symbols(_ending(place)),
        offset=offset,
        before=f"{'…' if start else ''}{with_symbols(was[start:offset])}",
        was=_onward(was, offset),
        now=_onward(now, offset),
        kind=kind,
    )


def _ending(place: str) -> str:
    """Return a place; of one with giant names in it, the end."""
    return place if len(place) <= _LONGEST_PLACE else f"…{place[1 - _LONGEST_PLACE :]}"


def _onward(text: str, offset: int) -> str:
    end = offset + AROUND
    return f"{with_symbols(text[offset:end])}{'…' if end < len(text) else ''}"


def _kind(was: str, now: str, offset: int) -> str:
    """Name the token in which two texts differ."""
    if _differ_in_white_space(was, now, offset):
        return WHITE_SPACE
    return next((name for name, pattern in _TOKENS if _differ_in(pattern, was, now, offset)), TEXT)


def _differ_in(pattern: re.Pattern[str], was: str, now: str, offset: int) -> bool:
    """Tell whether both texts have a token of this pattern at the difference, and not the same one."""
    one, other = _token(pattern, was, offset), _token(pattern, now, offset)
    return one is not None and other is not None and one != other


def _token(pattern: re.Pattern[str], text: str, offset: int) -> str | None:
    window = text[max(0, offset - 2 * AROUND) : offset + 2 * AROUND]
    at = min(offset, 2 * AROUND)
    return next((match[0] for match in pattern.finditer(window) if match.start() <= at <= match.end()), None)


def _differ_in_white_space(was: str, now: str, offset: int) -> bool:
    """Tell whether only white space was put in, taken out or replaced where two texts part."""
    one, other = was[offset : offset + AROUND], now[offset : offset + AROUND]
    if not (one[:1].isspace() or other[:1].isspace()):
        return one == "" == other
    shorter = min(len(one.strip()), len(other.strip()), AROUND // 3)
    return one.strip()[:shorter] == other.strip()[:shorter] and (shorter > 0 or not (one.strip() or other.strip()))


def _same(one: _Value, other: _Value, *, sort: bool = False) -> bool:
    if isinstance(one, _Absent) or isinstance(other, _Absent):
        return one is other
    return to_json(one, sort=sort) == to_json(other, sort=sort)


def _text(value: _Value) -> str:
    if isinstance(value, _Absent):
        return NOTHING
    return value if isinstance(value, str) else to_json(value).decode("utf-8", "replace")


def _named(values: Iterable[Json]) -> str:
    """Return a list as the names of its members, or as it is spelled."""
    return _listed(
        str(value["name"]) if isinstance(value, dict) and "name" in value else _text(value) for value in values
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


# The first difference between two prompts as lines of text: where it is, of what kind, and both sides of it.

_LABEL = 9
"""Columns of what stands before an excerpt."""


def difference_lines(looked_up: Difference | str | None, width: int) -> Iterator[str]:
    """Yield lines of at most `width` characters that show a difference, or say why it cannot be shown."""
    if isinstance(looked_up, str):
        yield from wrapped(f"First difference: {looked_up}", width)
    elif looked_up:
        yield from _headline(looked_up, width)
        yield f"  both   {cut_start(looked_up.before, width - _LABEL)}"
        yield f"  was  ▸ {cut(looked_up.was, width - _LABEL)}"
        yield f"  now  ▸ {cut(looked_up.now, width - _LABEL)}"


def _headline(excerpt: Difference, width: int) -> list[str]:
    """Return place and kind in one line; where there is no room for both, one below the other."""
    place = f"First difference in {excerpt.place}," if excerpt.place else "First difference,"
    kind = f"from character {excerpt.offset:,} on: {excerpt.kind}"
    both = f"{place} {kind}"
    return [both] if len(both) <= width else [*wrapped(place, width), *wrapped(kind, width, "  ")]
