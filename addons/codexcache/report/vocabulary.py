"""What each verdict means in a line, the group in which it is drawn, and what to do about it."""

from dataclasses import dataclass

from ..causes.names import MISSES


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
PROMPT = Group(name="prompt", label="prompt changed", mark=_TRIANGLE)
EXPECTED = Group(name="expected", label="expected rebuild", mark=_SQUARE)
GONE = Group(name="gone", label="likely gone", mark=_DISC)
COLD = Group(name="cold", label="first turn", mark=_RING)
SMALL = Group(name="small", label="too small", mark=_DOT)
SILENT = Group(name="silent", label="no counters", mark=_DASH)
REFUSED = Group(name="refused", label="refused", mark=_CROSS)
UNKNOWN = Group(name="unknown", label="not known here", mark=_DASH)

GROUPS = (READ, ROUTED, PROMPT, EXPECTED, GONE, COLD, SMALL, SILENT, REFUSED, UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A verdict, explained."""

    name: str
    group: Group
    meaning: str
    advice: str

    @property
    def is_miss(self) -> bool:
        """Whether tokens were paid for again that could have been read."""
        return self.name in MISSES


def _same(thing: str) -> str:
    return f"Ask for the same {thing} in every turn of a conversation."


_TABLE: tuple[tuple[Group, str, str, str], ...] = (
    (READ, "hit", "what could be read from the cache was read", "Nothing."),
    (COLD, "cold", "no earlier turn of this conversation is known", "Nothing: somebody has to be first."),
    (SMALL, "below_minimum", "fewer tokens than the 1,024 from which on anything is cached", "Nothing."),
    (
        SILENT,
        "no_usage",
        "the turn ended without counters: cut, cancelled, or they were stripped",
        "See whether the client cancels its turns, or a gateway strips the usage.",
    ),
    (
        REFUSED,
        "rejected",
        "the backend refused or failed the turn",
        "Read the reason of the turn: it names the status, and the member where one was refused.",
    ),
    (
        ROUTED,
        "account_changed",
        "the turn came under another account than its predecessor",
        "Keep a conversation on one account; a gateway that changes accounts loses the cache each time.",
    ),
    (ROUTED, "model_changed", "another model was asked", "Finish a conversation on its model: each has its own cache."),
    (
        ROUTED,
        "prompt_cache_key_changed",
        "the turn left with another key than its predecessor",
        "Run with codex_mode=pin, which holds a conversation to its first key, or have the client keep its own.",
    ),
    (
        ROUTED,
        "session_changed",
        "the turn left with another session header than its predecessor",
        "Run with codex_mode=fill, or have the client keep one session header for a conversation.",
    ),
    (ROUTED, "service_tier_changed", "another service tier was asked for", _same("service tier")),
    (
        ROUTED,
        "session_missing",
        "the turn left without any session header",
        "Run with codex_mode=fill; a WebSocket needs the session header in its handshake, from the client.",
    ),
    (
        ROUTED,
        "transport_changed",
        "the same prompt came by another transport, socket or host",
        "Have the client stay on one connection; a new one can end at another server.",
    ),
    (
        ROUTED,
        "key_replaced",
        "the backend answered with another key than was sent",
        "See that the turn bears a session header: without one the backend does not keep the key.",
    ),
    (
        PROMPT,
        "tools_changed",
        "a tool was added, removed, edited or moved",
        "Keep the tools and their order; load all of them before the first turn.",
    ),
    (PROMPT, "text_format_changed", "the output format is another", _same("output format")),
    (PROMPT, "reasoning_effort_changed", "the reasoning effort is another", _same("reasoning effort")),
    (PROMPT, "verbosity_changed", "the verbosity is another", _same("verbosity")),
    (
        PROMPT,
        "parallel_tool_calls_changed",
        "parallel tool calls were switched on or off",
        _same("setting of parallel_tool_calls"),
    ),
    (
        PROMPT,
        "instructions_changed",
        "the instructions differ from an offset on",
        "Move what varies (dates, paths, counters) out of the instructions, to the end of the input.",
    ),
    (
        EXPECTED,
        "context_compacted",
        "the history was compacted, so it has to be read anew once",
        "Nothing: this is the price of a shorter history.",
    ),
    (
        PROMPT,
        "input_changed",
        "history was edited, cut or reordered",
        "Have the client only append: what follows the first edited item is paid for again.",
    ),
    (
        GONE,
        "idle",
        "nothing else explains it, and more than five minutes had passed",
        "Go on within five minutes where you can; a pause is often worth its price.",
    ),
    (
        GONE,
        "key_overloaded",
        "nothing else explains it, and the key carried more than 15 turns within a minute",
        "Give agents that work at the same time keys of their own.",
    ),
    (
        GONE,
        "upstream",
        "nothing visible explains it: likely the server's side",
        "Nothing on this side. If it comes often, compare the times with other clients of the backend.",
    ),
)

WORDS = {name: Word(name=name, group=group, meaning=meaning, advice=advice) for group, name, meaning, advice in _TABLE}


def word_of(name: str) -> Word:
    """Return a verdict's word, also for one that another version has made up."""
    return WORDS.get(name) or Word(
        name=name,
        group=UNKNOWN,
        meaning="a verdict that this version does not know",
        advice="Make the report with the version that wrote the journal.",
    )
