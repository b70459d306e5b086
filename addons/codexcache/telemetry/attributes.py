"""What is exported of a finished turn: one span and some measurements, as plain values.

Names that begin with `gen_ai.`, `openai.`, `server.`, `http.` or `error.` are OpenTelemetry's (semantic conventions
1.42, the GenAI ones in development: github.com/open-telemetry/semantic-conventions-genai, `docs/gen-ai/openai.md` and
`gen-ai-metrics.md`); what they have no name for begins with `codex.`. The time to the first byte is one of those: it
ends with the response's header, and OpenTelemetry's with the first piece of its body.

Like the journal, from whose entries it is made, all of this is free of content, and ids are pseudonyms. A span has its
conversation and its reason. Measurements have only attributes with few values: what a client can choose at will (its
name, the model, the host) counts as `_OTHER` once there have been too many.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..body.json_splice import Json, Object
from ..diagnosis.diagnosis import Diagnosis
from ..output.counter_names import COUNTERS

type Value = str | bool | int | float | tuple[str, ...]
type Attributes = dict[str, Value]

OTHER = "_OTHER"
"""OpenTelemetry's name for whatever has no name of its own."""

_NANOSECONDS = 1_000_000_000
_LONGEST = 500
_CALLERS = 100
_ERRORS = 30

_TOKEN_BOUNDS = tuple(float(4**power) for power in range(14))
_SECOND_BOUNDS = tuple(0.01 * 2**power for power in range(14))

_FROM_ENTRY = (
    *("run", "turn", "mode", "endpoint", "transport", "client", "key", "key_source", "continued", "echoed_key"),
    *("changed", "reusable_tokens", "resent_tokens", "predecessor", "changes", "verdict", "because"),
    *("warm_up", "ended", "blame", "edit", "volatile"),
)


class Instrument(NamedTuple):
    """A metric instrument: a histogram if it has `bounds`, those of its buckets, else a counter."""

    name: str
    unit: str
    text: str
    bounds: tuple[float, ...] = ()


TOKENS = Instrument("gen_ai.client.token.usage", "{token}", "Number of input and output tokens used.", _TOKEN_BOUNDS)
DURATION = Instrument("gen_ai.client.operation.duration", "s", "GenAI operation duration.", _SECOND_BOUNDS)
FIRST_BYTE = Instrument(
    "codex.time_to_first_byte", "s", "Time from a turn's leaving until its response begins.", _SECOND_BOUNDS
)
TURNS = Instrument("codex.turns", "{turn}", "Finished turns.")
INPUT = Instrument("codex.tokens.input", "{token}", "Input tokens of turns that report how many were cached.")
CACHED = Instrument("codex.tokens.cached", "{token}", "Input tokens that were read from the prompt cache.")
RESENT = Instrument(
    "codex.tokens.resent", "{token}", "Input tokens that were re-sent: sent before, and not read from the cache."
)
INSTRUMENTS = (TOKENS, DURATION, FIRST_BYTE, TURNS, INPUT, CACHED, RESENT)


class Measurement(NamedTuple):
    """One value for an instrument."""

    instrument: Instrument
    value: int | float
    attributes: Attributes


class Report(NamedTuple):
    """A turn as a span, whose times are nanoseconds since the epoch, and its measurements."""

    name: str
    start: int
    end: int
    attributes: Attributes
    failed: bool
    measurements: tuple[Measurement, ...]


