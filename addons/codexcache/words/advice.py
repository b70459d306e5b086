"""What to do about each verdict, and how the next turn tells that it worked."""

from typing import NamedTuple


class Advice(NamedTuple):
    """What to do, and how to see that it helped."""

    do: str
    then: str


_STAYS_SAME = "The next turn of this conversation is a hit, and its cached tokens are about this turn's input tokens."
_ONCE = "This turn has built the cache anew: the next one is a hit, unless it changes again."

ADVICE: dict[str, Advice] = {
    "rejected": Advice(
        "Read the response: it says what the backend refused. A member that the client sends and it does not take can "
        "be removed by codex_strip; a challenge page means that the site distrusts the connection, not the turn.",
        "Try the same turn again: it ends with usage, and another verdict.",
    ),
    "no_usage": Advice(
        "Nothing, if the turn was cancelled. If every turn ends so, something between the backend and here takes the "
        "usage away, or the client hangs up before the last event.",
        "A turn that runs to its end shows counters instead of n/a.",
    ),
    "below_minimum": Advice(
        "Nothing: so short a prompt is not cached.",
        "Once the conversation has more than 1,024 tokens, turns become hits.",
    ),
    "cold": Advice(
        "Nothing, at the beginning of a conversation or after a restart of the proxy. If this is not the beginning, "
        "its history was rewritten so far that no earlier turn can be recognized: compare the two with codex.diff.",
        "The next turn that goes on with this one is compared with it.",
    ),
    "hit": Advice("Nothing: what could be read was read.", "The next turn is a hit as long as it only appends."),
    "account_changed": Advice(
        "Keep a conversation on one account: let the client, or the pool in front of it, stay with the account with "
        "which the conversation began.",
        "In the identity panel of the next turn, account is the same.",
    ),
    "model_changed": Advice(
        "Each model has a cache of its own. Change the model between conversations, or accept one rebuild.", _ONCE
    ),
    "prompt_cache_key_changed": Advice(
        "Find out why the client sends another key within one conversation. codex_mode=pin holds it to its first, "
        "unless it is the official client.",
        "In the identity panel of the next turn, key is the same.",
    ),
    "session_changed": Advice(
        "The backend routes by the session header. Let the client keep one for each conversation, or send none: then "
        "the addon writes one that stays.",
        "In the identity panel of the next turn, session is the same.",
    ),
    "service_tier_changed": Advice("Tiers share no cache. Keep one tier for a conversation.", _ONCE),
    "session_missing": Advice(
        "Let the client send a session header (session-id). The addon adds one over HTTP unless codex_mode is observe; "
        "for a WebSocket it can only repeat what the handshake says elsewhere.",
        "In the identity panel of the next turn, session is not absent.",
    ),
    "transport_changed": Advice(
        "Keep a conversation on one transport and one host. A WebSocket that is cut makes the client reconnect: look "
        "at what ended it.",
        "In the identity panel of the next turn, transport, host and socket are the same.",
    ),
    "key_replaced": Advice(
        "The backend put a key of its own in the place of the one sent. Send one of at most 64 plain characters; if "
        "it was one, this is the backend's choice.",
        "The journal says echoed_key: same.",
    ),
    "tools_changed": Advice(
        "Keep the list of tools, their order and their texts the same throughout a conversation: load tool servers "
        "before it begins, sort what comes in no fixed order, and keep dates and paths out of descriptions.",
        "In the strip of the next turn, the tools stand as before.",
    ),
    "text_format_changed": Advice(
        "Ask for structured output in a conversation of its own, or keep one format throughout.", _ONCE
    ),
    "reasoning_effort_changed": Advice(
        "Each effort has a cache of its own. Change it between conversations, or accept one rebuild.", _ONCE
    ),
    "verbosity_changed": Advice("Keep one verbosity throughout a conversation.", _ONCE),
    "parallel_tool_calls_changed": Advice("Keep parallel_tool_calls the same throughout a conversation.", _ONCE),
    "instructions_changed": Advice(
        "Keep the instructions the same throughout a conversation: what changes by itself (a date, a path, a counter, "
        "the state of a repository) belongs into the latest user message.",
        "In the strip of the next turn, the instructions stand as before.",
    ),
    "context_compacted": Advice(
        "Nothing: a compacted history is a new prompt, and its rebuild is the price. If it happens often, raise the "
        "client's limit for compaction.",
        _ONCE,
    ),
    "input_changed": Advice(
        "Only append to the history: what was sent once must be sent again as it was. Clients that prune old tool "
        "results, rewrite the opening message or drop reasoning items pay for all that follows.",
        "In the strip of the next turn, all of this turn's items stand as before.",
    ),
    "idle": Advice(
        "Nothing, if the pause was meant: the cache is kept for some minutes only.",
        "A turn within five minutes of this one is a hit.",
    ),
    "key_overloaded": Advice(
        "Send fewer turns a minute under one key: give sub-agents and parallel tasks keys of their own.",
        "At 15 turns a minute or fewer, turns are hits again.",
    ),
    "upstream": Advice(
        "Nothing on this side: model, key, session, tools, instructions and history are the same. Try it again (r).",
        _STAYS_SAME,
    ),
}
"""One entry for each verdict."""
