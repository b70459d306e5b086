"""What is printed: what was read from the cache, what was re-sent and why, and what such logs cannot show."""

from collections.abc import Iterator

from codexcache.report.aggregate import ReportData
from codexcache.report.load import BLAMES
from codexcache.text import columns, counted, period, share, wrapped

from codex_explain.replay import Replay

WIDTH = 100
_LEAD = (
    "A log does not hold key, session, transport, account or echo{unexplained}; to see them, turn by turn: "
    "codex-continuity run -- codex"
)
_UNKNOWN = "upstream"
"""The verdict on a miss for which nothing that was compared gives a reason."""


def summary(data: ReportData, replay: Replay) -> Iterator[str]:
    """Yield the lines; there has to be a turn."""
    totals = data.totals
    agents = f" ({counted(len(replay.agents), 'sub-agent')} counted with their parents)" if replay.agents else ""
    start, end = data.period
    when = period(start.timestamp(), end.timestamp())
    yield f"{counted(totals.turns, 'turn')} in {counted(len(data.conversations), 'conversation')}{agents}, {when}"
    yield f"{share(totals.share)} of {totals.input:,} input tokens were read from the prompt cache"
    if totals.resent:
        parts = [f"{getattr(totals, blame):,} {blame}" for blame in BLAMES if getattr(totals, blame)]
        resent = share(totals.resent_share)
        yield f"{counted(totals.resent, 'token')} ({resent}) were re-sent: {', '.join(parts)}"
    yield ""
    yield from _causes(data)
    for sentence in (*_left_out(replay), lead(data)):
        yield ""
        yield from wrapped(sentence, WIDTH)


def lead(data: ReportData) -> str:
    """Return the sentence on what only the proxy shows."""
    unknown = sum(cause.resent for cause in data.causes if cause.verdict.name == _UNKNOWN)
    told = (
        f", and may be why {counted(unknown, 'token')} were re-sent for no reason that a log shows" if unknown else ""
    )
    return _LEAD.format(unexplained=told)


def _causes(data: ReportData) -> Iterator[str]:
    """Yield the causes by what was re-sent because of them, each with what it means."""
    causes = data.causes
    rows = [
        (cause.verdict.name, f"{cause.turns:,}", f"{cause.resent:,}" if cause.resent else "", cause.blame)
        for cause in causes
    ]
    names, *lines = columns([("verdict", "turns", "re-sent", ""), *rows], names=1)
    yield names
    for cause, line in zip(causes, lines, strict=True):
        yield line
        if cause.resent:
            yield from wrapped(cause.verdict.meaning, WIDTH, "    ")


def _left_out(replay: Replay) -> Iterator[str]:
    if count := replay.uncounted:
        what = "compaction was" if count == 1 else "compactions were"
        yield f"{count:,} {what} made by an older Codex, which logs no counters of them: they are in no figure."
    if count := replay.damaged:
        yield f"{counted(count, 'file')} could not be read to the end; what came before counts."
    if faults := replay.faults.total():
        yield f"{counted(faults, 'turn')} could not be explained ({', '.join(replay.faults)})."
