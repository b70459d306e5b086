"""What has to be said of a turn, and what follows from a verdict where a script says no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

ANY: Literal["any"] = "any"
"""A part of a label that is open: the predecessor, the blame or the re-sent tokens."""

type Predecessor = int | Literal["any"] | None
type Span = tuple[int, int]

_AVOIDABLE = (
    "prompt_cache_key_changed",
    "session_changed",
    "session_missing",
    "tools_changed",
    "instructions_changed",
    "input_changed",
    "key_overloaded",
)
_EXPECTED = (
    "model_changed",
    "service_tier_changed",
    "text_format_changed",
    "reasoning_effort_changed",
    "verbosity_changed",
    "parallel_tool_calls_changed",
    "context_compacted",
    "idle",
)
_OUTSIDE = ("account_changed", "key_replaced", "transport_changed", "upstream")
_QUIET = ("rejected", "no_usage", "warm_up", "below_minimum", "cold")

BLAME: Mapping[str, str] = {
    **dict.fromkeys(_AVOIDABLE, "avoidable"),
    **dict.fromkeys(_EXPECTED, "expected"),
    **dict.fromkeys(_OUTSIDE, "outside"),
    **dict.fromkeys(_QUIET, ""),
    "hit": ANY,
}
"""The blame of each verdict, unless the script names another: a fork is expected, what was served is outside."""

_EDITS = frozenset({"tools_changed", "instructions_changed", "input_changed", "context_compacted"})
_STEP = 128


@dataclass(frozen=True, kw_only=True)
class Label:
    """What has to be said of a turn. A part that is None is not looked at.

    One of the `verdicts`. All parts of `said`, each of which may name several ways to say it, separated by " | "; none
    of `unsaid`. `resent` is the least and the most of the re-sent tokens.
    """

    verdicts: tuple[str, ...]
    changes: tuple[str, ...] | None
    predecessor: Predecessor
    said: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    blame: str | None = None
    resent: Span | None = None
    edit: str | None = None
    volatile: tuple[str, ...] | None = None

    def unheard(self, sentence: str) -> list[str]:
        """Return what a sentence should say and does not, and what it says and should not."""
        heard = sentence.lower()
        missing = [part for part in self.said if not any(way.lower() in heard for way in part.split(" | "))]
        return [*missing, *(f"not: {part}" for part in self.unsaid if part.lower() in heard)]


def label_of(
    verdict: str,
    changes: Sequence[str] | None,
    predecessor: Predecessor,
    whole: int | None,
    read: int | None,
    given: Mapping[str, Any],
) -> Label:
    """Return the label of a turn. `whole` is what its predecessor's input and this one have in common, if appended."""
    verdicts = tuple(verdict.split("/"))
    named = tuple(changes) if changes is not None else None
    owed = _owed(verdicts, named, whole, read) if "resent" not in given else _span(given["resent"])
    return Label(
        verdicts=verdicts,
        changes=named,
        predecessor=predecessor,
        said=_parts(given.get("said", ())),
        unsaid=_parts(given.get("unsaid", ())),
        blame=_blame(verdicts) if "blame" not in given else _closed(given["blame"]),
        resent=owed,
        edit=given.get("edit"),
        volatile=given.get("volatile"),
    )


def about(counted: int) -> Span:
    """Return the span of an estimate: what the proportion of bytes can say between two boundaries."""
    slack = max(512, counted // 8)
    return max(0, counted - slack), counted + slack


def _blame(verdicts: Sequence[str]) -> str | None:
    """Return the blame that all of these verdicts have, None where they differ or it is open."""
    found = {BLAME[name] for name in verdicts}
    return _closed(found.pop()) if len(found) == 1 else None


def _closed(value: str) -> str | None:
    return None if value == ANY else value


def _owed(verdicts: Sequence[str], changes: Sequence[str] | None, whole: int | None, read: int | None) -> Span | None:
    """Return what was re-sent where the prompt was only appended to: all of the predecessor's that was not read.

    What the backend rounds down is not re-sent; what a hit may fall short of besides is open.
    """
    if whole is None or read is None or changes is None or not _EDITS.isdisjoint((*verdicts, *changes)):
        return None
    if verdicts == ("hit",):
        return (0, 0) if whole - read < _STEP else None
    if any(BLAME[name] in ("", ANY) for name in verdicts):
        return None
    return max(0, whole - read - _STEP), max(0, whole - read)


def _span(value: int | Span | str) -> Span | None:
    if value == ANY:
        return None
    assert not isinstance(value, str)
    return value if isinstance(value, tuple) else (value, value)


def _parts(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
