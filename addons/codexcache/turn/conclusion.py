"""What is stored of how a turn ended: its response's counters, ids, what it was served with, and what went wrong."""

import re

from ..body.json_splice import Json, Object, as_count
from .items import lines_said
from .prompt import read_outputs
from .record import Record, ServerWord, Usage
from .response import ResponseInfo

_REASON = re.compile(r"[a-z][a-z_]{0,60}")
"""A reason that the backend names."""


def conclude(record: Record, response_info: ResponseInfo, at: float) -> None:
    """Store in a record how its turn ended, at `at` in seconds since the epoch."""
    record.ended_at = at
    record.status = response_info.status
    record.response_id = response_info.response_id
    record.echoed_key = response_info.echoed_key
    record.usage = _usage(response_info)
    record.outputs = read_outputs(response_info.outputs, record.prompt)
    record.said = lines_said(response_info.outputs)
    record.challenge = response_info.challenge
    record.failed = response_info.failure
    record.cut_short, record.ended = response_info.cut_short, response_info.ended
    record.served_model, record.served_service_tier = response_info.served_model, response_info.served_service_tier
    record.server, record.transformations = _server_word(response_info.diagnostics), response_info.transformations


def _usage(response_info: ResponseInfo) -> Usage | None:
    """Return the counters; an absent one is not 0."""
    usage = response_info.usage
    cached = _within(usage, "input_tokens_details", "cached_tokens")
    if (given := as_count(usage.get("input_tokens"))) is None:
        return None
    return Usage(
        input=given,
        cached=as_count(cached),
        output=as_count(usage.get("output_tokens")),
        reasoning=as_count(_within(usage, "output_tokens_details", "reasoning_tokens")),
    )


def _server_word(diagnostics: Object) -> ServerWord | None:
    """Return the backend's own explanation of a miss, None where it gives none (openai-python, 3.57)."""
    reason = diagnostics.get("reason")
    if diagnostics.get("type") != "cache_miss" or not isinstance(reason, str) or not _REASON.fullmatch(reason):
        return None
    missed, reusable = diagnostics.get("cache_missed_tokens"), diagnostics.get("comparison_reusable_tokens")
    return ServerWord(reason, as_count(missed), as_count(reusable))


def _within(usage: Object, name: str, member: str) -> Json:
    details = usage.get(name)
    return details.get(member) if isinstance(details, dict) else None
