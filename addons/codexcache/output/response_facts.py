"""What a response says of itself, as facts for the page of its turn: what served it, how it ended, the rate limits.

A summary may come out of a file that anyone could have written: what is not as the addon writes it is left out.
"""

from collections.abc import Iterator

from ..body.json_splice import Json, Object, as_list
from ..text import cut, facts

_MOST = 8
"""Limits that are shown."""

_LONGEST = 40
"""Characters of a name."""


def response_facts(turn_summary: Object) -> Iterator[str]:
    """Yield what is worth a word at the head of a page: what is not as it was asked for, or as it mostly is."""
    served, tier, ended = (turn_summary.get(name) for name in ("served_model", "served_service_tier", "ended"))
    if isinstance(served, str) and served and served != turn_summary.get("model"):
        yield f"served by {cut(served, _LONGEST)}"
    if isinstance(tier, str) and tier not in ("", "default"):
        yield f"served at tier {cut(tier, _LONGEST)}"
    if isinstance(ended, str) and ended not in ("", "completed"):
        yield f"ended: {cut(ended, _LONGEST)}"


def limit_lines(turn_summary: Object, width: int) -> Iterator[str]:
    """Yield indented lines of at most `width` characters with how much of each rate limit was used, before and after.

    What was used before is what the account's last turn was told; it is not known of the first.
    """
    told = [_limit(limit) for limit in as_list(turn_summary.get("limits"))[:_MOST]]
    for line in facts(filter(None, told), width - 2):
        yield f"  {line}"


def _limit(limit: Json) -> str:
    if not isinstance(limit, list) or len(limit) != 3:
        return ""
    name, before, after = limit
    if not isinstance(name, str) or (now := _percent(after)) is None:
        return ""
    was = _percent(before)
    return f"{cut(name, _LONGEST)} limit {'' if was is None else f'{was} -> '}{now}"


def _percent(value: Json) -> str | None:
    is_share = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1000
    return f"{value:.3g} %" if is_share else None
