"""A turn's summary, as a flow carries it."""

from codexcache.body.json_splice import Json, Object

COUNTERS: Object = {
    "gen_ai.usage.input_tokens": 9409,
    "gen_ai.usage.cache_read.input_tokens": 1024,
    "gen_ai.usage.output_tokens": 5,
}

SUMMARY: Object = {
    "turn": 7,
    "mode": "fill",
    "conversation": "c0ffee000001",
    "endpoint": "responses",
    "transport": "http",
    "client": "myagent/1.2",
    "model": "gpt-5.5",
    "status": 200,
    "key_source": "session",
    "continued": True,
    "changed": ["session-id", "prompt_cache_key"],
    **COUNTERS,
    "reusable_tokens": 1100,
    "resent_tokens": 5956,
    "predecessor": 6,
    "predecessor_at": 1000.0,
    "sent_at": 1014.5,
    "ended_at": 1016.0,
    "changes": ["tools_changed"],
    "differences": ["tools_changed: tool shell was edited"],
    "verdict": "tools_changed",
    "because": "tool shell was edited",
    "is_miss": True,
    "prompt_parts": [["3 tools", 100, "changed"], ["instructions", 50, "behind"], ["input[0]", 50, "same"]],
    "identity": {"key": ["aaaaaaaaaaaa", "same"], "session": ["bbbbbbbbbbbb", "changed"], "socket": [None, "absent"]},
    "client_sent": {"prompt_cache_key": None, "session-id": "aaaaaaaaaaaa", "session_id": "cccccccccccc"},
    "forwarded": {"prompt_cache_key": "aaaaaaaaaaaa", "session-id": "aaaaaaaaaaaa", "session_id": "aaaaaaaaaaaa"},
    "edited": False,
}


def turn_summary(**members: Json) -> Object:
    """Return a summary with some members replaced."""
    return {**SUMMARY, **members}


def without(*names: str) -> Object:
    """Return a summary in which some members are missing."""
    return {name: value for name, value in SUMMARY.items() if name not in names}
