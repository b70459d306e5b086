"""One aligned line a turn, for a terminal: quiet where all is well, with the reason where it is not."""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from statistics import median

from ..diagnosis.diagnosis import Diagnosis, Verdict
from ..options import OPTIONS
from ..text import WIDTH, ascii_only, columns, counted, wrapped
from ..verdicts import verdict_entry


def turn_line(diagnosis: Diagnosis, *, colour: bool = False) -> str:
    """Return time, client, model, input tokens, cached share and verdict; behind a miss, the reason."""
    verdict = diagnosis.verdict
    columns = (
        datetime.datetime.fromtimestamp(diagnosis.record.sent_at).strftime("%H:%M:%S"),
        f"{ascii_only(diagnosis.client) or '-':<22.22}",
        f"{ascii_only(diagnosis.record.prompt.head.model) or '-':<18.18}",
        f"{_tokens(diagnosis):>9}",
        f"{_share(diagnosis):>6}",
        _painted(f"{_name(verdict):<13}", verdict, colour),
    )
    return "  ".join((*columns, ascii_only(verdict.because) if _wants_reason(verdict) else "")).rstrip()


def _name(verdict: Verdict) -> str:
    return f"miss: {verdict.name}" if verdict.is_miss else verdict.name


def _wants_reason(verdict: Verdict) -> bool:
    return verdict.is_miss or verdict.name in ("rejected", "no_usage")


def _tokens(diagnosis: Diagnosis) -> str:
    return f"{diagnosis.record.usage.input:,}" if diagnosis.record.usage else "n/a"


def _share(diagnosis: Diagnosis) -> str:
    return "n/a" if diagnosis.cached_share is None else f"{diagnosis.cached_share:.0%}"


def _painted(text: str, verdict: Verdict, colour: bool) -> str:
    return f"\x1b[{verdict_entry(verdict.name).group.terminal}m{text}\x1b[0m" if colour else text


# What many turns come to: how many, how much was read from the cache, and what was paid for again, by cause.

_NAMES = ("verdict", "turns", "sent again")


class Summary:
    """Sums up findings as they come; it keeps counters, not the findings, so it is as small after a million turns.

    Shares are counted by the hundredth of a percent. Turns too small to be cached are no part of the median.
    """

    def __init__(self) -> None:
        self._verdicts: Counter[str] = Counter()
        self._resent: Counter[str] = Counter()
        self._shares: Counter[float] = Counter()
        self._conversations = self._input = self._cached = 0

    def add(self, diagnosis: Diagnosis) -> None:
        """Take in one turn."""
        self._verdicts[diagnosis.verdict.name] += 1
        self._conversations += diagnosis.record.conversation == diagnosis.record.number  # the first turn names it
        if diagnosis.verdict.resent:
            self._resent[diagnosis.verdict.name] += diagnosis.verdict.resent
        if (usage := diagnosis.record.usage) and (share := diagnosis.cached_share) is not None:
            self._input, self._cached = self._input + usage.input, self._cached + (usage.cached or 0)
            if diagnosis.verdict.name != "below_minimum":
                self._shares[round(share, 4)] += 1

    @property
    def turns(self) -> int:
        """How many turns were taken in."""
        return sum(self._verdicts.values())

    def lines(self) -> list[str]:
        """Return the summary, a few aligned lines."""
        turns = sum(self._verdicts.values())
        return [
            f"{counted(turns, 'turn')} in {counted(self._conversations, 'conversation')}",
            *self._rates(),
            *self._causes(),
        ]

    def _rates(self) -> list[str]:
        if not self._input:
            return ["no turn reported its usage"]
        middle = f" (median turn {median(self._shares.elements()):.1%})" if self._shares else ""
        return [
            f"{self._cached / self._input:.1%} of {self._input:,} input tokens were read from the prompt cache{middle}"
        ]

    def _causes(self) -> list[str]:
        """Return verdicts by the tokens that were sent again because of them, then the others by number."""
        ranked = sorted(self._verdicts, key=lambda name: (-self._resent[name], -self._verdicts[name]))
        rows = [(_shown(name), f"{self._verdicts[name]:,}", self._tokens(name)) for name in ranked]
        return columns([_NAMES, *rows], names=1) if rows else []

    def _tokens(self, name: str) -> str:
        return f"{self._resent[name]:,}" if self._resent[name] else ""


def _shown(name: str) -> str:
    """Return what a verdict is called; a rebuild after compaction is no fault of anyone's."""
    return f"{name} (expected)" if name == "context_compacted" else name


# The state of the addon, as a page of text: how it is set, what it has seen and learned, what is wrong.

_OPTION_NAMES = 10
"""Columns of the names."""


def status_page(headline: str, rows: Mapping[str, Iterable[str]], width: int = WIDTH) -> str:
    """Return a headline, and below it each name with what belongs to it, in lines of at most `width` characters."""
    return "\n".join([headline, *(line for name, lines in rows.items() for line in _row(name, lines, width))])


def changed_options(options: Mapping[str, str | None]) -> list[str]:
    """Return the options that are not as by default."""
    return [f"{name}={value}" for name, value in options.items() if value != OPTIONS[name][0]]


def _row(name: str, lines: Iterable[str], width: int) -> Iterator[str]:
    """Yield a name with the first line, and the others below that."""
    for number, line in enumerate(list(lines) or ["none"]):
        shown = "" if number else name
        yield from wrapped(line, width, f"{shown:<{_OPTION_NAMES}}", " " * _OPTION_NAMES)
