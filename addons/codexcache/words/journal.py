"""The journal: one JSON object a line for each finished turn.

It holds names and positions, never text of a prompt, and fingerprints in the place of ids, so that it can be attached
to a bug report. Names of counters are those of OpenTelemetry's GenAI conventions.
"""

import datetime

import orjson

from ..causes.finding import Finding
from ..visible import ascii_only
from ..wire.document import Json
from .fingerprint import Fingerprints


class Entries:
    """Makes the journal's entries of one start."""

    def __init__(self, fingerprints: Fingerprints, run: str) -> None:
        self._fingerprints = fingerprints
        self._run = fingerprints.of("run", run)

    def entry(self, finding: Finding) -> dict[str, Json]:
        """Return what the journal says of a turn."""
        record, passage, verdict = finding.record, finding.passage, finding.verdict
        fingerprint, identity = self._fingerprints.of, passage.identity
        return {
            "time": _rfc3339(record.sent_at),
            "run": self._run,
            "turn": record.number,
            "mode": passage.mode,
            "conversation": fingerprint("conversation", f"{self._run}:{record.conversation}"),
            "endpoint": record.endpoint,
            "transport": record.route.transport,
            "client": finding.client,
            "model": ascii_only(record.prompt.head.model, 80),
            "status": record.status,
            "key": fingerprint("key", record.route.key),
            "key_source": identity.source,
            "continued": identity.continued,
            "echoed_key": _echo(finding),
            "changed": list(passage.changed),
            "ttfb_ms": _milliseconds(finding.wait),
            "duration_ms": _milliseconds(finding.duration),
            **_usage(finding),
            "reusable_tokens": verdict.reusable,
            "predecessor": verdict.predecessor,
            "changes": list(verdict.changes),
            "verdict": verdict.name,
            "because": verdict.because,
        }


def line_of(entry: dict[str, Json]) -> bytes:
    """Return an entry as a line of the journal."""
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)


def _usage(finding: Finding) -> dict[str, Json]:
    """Return the counters; those that the backend did not send are absent, not 0."""
    usage = finding.record.usage
    if usage is None:
        return {}
    counters: dict[str, Json] = {"gen_ai.usage.input_tokens": usage.input}
    if usage.cached is not None:
        counters["gen_ai.usage.cache_read.input_tokens"] = usage.cached
    if usage.output is not None:
        counters["gen_ai.usage.output_tokens"] = usage.output
    return counters


def _echo(finding: Finding) -> str:
    sent, echoed = finding.record.route.key, finding.record.echoed_key
    return "absent" if echoed is None else "same" if echoed == sent else "replaced"


def _rfc3339(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat("T", "milliseconds")[: -len("+00:00")] + "Z"


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
