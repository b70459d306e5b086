"""The verdicts by name, in their order of precedence. OpenAI's names are used where it has one ("Prompt caching")."""

from dataclasses import dataclass
from typing import NamedTuple

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
PREDICTABLE = ("cold", *(name for name in VERDICTS if name in MISSES and name not in ("key_replaced", "upstream")))
"""Verdicts that can be told before a turn is sent: `cold`, and the misses that are no fault of the backend's."""


# What to do about each verdict, and how the next turn tells that it worked.


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


# What each verdict means in a line, and the group in which it is drawn; what to do about it is said in `words`.


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Verdicts that look alike on the page. `mark` is the outline of its sign, 8 units wide and high, "" for none."""

    name: str
    label: str
    mark: str


_DIAMOND, _TRIANGLE, _SQUARE, _DISC = (
    "M4 0l4 4-4 4-4-4z",
    "M4 .5l4 7H0z",
    "M.8.8h6.4v6.4H.8z",
    "M4 .4a3.6 3.6 0 1 1 0 7.2a3.6 3.6 0 1 1 0-7.2z",
)
_RING = "M4 .4a3.6 3.6 0 1 1 0 7.2a3.6 3.6 0 1 1 0-7.2zm0 1.6a2 2 0 1 0 0 4a2 2 0 1 0 0-4z"
_CROSS = "M1.2 0L4 2.8 6.8 0 8 1.2 5.2 4 8 6.8 6.8 8 4 5.2 1.2 8 0 6.8 2.8 4 0 1.2z"
_DASH, _DOT = "M0 3h8v2H0z", "M4 2.2a1.8 1.8 0 1 1 0 3.6a1.8 1.8 0 1 1 0-3.6z"

READ = Group(name="read", label="read from the cache", mark="")
ROUTED = Group(name="routed", label="did not get there", mark=_DIAMOND)
PROMPT_GROUP = Group(name="prompt", label="prompt changed", mark=_TRIANGLE)
EXPECTED = Group(name="expected", label="expected rebuild", mark=_SQUARE)
GONE = Group(name="gone", label="likely gone", mark=_DISC)
COLD = Group(name="cold", label="first turn", mark=_RING)
SMALL = Group(name="small", label="too small", mark=_DOT)
SILENT = Group(name="silent", label="no counters", mark=_DASH)
REFUSED = Group(name="refused", label="refused", mark=_CROSS)
UNKNOWN = Group(name="unknown", label="not known here", mark=_DASH)

GROUPS = (READ, ROUTED, PROMPT_GROUP, EXPECTED, GONE, COLD, SMALL, SILENT, REFUSED, UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictEntry:
    """A verdict, explained."""

    name: str
    group: Group
    meaning: str
    advice: str

    @property
    def is_miss(self) -> bool:
        """Whether tokens were paid for again that could have been read."""
        return self.name in MISSES


_TABLE: tuple[tuple[Group, str, str], ...] = (
    (READ, "hit", "what could be read from the cache was read"),
    (COLD, "cold", "no earlier turn of this conversation is known"),
    (SMALL, "below_minimum", "fewer tokens than the 1,024 from which on anything is cached"),
    (SILENT, "no_usage", "the turn ended without counters: cut, cancelled, or they were stripped"),
    (REFUSED, "rejected", "the backend refused or failed the turn"),
    (ROUTED, "account_changed", "the turn came under another account than its predecessor"),
    (ROUTED, "model_changed", "another model was asked"),
    (ROUTED, "prompt_cache_key_changed", "the turn left with another key than its predecessor"),
    (ROUTED, "session_changed", "the turn left with another session header than its predecessor"),
    (ROUTED, "service_tier_changed", "another service tier was asked for"),
    (ROUTED, "session_missing", "the turn left without any session header"),
    (ROUTED, "transport_changed", "the same prompt came by another transport, socket or host"),
    (ROUTED, "key_replaced", "the backend answered with another key than was sent"),
    (PROMPT_GROUP, "tools_changed", "a tool was added, removed, edited or moved"),
    (PROMPT_GROUP, "text_format_changed", "the output format changed"),
    (PROMPT_GROUP, "reasoning_effort_changed", "the reasoning effort changed"),
    (PROMPT_GROUP, "verbosity_changed", "the verbosity changed"),
    (PROMPT_GROUP, "parallel_tool_calls_changed", "parallel tool calls were switched on or off"),
    (PROMPT_GROUP, "instructions_changed", "the instructions differ from an offset on"),
    (EXPECTED, "context_compacted", "the history was compacted, so it has to be read anew once"),
    (PROMPT_GROUP, "input_changed", "history was edited, cut or reordered"),
    (GONE, "idle", "nothing else explains it, and more than five minutes had passed"),
    (GONE, "key_overloaded", "nothing else explains it, and the key carried more than 15 turns within a minute"),
    (GONE, "upstream", "nothing visible explains it: likely the server's side"),
)

VERDICT_TABLE = {
    name: VerdictEntry(name=name, group=group, meaning=meaning, advice=ADVICE[name].short)
    for group, name, meaning in _TABLE
}


def verdict_entry(name: str) -> VerdictEntry:
    """Return a verdict's word, also for one that another version has made up."""
    return VERDICT_TABLE.get(name) or VerdictEntry(
        name=name,
        group=UNKNOWN,
        meaning="a verdict that this version does not know",
        advice="Make the report with the version that wrote the journal.",
    )
