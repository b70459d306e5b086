"""What the terminal shows: one aligned line a turn, the closing summary, and the page of `codex.status`.

A line is quiet where all is well, and gives the reason where it is not. The summary says how many turns there were, how
much was read from the cache, and what was re-sent, by cause and by who could have avoided it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from ..diagnosis.diagnosis import Diagnosis
from ..options import OPTIONS
from ..text import WIDTH, ascii_only, columns, counted, local_clock, number, percent, without_credentials, wrapped
from ..turn.record import Record
from ..verdicts import GROUP_OF, MISSES, UNKNOWN

_BLAMES = ("avoidable", "expected", "outside")

_STATUS_NAMES = 10
"""Columns of the names on the status page."""

_FEW = 5
"""Turns below which the median says nothing that the share of all does not."""

_NO_MISS = {
    "hit": "read what an earlier turn had left in the cache",
    "cold": "began something new, of which nothing can have been cached",
    "below_minimum": "too short to be cached",
}
"""What is said of turns, by verdict, where none missed the cache."""

type _Cause = tuple[str, str]
"""A verdict and its blame."""


def turn_line(diagnosis: Diagnosis, *, colour: bool = False) -> str:
    """Return time, client, model, input tokens, cached share and verdict; after a miss, the reason."""
    verdict, usage = diagnosis.verdict, diagnosis.record.usage
    name = f"{f'miss: {verdict.name}' if verdict.is_miss else verdict.name:<13}"
    cells = (
        local_clock(diagnosis.record.sent_at),
        f"{ascii_only(diagnosis.client) or '-':<22.22}",
        f"{ascii_only(diagnosis.record.prompt.prefix.model) or '-':<18.18}",
        f"{number(usage.input if usage else None):>9}",
        f"{percent(diagnosis.cached_share):>6}",
        f"\x1b[{GROUP_OF.get(verdict.name, UNKNOWN).terminal}m{name}\x1b[0m" if colour else name,
        ascii_only(verdict.because) if verdict.is_miss or verdict.name in ("rejected", "no_usage") else "",
    )
    return "  ".join(cells).rstrip()


class Summary:
    """Sums up diagnoses as they come; it keeps counters and one sentence, so it is as small after a million turns.

    Shares are counted by the hundredth of a percent. Turns too small to be cached are no part of the median.
    """

    def __init__(self) -> None:
        self._turns: Counter[_Cause] = Counter()
        self._resent: Counter[_Cause] = Counter()
        self._shares: Counter[float] = Counter()
        self._conversations = self._input = self._cached = 0
        self._repaired = self._saved = 0
        self._worst = (0, "")  # tokens of the miss that re-sent the most, the first of equals, and which it was
        self._begun: set[int] = set()  # conversations that have a warm-up, but no turn yet
        self._resumed: set[tuple[str, int]] = set()  # conversations that began at an earlier start or elsewhere

    def add(self, diagnosis: Diagnosis) -> None:
        """Take in one turn; a handshake that was refused is none, nor is a warm-up."""
        record, verdict = diagnosis.record, diagnosis.verdict
        if record.endpoint == "handshake":
            return
        if record.conversation == record.number and not record.conversation_run:
            self._begun.add(record.conversation)
        if record.warm_up:
            return
        cause = verdict.name, verdict.blame
        self._turns[cause] += 1
        self._count_conversation(record)
        if diagnosis.exchange.repair and diagnosis.exchange.repaired:
            self._repaired += 1
            self._saved += diagnosis.exchange.repair.saved
        if verdict.resent:
            self._resent[cause] += verdict.resent
            self._keep_worst(diagnosis)
        if (usage := diagnosis.record.usage) and (share := diagnosis.cached_share) is not None:
            self._input, self._cached = self._input + usage.input, self._cached + (usage.cached or 0)
            if verdict.name != "below_minimum":
                self._shares[round(share, 4)] += 1

    def _keep_worst(self, diagnosis: Diagnosis) -> None:
        record, verdict = diagnosis.record, diagnosis.verdict
        if verdict.is_miss and verdict.resent and verdict.resent > self._worst[0]:
            which = f"at {local_clock(record.sent_at)}"  # its number would also count warm-ups, which are no turns
            self._worst = verdict.resent, f"{which}, {verdict.name}: {ascii_only(verdict.because)}"

    def _count_conversation(self, record: Record) -> None:
        if record.conversation_run:
            self._resumed.add((record.conversation_run, record.conversation))
        elif record.conversation in self._begun:
            self._begun.remove(record.conversation)
            self._conversations += 1

    @property
    def turns(self) -> int:
        """How many turns were taken in."""
        return self._turns.total()

    @property
    def amounts(self) -> dict[str, int]:
        """Input tokens: all, those that were read from the cache, those that were re-sent avoidably."""
        avoidable = sum(tokens for (_, blame), tokens in self._resent.items() if blame == "avoidable")
        return {"input": self._input, "cached": self._cached, "avoidable": avoidable}

    def lines(self) -> list[str]:
        """Return the summary, a few aligned lines."""
        conversations = counted(self._conversations + len(self._resumed), "conversation")
        head = f"{counted(self.turns, 'turn')} in {conversations}"
        return [head, self._rates(), *self._totals(), *self._no_miss(), *self._causes()]

    def _rates(self) -> str:
        if not self._input:
            return "no turn reported its usage"
        from statistics import median  # takes two milliseconds to import, and nothing else needs it at the start

        middle = f" (median turn {median(self._shares.elements()):.1%})" if self._shares.total() >= _FEW else ""
        return (
            f"{self._cached / self._input:.1%} of {self._input:,} input tokens were read from the prompt cache{middle}"
        )

    def _totals(self) -> Iterator[str]:
        """Yield what was re-sent, how much of it by each blame, and which miss re-sent the most, and why."""
        if resent := self._resent.total():
            blames = Counter[str]()
            for (_, blame), tokens in self._resent.items():
                blames[blame] += tokens
            parts = [f"{blames[blame]:,} {blame}" for blame in _BLAMES if blames[blame]]
            yield f"{counted(resent, 'token')} re-sent{': ' if parts else ''}{', '.join(parts)}"
        if worst := self._worst[1]:
            yield f"the most {worst}"
        if self._repaired:
            yield f"{counted(self._repaired, 'turn')} repaired, which saved {counted(self._saved, 'token')}"

    def _no_miss(self) -> Iterator[str]:
        """Yield that nothing was missed: a low share of a short session is that of its first turns."""
        turns = Counter[str]()
        for (verdict, _), count in self._turns.items():
            turns[verdict] += count
        said = [f"{turns[verdict]:,} {words}" for verdict, words in _NO_MISS.items() if turns[verdict]]
        if said and MISSES.isdisjoint(turns):
            yield f"no miss: {', '.join(said)}"

    def _causes(self) -> list[str]:
        """Return verdicts by the tokens that were re-sent because of them, then the others by number."""
        ranked = sorted(self._turns, key=lambda cause: (-self._resent[cause], -self._turns[cause]))
        rows = [self._cause(cause) for cause in ranked]
        return columns([("verdict", "turns", "re-sent", ""), *rows], names=1) if rows else []

    def _cause(self, cause: _Cause) -> tuple[str, str, str, str]:
        verdict, blame = cause
        return verdict, f"{self._turns[cause]:,}", f"{self._resent[cause]:,}" if self._resent[cause] else "", blame


def status_page(headline: str, rows: Mapping[str, Iterable[str]], width: int = WIDTH) -> str:
    """Return a headline, and below it each name with its lines, of at most `width` characters."""
    page = [headline]
    for name, lines in rows.items():
        for index, line in enumerate(list(lines) or ["none"]):
            page += wrapped(line, width, f"{'' if index else name:<{_STATUS_NAMES}}", " " * _STATUS_NAMES)
    return "\n".join(page)


def changed_options(options: Mapping[str, str | None]) -> list[str]:
    """Return the options that are not as by default."""
    return [f"{name}={without_credentials(value)}" for name, value in options.items() if value != OPTIONS[name][0]]