class Telemetry:
    """Turns diagnoses into reports, and keeps the number of measured series within bounds."""

    def __init__(self) -> None:
        self._callers: set[tuple[str, ...]] = set()
        self._errors: set[str] = set()

    def report(self, diagnosis: Diagnosis, entry: Object, port: int | None = None) -> Report:
        """Return the report on a turn, given its entry in the journal and the backend's port."""
        common: Attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}
        error: Attributes = {"error.type": name} if (name := self._error(diagnosis)) else {}
        start, end = diagnosis.record.sent_at, diagnosis.record.sent_at + diagnosis.duration
        return Report(
            name=f"chat {_text(entry['model'])}".rstrip(),
            start=round(start * _NANOSECONDS),
            end=round(end * _NANOSECONDS),
            attributes={**common, **_attributes(diagnosis, entry, port), **error},
            failed=bool(error),
            measurements=tuple(_measurements(diagnosis, {**common, **self._caller(diagnosis, entry)}, error)),
        )

    def _error(self, diagnosis: Diagnosis) -> str:
        """Return the class of the error that a turn ended with: the backend's name for it, or the status."""
        record = diagnosis.record
        if diagnosis.verdict.name != "rejected":
            return ""
        status = str(record.status) if record.status and record.status >= 400 else OTHER
        named = "challenge" if record.challenge else record.failed
        return _bounded(named if named and " " not in named else status, self._errors, _ERRORS) or OTHER

    def _caller(self, diagnosis: Diagnosis, entry: Object) -> Attributes:
        """Return the attributes that distinguish callers in measurements: their product, the model and the host."""
        product = diagnosis.client.partition("/")[0]
        known = _bounded((product, _text(entry["model"]), diagnosis.record.route.host), self._callers, _CALLERS)
        product, model, host = known or (OTHER, OTHER, OTHER)
        named = {"codex.client": product, "gen_ai.request.model": model, "server.address": host}
        return {
            **{name: value for name, value in named.items() if value},
            "codex.mode": diagnosis.exchange.mode,
            "codex.transport": diagnosis.record.route.transport,
        }


def destination(environment: Mapping[str, str], signal: str = "TRACES") -> str:
    """Return where the OTEL_* variables send a signal, as host and port: nothing in it is secret."""
    default = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT") or "http://localhost:4318"
    url = environment.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT") or default
    return url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]


def _attributes(diagnosis: Diagnosis, entry: Object, port: int | None) -> Attributes:
    """Return what was asked for and served, of whom, how it ended, and what was found, as far as it is known."""
    values = {
        "openai.api.type": "responses",
        "gen_ai.request.model": entry["model"] or None,
        "gen_ai.response.model": entry.get("served_model"),
        "openai.response.service_tier": entry.get("served_service_tier"),
        "gen_ai.conversation.id": entry["conversation"],
        "server.address": diagnosis.record.route.host,
        "server.port": port,
        "http.response.status_code": entry["status"],
        **{name: entry.get(name) for name in COUNTERS},
        **{f"codex.{name}": entry.get(name) for name in _FROM_ENTRY},
        "codex.is_miss": diagnosis.verdict.is_miss,
        "codex.time_to_first_byte": diagnosis.wait,
    }
    return {name: _value(value) for name, value in values.items() if value is not None}


def _measurements(diagnosis: Diagnosis, common: Attributes, error: Attributes) -> Iterator[Measurement]:
    """Yield what a turn counts for; a warm-up counts for nothing."""
    if diagnosis.record.warm_up:
        return
    verdict: Attributes = {**common, "codex.verdict": diagnosis.verdict.name}
    yield from _tokens(diagnosis, common, verdict)
    yield Measurement(TURNS, 1, verdict)
    yield Measurement(DURATION, diagnosis.duration, {**common, **error})
    if diagnosis.wait is not None:
        yield Measurement(FIRST_BYTE, diagnosis.wait, common)


def _tokens(diagnosis: Diagnosis, common: Attributes, verdict: Attributes) -> Iterator[Measurement]:
    """Yield the counters' measurements. What the backend did not report is not measured: it is not 0."""
    if (usage := diagnosis.record.usage) is None:
        return
    yield Measurement(TOKENS, usage.input, {**common, "gen_ai.token.type": "input"})
    if usage.output is not None:
        yield Measurement(TOKENS, usage.output, {**common, "gen_ai.token.type": "output"})
    if usage.cached is not None:
        yield Measurement(INPUT, usage.input, verdict)
        yield Measurement(CACHED, usage.cached, verdict)
    if diagnosis.verdict.resent:
        blame: Attributes = {"codex.blame": diagnosis.verdict.blame} if diagnosis.verdict.blame else {}
        yield Measurement(RESENT, diagnosis.verdict.resent, {**verdict, **blame})


def _bounded[T](value: T, known: set[T], limit: int) -> T | None:
    """Return the value if it is known, or if the set is not full yet."""
    if value not in known and len(known) >= limit:
        return None
    known.add(value)
    return value


def _value(value: Json) -> Value:
    if isinstance(value, bool | int | float):
        return value
    return tuple(map(_text, value)) if isinstance(value, list) else _text(value)


def _text(value: Json) -> str:
    """Return text that can be encoded, and is short."""
    return str(value)[:_LONGEST].encode("utf-8", "replace").decode()
