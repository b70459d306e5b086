"""One aligned line a turn, for a terminal: quiet where all is well, with the reason where it is not."""

import datetime

from ..causes.finding import Finding
from ..causes.verdict import Verdict
from ..visible import ascii_only

_COLOURS = {"hit": "32", "cold": "36", "below_minimum": "36", "rejected": "31", "no_usage": "33"}
_MISS = "35"


def turn_line(finding: Finding, *, colour: bool = False) -> str:
    """Return time, client, model, input tokens, cached share and verdict; behind a miss, the reason."""
    verdict = finding.verdict
    columns = (
        datetime.datetime.fromtimestamp(finding.record.sent_at).strftime("%H:%M:%S"),
        f"{ascii_only(finding.client) or '-':<22.22}",
        f"{ascii_only(finding.record.prompt.head.model) or '-':<18.18}",
        f"{_tokens(finding):>9}",
        f"{_share(finding):>6}",
        _painted(f"{_name(verdict):<13}", verdict, colour),
    )
    return "  ".join((*columns, ascii_only(verdict.because) if _wants_reason(verdict) else "")).rstrip()


def _name(verdict: Verdict) -> str:
    return f"miss: {verdict.name}" if verdict.is_miss else verdict.name


def _wants_reason(verdict: Verdict) -> bool:
    return verdict.is_miss or verdict.name in ("rejected", "no_usage")


def _tokens(finding: Finding) -> str:
    return f"{finding.record.usage.input:,}" if finding.record.usage else "n/a"


def _share(finding: Finding) -> str:
    return "n/a" if finding.cached_share is None else f"{finding.cached_share:.0%}"


def _painted(text: str, verdict: Verdict, colour: bool) -> str:
    return f"\x1b[{_COLOURS.get(verdict.name, _MISS)}m{text}\x1b[0m" if colour else text
