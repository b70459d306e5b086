"""The verdicts by name, in their order of precedence. OpenAI's names are used where it has one ("Prompt caching")."""

ROUTING = (
    "account_changed",
    "model_changed",
    "prompt_cache_key_changed",
    "session_changed",
    "service_tier_changed",
)
PROMPT = (
    "tools_changed",
    "text_format_changed",
    "reasoning_effort_changed",
    "verbosity_changed",
    "parallel_tool_calls_changed",
    "instructions_changed",
    "context_compacted",
    "input_changed",
)
QUIET = ("rejected", "no_usage", "below_minimum", "cold", "hit")
"""Verdicts that are no misses."""

VERDICTS = (
    *QUIET,
    *ROUTING,
    "session_missing",
    "transport_changed",
    "key_replaced",
    *PROMPT,
    "idle",
    "key_overloaded",
    "upstream",
)


MISSES = frozenset(VERDICTS) - frozenset(QUIET)
FORESEEABLE = ("cold", *(name for name in VERDICTS if name in MISSES and name not in ("key_replaced", "upstream")))
"""Verdicts that can be told before a turn is sent: `cold`, and the misses that are no fault of the backend's."""
