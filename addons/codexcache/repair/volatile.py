"""What two texts differ in, and whether a model that was shown the first may keep being shown it.

Only what changes by itself may differ: dates, times, UUIDs, counters and temporary paths. `turn/shape.py` tells them,
`counters.py` which numbers are counters. A path of a person's home is no temporary one, and white space is compared as
it is.

A model must not be told for long what day it is not. A date in a text is passed over only if the time of day stands
behind it, and if by both the text that was shown is less than a day old; and once a text has been shown for a day, no
date and no time in it may differ any more.

| differs in | passed over |
|---|---|
| UUIDs, counters, temporary paths | always |
| times of day | while the text has been shown for less than a day |
| seconds or milliseconds since the epoch | likewise, and while they are less than a day apart |
| dates with the time of day behind them | likewise, and while what they say is less than a day apart |
| dates alone, names of days and months, other numbers, home paths, white space, anything else | never |
"""

import re
from calendar import timegm
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..turn.shape import mark_of, marked
from .counters import is_counter

type Tokens = Mapping[str, Sequence[bytes]]
"""What was found in a text, by its kind."""

DAY = 86_400
"""Seconds for which a date or a time may be shown."""

_TEMPORARY = re.compile(
    rb"/(?:private/)?(?:tmp|var/folders|var/tmp)/|:\\+(?i:Temp|Windows\\+Temp|Users\\+[^\\]+\\+AppData\\+Local\\+Temp)\\"
)
_EPOCH = re.compile(rb"\d{10}(?:\d{3})?(?:\.\d+)?")
_PIECES = re.compile(rb"[\x01-\x07]|[^\x01-\x07]+")
_TIMESTAMP = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ,]+(\d\d?):(\d\d)(?::(\d\d))?")

_OLD_DATE = "they hold a date that is a day old"
_LONG_SHOWN = "they have been shown for a day and hold another date or time"
_ELSE = "they differ in more than dates, times, UUIDs, counters and temporary paths"
_OTHER_NUMBER = "they hold another number, and nothing says that it is a counter or the time"


class Difference(NamedTuple):
    """The kinds of what alone differs between two texts, the tokens of both, and why they may not, "" if they may."""

    kinds: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    reason: str = ""


def difference(shown: str, given: str, age: float) -> Difference:
    """Return what a text differs in from another one that was shown first, `age` seconds ago."""
    one, other = _encoded(shown), _encoded(given)
    (was, old), (now, new) = marked(one), marked(other)
    kinds = tuple(kind for kind in old if old[kind] != new.get(kind))
    if was != now or not kinds or not (_is_whole(one, was, old) and _is_whole(other, now, new)):
        return Difference(reason=_ELSE)
    pairs = [
        (kind, one, other) for kind in kinds for one, other in zip(old[kind], new[kind], strict=True) if one != other
    ]
    reason = _reason(shown, given, pairs, age) or _reason_of_numbers(was, old, new)
    was_said, is_said = (
        tuple(_decoded(pair) for pair in tokens) for tokens in zip(*(pair[1:] for pair in pairs), strict=True)
    )
    return Difference(kinds, was_said, is_said, reason)


def _reason(shown: str, given: str, pairs: list[tuple[str, bytes, bytes]], age: float) -> str:
    kinds = {kind for kind, _, _ in pairs}
    if any(kind == "path" and not (_is_temporary(one) and _is_temporary(other)) for kind, one, other in pairs):
        return _ELSE
    if age >= DAY and not kinds.isdisjoint(("date", "time")):
        return _LONG_SHOWN
    return _OLD_DATE if "date" in kinds and not _is_recent(shown, given, pairs) else ""


def _reason_of_numbers(skeleton: bytes, shown: Tokens, given: Tokens) -> str:
    """Return why the numbers of two texts may not differ as they do, "" if each is a counter or the time."""
    texts = skeleton.split(mark_of("counter"))
    around = zip(texts, texts[1:], shown.get("counter", ()), given.get("counter", ()), strict=False)
    times = zip(shown.get("time", ()), given.get("time", ()), strict=True)
    is_counted = all(one == other or is_counter(before, after, one, other) for before, after, one, other in around)
    return "" if is_counted and all(one == other or _is_time(one, other) for one, other in times) else _OTHER_NUMBER


def _is_time(shown: bytes, given: bytes) -> bool:
    """Return True unless two tokens are seconds or milliseconds that are a day apart: some other long number."""
    one, other = _EPOCH.fullmatch(shown), _EPOCH.fullmatch(given)
    if one is None and other is None:
        return True
    first, second = (float(token) / (1_000 if len(token.partition(b".")[0]) > 10 else 1) for token in (shown, given))
    return abs(second - first) < DAY


def _is_whole(text: bytes, skeleton: bytes, tokens: Tokens) -> bool:
    """Return True if a text is its skeleton with the tokens in the places of their marks, one after the other.

    It is not where it holds a mark itself, or where a kind is told by several patterns that match in another order.
    """
    following = {mark_of(kind): iter(found) for kind, found in tokens.items()}
    pieces = (next(following[piece], b"") if piece in following else piece for piece in _PIECES.findall(skeleton))
    return b"".join(pieces) == text


def _is_recent(shown: str, given: str, pairs: list[tuple[str, bytes, bytes]]) -> bool:
    """Return True if each date that differs has the time of day behind it, and both are less than a day apart."""
    dates = sum(kind == "date" for kind, _, _ in pairs)
    one, other = (list(_TIMESTAMP.finditer(text)) for text in (shown, given))
    apart = [_apart(*pair) for pair in zip(one, other, strict=False) if pair[0].groups()[:3] != pair[1].groups()[:3]]
    return len(one) == len(other) and len(apart) == dates and all(seconds < DAY for seconds in apart)


def _apart(one: re.Match[str], other: re.Match[str]) -> float:
    """Return how many seconds two dates with times are apart; a day for what is none."""
    try:
        first, second = (timegm(tuple(int(part or 0) for part in match.groups())) for match in (one, other))
    except ValueError:
        return DAY
    return abs(second - first)


def _is_temporary(path: bytes) -> bool:
    return _TEMPORARY.match(path) is not None


def _decoded(token: bytes) -> str:
    return token.decode("utf-8", "replace")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def texts_of_developer(item: Any) -> tuple[Any, list[str]] | None:
    """Return a developer message without its texts, and these texts; None for another item."""
    if not (isinstance(item, dict) and item.get("type", "message") == "message" and item.get("role") in _DEVELOPERS):
        return None
    content = item.get("content")
    if isinstance(content, str):
        return {**item, "content": None}, [content]
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        return None
    texts = [part["text"] for part in content if isinstance(part.get("text"), str)]
    return {**item, "content": [{**part, "text": None} for part in content]}, texts


_DEVELOPERS = ("developer", "system")


def difference_of_messages(shown: Any, given: Any, age: float) -> Difference | None:
    """Return what the texts of two developer messages differ in; None if they are none, or differ in another way."""
    one, other = texts_of_developer(shown), texts_of_developer(given)
    if one is None or other is None or one[0] != other[0] or len(one[1]) != len(other[1]):
        return None
    found = [difference(was, now, age) for was, now in zip(one[1], other[1], strict=True) if was != now]
    if not found:
        return None
    merged = (tuple(part for each in found for part in each[at]) for at in range(3))
    kinds, old, new = merged
    reason = next((each.reason for each in found if each.reason), "")
    return Difference(tuple(dict.fromkeys(kinds)), old, new, reason)
