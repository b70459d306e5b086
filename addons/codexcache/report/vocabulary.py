"""What each verdict means in a line, and the group in which it is drawn; what to do about it is said in `words`."""

from dataclasses import dataclass

from ..verdicts import MISSES
from ..words.advice import ADVICE


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
    (PROMPT, "tools_changed", "a tool was added, removed, edited or moved"),
    (PROMPT, "text_format_changed", "the output format changed"),
    (PROMPT, "reasoning_effort_changed", "the reasoning effort changed"),
    (PROMPT, "verbosity_changed", "the verbosity changed"),
    (PROMPT, "parallel_tool_calls_changed", "parallel tool calls were switched on or off"),
    (PROMPT, "instructions_changed", "the instructions differ from an offset on"),
    (EXPECTED, "context_compacted", "the history was compacted, so it has to be read anew once"),
    (PROMPT, "input_changed", "history was edited, cut or reordered"),
    (GONE, "idle", "nothing else explains it, and more than five minutes had passed"),
    (GONE, "key_overloaded", "nothing else explains it, and the key carried more than 15 turns within a minute"),
    (GONE, "upstream", "nothing visible explains it: likely the server's side"),
)

WORDS = {
    name: Word(name=name, group=group, meaning=meaning, advice=ADVICE[name].short) for group, name, meaning in _TABLE
}


def word_of(name: str) -> Word:
    """Return a verdict's word, also for one that another version has made up."""
    return WORDS.get(name) or Word(
        name=name,
        group=UNKNOWN,
        meaning="a verdict that this version does not know",
        advice="Make the report with the version that wrote the journal.",
    )
