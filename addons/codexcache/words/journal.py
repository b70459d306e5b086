"""The journal: one JSON object a line for each finished turn.

It holds names and positions, never text of a prompt, and fingerprints in the place of ids, so that it can be attached
to a bug report. Names of counters are those of OpenTelemetry's GenAI conventions.
"""

import datetime
import errno
import os
from pathlib import Path

import orjson

from ..causes.finding import Finding
from ..visible import visible
from ..wire.document import Json
from .fingerprint import Fingerprints


class Entries:
    """Makes the journal's entries of one start."""

    def __init__(self, fingerprints: Fingerprints, run: str) -> None:
        self._fingerprints = fingerprints
        self._run = fingerprints.of("run", run)

    def entry(self, finding: Finding) -> dict[str, Json]:
        """Return what the journal says of a turn."""
        return {
            "time": _rfc3339(finding.record.sent_at),
            "run": self._run,
            "turn": finding.record.number,
            "mode": finding.passage.mode,
            "conversation": self._fingerprints.of("conversation", f"{self._run}:{finding.record.conversation}"),
            **_place(finding),
            **self._identity(finding),
            "ttfb_ms": _milliseconds(finding.wait),
            "duration_ms": _milliseconds(finding.duration),
            **_usage(finding),
            "reusable_tokens": finding.verdict.reusable,
            "predecessor": finding.verdict.predecessor,
            "changes": list(finding.verdict.changes),
            "verdict": finding.verdict.name,
            "because": finding.verdict.because,
        }

    def _identity(self, finding: Finding) -> dict[str, Json]:
        identity = finding.passage.identity
        return {
            "key": self._fingerprints.of("key", finding.record.route.key),
            "key_source": identity.source,
            "continued": identity.continued,
            "echoed_key": _echo(finding),
            "changed": list(finding.passage.changed),
        }


def append(path: Path, entry: dict[str, Json]) -> None:
    """Append an entry in one write, so that several proxies can share a journal. Raises OSError.

    The file is opened for each entry: one that was rotated away or deleted is simply made again.
    """
    line = orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if (written := os.write(file, line)) < len(line):
            _take_back(file, written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(file)


def _take_back(file: int, written: int) -> None:
    """Remove the part of a line for which there was room: the next one would be lost with it."""
    if (end := os.lseek(file, 0, os.SEEK_CUR)) == os.fstat(file).st_size:  # else another proxy has gone on writing
        os.ftruncate(file, end - written)


def _place(finding: Finding) -> dict[str, Json]:
    record = finding.record
    return {
        "endpoint": record.endpoint,
        "transport": record.route.transport,
        "client": finding.client,
        "model": visible(record.prompt.head.model, 80),
        "status": record.status,
    }


def _usage(finding: Finding) -> dict[str, Json]:
    """Return the counters; those that the backend did not send are absent, not 0."""
    usage = finding.record.usage
    counters: dict[str, Json] = {
        "gen_ai.usage.input_tokens": usage.input if usage else None,
        "gen_ai.usage.cache_read.input_tokens": usage.cached if usage else None,
        "gen_ai.usage.output_tokens": usage.output if usage else None,
    }
    return {name: count for name, count in counters.items() if count is not None}


def _echo(finding: Finding) -> str:
    sent, echoed = finding.record.route.key, finding.record.echoed_key
    return "absent" if echoed is None else "same" if echoed == sent else "replaced"


def _rfc3339(seconds: float) -> str:
    time = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
