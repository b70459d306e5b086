"""Answers as evidence: what a model made, recognized wherever a client sends it again.

A model makes up call ids, encrypted reasoning and texts, so an input that holds one of them continues the conversation
in which it was made, whatever the client rewrote, inserted or dropped around it. Clients spell an answer in their own
way: without ids and status, as a plain string or a list of parts, as output or input text, with a phase added. So a
message is recognized by its text alone, and a call, like its output, by its id.

Only the types listed here are known to be a model's; an item of any other type proves nothing. A short text ("Done.")
is said in many conversations, so it counts only together with the opening, the first message of the user.
"""

from ..body.json_splice import Json, Object, as_text
from .item_list import digest
from .items import texts

_CALLS = frozenset(
    {
        "function_call",
        "custom_tool_call",
        "local_shell_call",
        "shell_call",
        "apply_patch_call",
        "web_search_call",
        "file_search_call",
        "tool_search_call",
    }
)
_OUTPUTS = frozenset(
    {
        "function_call_output",
        "custom_tool_call_output",
        "local_shell_call_output",
        "shell_call_output",
        "apply_patch_call_output",
        "tool_search_output",
    }
)
ENCRYPTED = frozenset({"reasoning", "compaction", "compaction_summary", "context_compaction"})
"""Items with a content that only the account can use for which it was made."""

_SHORTEST = 16
"""Characters from which on a text or an id counts without an equal opening."""

_SHORT = 1
"""The bit of an answer's digest that is set where the text is short."""


def answer_digest(item: Json) -> int:
    """Return what identifies a model's item, the same for all spellings of it; 0 for an item that is not a model's."""
    if not isinstance(item, dict) or not (text := _identifying_text(item)):
        return 0
    return (digest(text.encode("utf-8", "surrogatepass")) | _SHORT) ^ (_SHORT if len(text) >= _SHORTEST else 0)


def is_short(answer: int) -> bool:
    """Return True if the item of a digest counts only together with the opening."""
    return bool(answer & _SHORT)


def _identifying_text(item: Object) -> str:
    """Return the text that no other answer has; empty for an item that is not a model's."""
    kind = item.get("type", "message")
    if kind == "message":
        return "".join(texts(item.get("content"))).strip() if item.get("role") == "assistant" else ""
    if kind in ENCRYPTED:
        return as_text(item.get("encrypted_content"))
    if kind in _CALLS:
        return as_text(item.get("call_id")) or as_text(item.get("id"))
    return as_text(item.get("call_id")) if kind in _OUTPUTS else ""
