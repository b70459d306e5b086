"""What to do about each verdict, and how the next turn tells that it worked."""

from typing import NamedTuple


class Advice(NamedTuple):
    """What to do in a line, for a table; what to do in full, for a page; and how to see that it helped."""

    short: str
    do: str
    then: str


_STAYS_SAME = "The next turn of this conversation is a hit, and its cached tokens are about this turn's input tokens."
_ONCE = "This turn has built the cache anew: the next one is a hit, unless it changes again."


def _throughout(thing: str) -> Advice:
    """Return the advice on what has a cache of its own for each value."""
    return Advice(
        f"Ask for the same {thing} in every turn of a conversation.",
        f"Ask for the same {thing} in every turn of a conversation: change it between conversations, or accept one "
        "rebuild.",
        _ONCE,
    )


ADVICE: dict[str, Advice] = {
    "rejected": Advice(
        "Read the reason of the turn: it names the status, and the member where one was refused.",
        "Read the response: it says what the backend refused. A member that the client sends and it does not take can "
        "be removed by codex_strip; a challenge page means that the site distrusts the connection, not the turn.",
        "Try the same turn again: it ends with usage, and another verdict.",
    ),
    "no_usage": Advice(
        "Nothing, if the turn was cancelled. Otherwise see whether a gateway strips the usage.",
        "Nothing, if the turn was cancelled. If every turn ends so, something between the backend and here takes the "
        "usage away, or the client hangs up before the last event.",
        "A turn that runs to its end shows counters instead of n/a.",
    ),
    "below_minimum": Advice(
        "Nothing: so short a prompt is not cached.",
        "Nothing: so short a prompt is not cached.",
        "Once the conversation has more than 1,024 tokens, turns become hits.",
    ),
    "cold": Advice(
        "Nothing, at the beginning of a conversation: somebody has to be first.",
        "Nothing, at the beginning of a conversation or after a restart of the proxy. If this is not the beginning, "
        "its history was rewritten so far that no earlier turn can be recognized: compare the two with codex.diff.",
        "The next turn that goes on with this one is compared with it.",
    ),
    "hit": Advice(
        "Nothing: what could be read was read.",
        "Nothing: what could be read was read.",
        "The next turn is a hit as long as it only appends.",
    ),
    "account_changed": Advice(
        "Keep a conversation on one account; a gateway that changes accounts loses the cache each time.",
        "Keep a conversation on one account: let the client, or the pool in front of it, stay with the account with "
        "which the conversation began.",
        "In the identity panel of the next turn, account is the same.",
    ),
    "model_changed": Advice(
        "Finish a conversation on its model: each has a cache of its own.",
        "Each model has a cache of its own. Change the model between conversations, or accept one rebuild.",
        _ONCE,
    ),
    "prompt_cache_key_changed": Advice(
        "Have the client keep its key, or run with codex_mode=pin, which holds it to its first.",
        "Find out why the client sends another key within one conversation. codex_mode=pin holds it to its first, "
        "unless it is the official client.",
        "In the identity panel of the next turn, key is the same.",
    ),
    "session_changed": Advice(
        "Have the client keep one session header for a conversation, or send none and run with codex_mode=fill.",
        "The backend routes by the session header. Let the client keep one for each conversation, or send none: then "
        "the addon writes one that stays, unless codex_mode is observe.",
        "In the identity panel of the next turn, session is the same.",
    ),
    "service_tier_changed": _throughout("service tier"),
    "session_missing": Advice(
        "Run with codex_mode=fill; a WebSocket needs the session header in its handshake, from the client.",
        "Let the client send a session header (session-id). The addon adds one over HTTP unless codex_mode is observe; "
        "for a WebSocket it can only repeat what the handshake says elsewhere.",
        "In the identity panel of the next turn, session is not absent.",
    ),
    "transport_changed": Advice(
        "Have the client stay on one connection; a new one can end at another server.",
        "Keep a conversation on one transport and one host. A WebSocket that is cut makes the client reconnect, and a "
        "new one can end at another server: look at what ended it.",
        "In the identity panel of the next turn, transport, host and socket are the same.",
    ),
    "key_replaced": Advice(
        "See that the turn bears a session header: without one the backend does not keep the key.",
        "See that the turn bears a session header (session-id): without one the backend puts a key of its own, a new "
        "one each time, in the place of the one sent. If the turn bears one, this is the backend's choice.",
        "The journal says echoed_key: same.",
    ),
    "tools_changed": Advice(
        "Keep the tools, their order and their texts; load all of them before the first turn.",
        "Keep the list of tools, their order and their texts the same throughout a conversation: load tool servers "
        "before it begins, sort what comes in no fixed order, and keep dates and paths out of descriptions.",
        "In the strip of the next turn, the tools stand as before.",
    ),
    "text_format_changed": Advice(
        "Ask for the same output format in every turn of a conversation.",
        "Ask for structured output in a conversation of its own, or keep one format throughout.",
        _ONCE,
    ),
    "reasoning_effort_changed": _throughout("reasoning effort"),
    "verbosity_changed": _throughout("verbosity"),
    "parallel_tool_calls_changed": _throughout("setting of parallel_tool_calls"),
    "instructions_changed": Advice(
        "Move what varies (dates, paths, counters) out of the instructions, to the end of the input.",
        "Keep the instructions the same throughout a conversation: what changes by itself (a date, a path, a counter, "
        "the state of a repository) belongs in the latest user message.",
        "In the strip of the next turn, the instructions stand as before.",
    ),
    "context_compacted": Advice(
        "Nothing: this is the price of a shorter history.",
        "Nothing: a compacted history is a new prompt, and its rebuild is the price. If it happens often, raise the "
        "client's limit for compaction.",
        _ONCE,
    ),
    "input_changed": Advice(
        "Have the client only append: what follows the first edited item is paid for again.",
        "Only append to the history: what was sent once must be sent again as it was. Clients that prune old tool "
        "results, rewrite the opening message or drop reasoning items pay for all that follows.",
        "In the strip of the next turn, all of this turn's items stand as before.",
    ),
    "idle": Advice(
        "Go on within five minutes where you can; a pause is often worth its price.",
        "Go on within five minutes where you can: the cache is kept for some minutes only. A pause is often worth its "
        "price.",
        "A turn within five minutes of this one is a hit.",
    ),
    "key_overloaded": Advice(
        "Give agents that work at the same time keys of their own.",
        "Send fewer turns a minute under one key: give sub-agents and parallel tasks keys of their own.",
        "At 15 turns a minute or fewer, turns are hits again.",
    ),
    "upstream": Advice(
        "Nothing on this side. If it comes often, compare the times with other clients of the backend.",
        "Nothing on this side: nothing that can be seen explains it. Try it again (r). If it comes often, compare the "
        "times with other clients of the backend.",
        _STAYS_SAME,
    ),
}
"""One entry for each verdict."""
