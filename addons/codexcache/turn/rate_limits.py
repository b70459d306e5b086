"""Rate limits: how much of each the backend says is used, and what an account's turns have moved.

The backend tells it in header fields such as `x-codex-primary-used-percent`, and on a WebSocket in an event of its own,
`codex.rate_limits` (openai/codex, `codex-api/src/rate_limits.rs`). `primary` and `secondary` are an account's own two
limits; a model with limits of its own has its name in front of them.
"""

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from ..body.json_splice import Json, Object
from ..wire.headers import Values
from .cache_key import LruDict

EVENT = "codex.rate_limits"

_FIELD = re.compile(r"x-codex-((?:[a-z0-9-]{1,40}-)?(?:primary|secondary))-used-percent")
_FAMILY = re.compile(r"[a-z0-9-]{1,40}")
_WINDOWS = ("primary", "secondary")
_MOST = 8
"""Limits of one response; a backend could name any number."""
_ACCOUNTS = 1_000

type Account = tuple[str, str | bytes]
"""Whose limits they are: the backend's host, and the account's id, or where that is not given, the caller's digest."""


class Limit(NamedTuple):
    """A rate limit: its name, and the share of it that was used before and after a turn, in percent."""

    name: str
    before: float | None
    after: float


def limits_in_headers(values: Values) -> dict[str, float]:
    """Return the used share of each limit that a response's header fields tell, in percent, by the limit's name."""
    names = [name for name in values if name.startswith("x-codex-")]
    found = ((_FIELD.fullmatch(name), values[name]) for name in names)
    return _known({field[1]: _number(given[0]) for field, given in found if field and given}) if names else {}


def limits_in_event(event: Object) -> dict[str, float]:
    """Return the same of an event `codex.rate_limits`."""
    windows = event.get("rate_limits")
    if not isinstance(windows, dict):
        return {}
    family = _family(event.get("metered_limit_name") or event.get("limit_name"))
    used = {f"{family}{name}": _used(windows.get(name)) for name in _WINDOWS}
    return _known(used)


def _family(name: Json) -> str:
    """Return what stands before the names of limits that are not the account's own, as header fields spell it."""
    spelled = str(name or "").lower().replace("_", "-").removeprefix("codex").strip("-")
    return f"{spelled}-" if _FAMILY.fullmatch(spelled) else ""


def _used(window: Json) -> float | None:
    return _number(window.get("used_percent")) if isinstance(window, dict) else None


def _number(value: Json) -> float | None:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number <= 1000 else None


def _known(used: Mapping[str, float | None]) -> dict[str, float]:
    return dict([(name, share) for name, share in used.items() if share is not None][:_MOST])


class RateLimits:
    """What was last told of the limits of each account."""

    def __init__(self) -> None:
        self._told: LruDict[Account, dict[str, float]] = LruDict(_ACCOUNTS)

    def tell(self, account: Account, used: Mapping[str, float]) -> tuple[Limit, ...]:
        """Take in what a response tells of an account's limits; return it with what had been told before."""
        known = self._told.get(account) or {}
        self._told.put(account, dict([*{**known, **used}.items()][-_MOST:]))
        return tuple(Limit(name, known.get(name), share) for name, share in used.items())
