"""The table of verdicts: what is said of each, wherever it is said, and how it is drawn.

A verdict says why a turn got as many tokens from the prompt cache as it did. They are listed in their order of
precedence: of those whose rule holds (`diagnosis.rules`), the first is the turn's. OpenAI's names are used where it has
one ("Prompt caching").

Each verdict belongs to a group, and the group says how it is drawn: in which colour on the terminal, with which marker
in mitmproxy's list of flows, with which sign and colours in the report. So a colour is changed here; and a verdict is
added with an entry here and a rule there.
"""

from dataclasses import dataclass

MISS_COLOUR, MISS_MARKER = "35", ":warning:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Verdicts that are drawn alike.

    On the report's page, `name` is a CSS class, `label` stands in the legend, `mark` is the outline of a sign 8 units
    wide and high ("" for none), and `colours` are CSS colours for a light and a dark page (None for a muted one).
    `terminal` is an ANSI colour, `marker` the name of an emoji.
    """

    name: str
    label: str
    mark: str = ""
    colours: tuple[str, str] | None = None
    terminal: str = MISS_COLOUR
    marker: str = MISS_MARKER
    is_miss: bool = True


_DIAMOND, _TRIANGLE, _SQUARE = "M4 0l4 4-4 4-4-4z", "M4 .5l4 7H0z", "M.8.8h6.4v6.4H.8z"
_DISC = "M4 .4a3.6 3.6 0 1 1 0 7.2a3.6 3.6 0 1 1 0-7.2z"
_RING = "M4 .4a3.6 3.6 0 1 1 0 7.2a3.6 3.6 0 1 1 0-7.2zm0 1.6a2 2 0 1 0 0 4a2 2 0 1 0 0-4z"
_CROSS = "M1.2 0L4 2.8 6.8 0 8 1.2 5.2 4 8 6.8 6.8 8 4 5.2 1.2 8 0 6.8 2.8 4 0 1.2z"
_DASH, _DOT = "M0 3h8v2H0z", "M4 2.2a1.8 1.8 0 1 1 0 3.6a1.8 1.8 0 1 1 0-3.6z"

READ = Group(name="read", label="read from the cache", terminal="32", marker=":white_check_mark:", is_miss=False)
ROUTED = Group(name="routed", label="did not get there", mark=_DIAMOND, colours=("#b5480b", "#f08a4b"))
PROMPT_CHANGED = Group(name="prompt", label="prompt changed", mark=_TRIANGLE, colours=("#6347b5", "#ab97f2"))
EXPECTED = Group(name="expected", label="expected rebuild", mark=_SQUARE, colours=("#16807a", "#3dbcb1"))
GONE = Group(name="gone", label="likely gone", mark=_DISC, colours=("#d99a06", "#f1c556"))
COLD = Group(name="cold", label="first turn", mark=_RING, terminal="36", marker=":snowflake:", is_miss=False)
SMALL = Group(name="small", label="too small", mark=_DOT, terminal="36", marker=":small_blue_diamond:", is_miss=False)
AHEAD = Group(name="ahead", label="sent ahead", mark=_DASH, terminal="36", marker=":fast_forward:", is_miss=False)
SILENT = Group(name="silent", label="no counters", mark=_DASH, terminal="33", marker=":x:", is_miss=False)
REFUSED = Group(
    name="refused",
    label="refused",
    mark=_CROSS,
    colours=("#a8123a", "#ff7d97"),
    terminal="31",
    marker=":x:",
    is_miss=False,
)
UNKNOWN = Group(name="unknown", label="not known here", mark=_DASH, marker=":x:", is_miss=False)

GROUPS = (READ, ROUTED, PROMPT_CHANGED, EXPECTED, GONE, COLD, SMALL, AHEAD, SILENT, REFUSED, UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictEntry:
    """A verdict: its meaning, what to do about it, and how the next turn shows that it helped.

    Meaning and short advice are a line each, for tables; the full advice is for a page. `blame` says whose doing such a
    miss is: "avoidable" by the client, "expected" from what was asked for, or "outside" of both client and proxy.
    """

    name: str
    group: Group
    meaning: str
    short_advice: str
    full_advice: str
    success: str
    blame: str = ""

    @property
    def is_miss(self) -> bool:
        """True if tokens were re-sent that could have been read."""
        return self.group.is_miss


_REBUILT = "This turn has rebuilt the cache: the next one is a hit, unless it changes again."


def _own_cache(name: str, group: Group, thing: str, meaning: str) -> VerdictEntry:
    """Return the entry of something that has a cache of its own for each value."""
    advice = f"Ask for the same {thing} in every turn of a conversation"
    return VerdictEntry(
        name=name,
        group=group,
        meaning=meaning,
        short_advice=f"{advice}.",
        full_advice=f"{advice}: change it between conversations, or accept one rebuild.",
        success=_REBUILT,
        blame="expected",
    )


_ENTRIES = (
    VerdictEntry(
        name="rejected",
        group=REFUSED,
        meaning="the backend refused or failed the turn",
        short_advice="Read the reason of the turn: it names the status, and the parameter where one was rejected.",
        full_advice="Read the response: it says what the backend refused. Where that is a parameter, the reason of the "
        "turn says what removes it, or what helps instead; a challenge page means that the site distrusts the "
        "connection, not the turn.",
        success="Try the same turn again: it ends with usage, and another verdict.",
    ),
    VerdictEntry(
        name="no_usage",
        group=SILENT,
        meaning="the turn ended without counters: cut, cancelled, or they were stripped",
        short_advice="Nothing, if the turn was cancelled. Otherwise see whether a gateway strips the usage.",
        full_advice="Nothing, if the turn was cancelled. If every turn ends so, something between the backend and here "
        "takes the usage away, or the client hangs up before the last event.",
        success="A turn that runs to its end shows counters instead of n/a.",
    ),
    VerdictEntry(
        name="warm_up",
        group=AHEAD,
        meaning="sent ahead by the client, without an answer; not counted",
        short_advice="Nothing: it prepares the next turn.",
        full_advice="Nothing: the client sends it ahead so that the next turn is quicker, and it counts nowhere.",
        success="The next turn reads what this one left.",
    ),
    VerdictEntry(
        name="below_minimum",
        group=SMALL,
        meaning="fewer tokens than the 1,024 from which on anything is cached",
        short_advice="Nothing: so short a prompt is not cached.",
        full_advice="Nothing: so short a prompt is not cached.",
        success="Once the conversation has more than 1,024 tokens, turns become hits.",
    ),
    VerdictEntry(
        name="cold",
        group=COLD,
        meaning="no earlier turn of this conversation is known",
        short_advice="Nothing, at the beginning of a conversation: its first turn has nothing to read.",
        full_advice="Nothing, at the beginning of a conversation, or after a restart with codex_state=off. Otherwise "
        "its history was rewritten so far that no earlier turn can be recognized: compare the two with codex.diff.",
        success="The next turn that extends this one is compared with it.",
    ),
    VerdictEntry(
        name="hit",
        group=READ,
        meaning="what could be read from the cache was read",
        short_advice="Nothing: what could be read was read.",
        full_advice="Nothing: what could be read was read.",
        success="The next turn is a hit as long as it only appends.",
    ),
    VerdictEntry(
        name="account_changed",
        group=ROUTED,
        meaning="the turn came under another account than its predecessor",
        short_advice="Keep a conversation on one account; a gateway that changes accounts loses the cache each time.",
        full_advice="Keep a conversation on one account: let the client, or the pool in front of it, stay with the "
        "account with which the conversation began.",
        success="In the identity panel of the next turn, account is the same.",
        blame="outside",
    ),
    VerdictEntry(
        name="model_changed",
        group=ROUTED,
        meaning="another model was asked for, or served",
        short_advice="Finish a conversation on its model: each has a cache of its own.",
        full_advice="Each model has a cache of its own. Change the model between conversations, or accept one rebuild.",
        success=_REBUILT,
        blame="expected",
    ),
    VerdictEntry(
        name="prompt_cache_key_changed",
        group=ROUTED,
        meaning="the turn left with another key than its predecessor",
        short_advice="Have the client keep its key; where the reason of the turn says so, codex_mode=pin holds it.",
        full_advice="Find out why the client sends another key within one conversation. Where the reason of the turn "
        "says so, codex_mode=pin holds the client to its first.",
        success="In the identity panel of the next turn, key is the same.",
        blame="avoidable",
    ),
    VerdictEntry(
        name="session_changed",
        group=ROUTED,
        meaning="the turn left with another session header than its predecessor",
        short_advice="Have the client keep one session header for a conversation, or send none and run with "
        "codex_mode=fill.",
        full_advice="The backend routes by the session header. Let the client keep one for each conversation, or send "
        "none: then the addon writes one that stays, unless codex_mode is observe.",
        success="In the identity panel of the next turn, session is the same.",
        blame="avoidable",
    ),
    _own_cache("service_tier_changed", ROUTED, "service tier", "another service tier was asked for, or served"),
    VerdictEntry(
        name="session_missing",
        group=ROUTED,
        meaning="the turn left without any session header",
        short_advice="Run with codex_mode=fill; a WebSocket needs the header in its handshake, from the client.",
        full_advice="Let the client send a session header (session-id). The addon adds one over HTTP unless codex_mode "
        "is observe; for a WebSocket it can only repeat what the handshake says elsewhere.",
        success="In the identity panel of the next turn, session is not absent.",
        blame="avoidable",
    ),
    VerdictEntry(
        name="key_replaced",
        group=ROUTED,
        meaning="the backend answered with another key than was sent",
        short_advice="See that the turn has a session header: without one the backend does not keep the key.",
        full_advice="See that the turn has a session header (session-id): without one the backend replaces the key by "
        "one of its own, a new one each time. If the turn has one, this is the backend's choice.",
        success="The journal says echoed_key: same.",
        blame="outside",
    ),
    VerdictEntry(
        name="tools_changed",
        group=PROMPT_CHANGED,
        meaning="a tool was added, removed, edited or moved",
        short_advice="Keep the tools, their order and their texts; load all of them before the first turn.",
        full_advice="Keep the list of tools, their order and their texts the same throughout a conversation: load tool "
        "servers before it begins, sort what comes in no fixed order, and keep dates and paths out of descriptions.",
        success="On the next turn's page, the tools are marked as before.",
        blame="avoidable",
    ),
    VerdictEntry(
        name="text_format_changed",
        group=PROMPT_CHANGED,
        meaning="the output format changed",
        short_advice="Ask for the same output format in every turn of a conversation.",
        full_advice="Ask for structured output in a conversation of its own, or keep one format throughout.",
        success=_REBUILT,
        blame="expected",
    ),
    _own_cache("reasoning_effort_changed", PROMPT_CHANGED, "reasoning effort", "the reasoning effort changed"),
    _own_cache("verbosity_changed", PROMPT_CHANGED, "verbosity", "the verbosity changed"),
    _own_cache(
        "parallel_tool_calls_changed",
        PROMPT_CHANGED,
        "setting of parallel_tool_calls",
        "parallel tool calls were switched on or off",
    ),
    VerdictEntry(
        name="instructions_changed",
        group=PROMPT_CHANGED,
        meaning="the instructions differ from an offset on",
        short_advice="Move what varies (dates, paths, counters) out of the instructions, to the end of the input.",
        full_advice="Keep the instructions the same throughout a conversation: what changes by itself (a date, a path, "
        "a counter, the state of a repository) belongs in the latest user message.",
        success="On the next turn's page, the instructions are marked as before.",
        blame="avoidable",
    ),
    VerdictEntry(
        name="context_compacted",
        group=EXPECTED,
        meaning="the history was compacted, so the cache has to be rebuilt once",
        short_advice="Nothing: this is the price of a shorter history.",
        full_advice="Nothing: a compacted history is a new prompt, and its rebuild is the price. If it happens often, "
        "raise the client's limit for compaction.",
        success=_REBUILT,
        blame="expected",
    ),
    VerdictEntry(
        name="input_changed",
        group=PROMPT_CHANGED,
        meaning="history was edited: items dropped, inserted, shortened, moved or rewritten",
        short_advice="Have the client only append: what follows the first edited item is re-sent.",
        full_advice="Only append to the history: what was sent once has to stay as it was. Clients that prune old "
        "tool results, rewrite the opening message or drop reasoning items re-send all that follows.",
        success="On the next turn's page, all of this turn's items are marked as before.",
        blame="avoidable",
    ),
    VerdictEntry(
        name="idle",
        group=GONE,
        meaning="nothing else explains it, and more time had passed than a cache is likely, or possibly, kept",
        short_advice="Go on within five minutes where you can; a pause is often worth its price.",
        full_advice="Go on within five minutes where you can: the cache is kept for some minutes only. A pause is "
        "often worth its price.",
        success="A turn within five minutes of this one is a hit.",
        blame="expected",
    ),
    VerdictEntry(
        name="transport_changed",
        group=ROUTED,
        meaning="the same prompt came by another transport, socket or host",
        short_advice="Have the client stay on one connection; a new one can end at another server.",
        full_advice="Keep a conversation on one transport and one host. A WebSocket that is cut makes the client "
        "reconnect, and a new one can end at another server: look at what ended it.",
        success="In the identity panel of the next turn, transport, host and socket are the same.",
        blame="outside",
    ),
    VerdictEntry(
        name="key_overloaded",
        group=GONE,
        meaning="nothing else explains it, and the key carried many turns at once or within a minute",
        short_advice="Give agents that work at the same time keys of their own.",
        full_advice="Send fewer turns a minute under one key: give sub-agents and parallel tasks keys of their own.",
        success="At 15 turns a minute or fewer, turns are hits again.",
        blame="avoidable",
    ),
    VerdictEntry(
        name="upstream",
        group=GONE,
        meaning="nothing that can be seen explains most of it: likely the server's side",
        short_advice="Go on; if it comes often, compare the times with other clients of the backend.",
        full_advice="Go on: what can be seen explains the smaller part at most. Try it again (r). If it comes often, "
        "compare the times with other clients of the backend.",
        success="The next turn of this conversation is a hit: it reads about as many tokens as this turn had.",
        blame="outside",
    ),
)

VERDICT_TABLE = {entry.name: entry for entry in _ENTRIES}

VERDICTS = tuple(VERDICT_TABLE)
GROUP_OF = {entry.name: entry.group for entry in _ENTRIES}
QUIET = tuple(entry.name for entry in _ENTRIES if not entry.is_miss)
MISSES = frozenset(entry.name for entry in _ENTRIES if entry.is_miss)
PROMPT = tuple(entry.name for entry in _ENTRIES if entry.group in (PROMPT_CHANGED, EXPECTED))
PREDICTABLE = ("cold", *(name for name in VERDICTS if name in MISSES - {"key_replaced", "upstream"}))
"""Verdicts that can be known before a turn is sent: `cold`, and the misses that are no fault of the backend's."""


def blame_of(name: str) -> str:
    """Return whose doing a miss with this verdict usually is, "" for what is none."""
    return VERDICT_TABLE[name].blame


def verdict_entry(name: str) -> VerdictEntry:
    """Return the entry of a verdict, also of one that only another version knows."""
    return VERDICT_TABLE.get(name) or VerdictEntry(
        name=name,
        group=UNKNOWN,
        meaning="a verdict that this version does not know",
        short_advice="Make the report with the version that wrote the journal.",
        full_advice="",
        success="",
    )
