"""Misses by time, load and the server's side, and what was not to be taken for one of these."""

from corpus.talk import HTTP, NOTHING, OFFICIAL, Case, labelled
from corpus.texts import text, tool, user


def pause(about: str, source: str, verdict: str, seconds: float, said: str = "") -> Case:
    """Return a conversation of four turns, a pause behind which nothing is read, and one turn more."""
    case = Case(about=about, source=source)
    case.grow(4)
    case.turn(verdict, gap=seconds, reads=NOTHING, said=said)
    case.turn("hit")
    return case


SHORT = "30 s | 35 s"
PAUSES = (
    pause("a pause of 20 minutes", "openai/codex#35300", "idle", 1200, "20 minutes"),
    pause("a pause of five minutes and a second", "earendil-works/pi#8463", "idle", 301, "likely"),
    pause("a pause of just under four minutes is none", "earendil-works/pi#8463", "upstream", 234),
    pause("a miss seconds after a hit is no expiry", "antiburn/antiburn#182", "upstream", 30, SHORT),
)


@labelled("a pause, and the tools edited in it", "headroomlabs-ai/headroom#1343", turns=3)
def idle_and_edited(case: Case) -> None:
    case.tools[0] = tool("apply_patch", "Edits files.")
    case.miss("tools_changed", gap=1200)


@labelled("a pause measured from the predecessor, not from the last request", "anomalyco/opencode#43249")
def idle_behind_another(case: Case) -> None:
    case.members["prompt_cache_key"] = "session-1"
    case.grow(2)
    other = case.aside(items=[], instructions=text("You make titles.", 5000), tools=[])
    other.turn("cold", predecessor=None, gap=250)
    case.turn("idle", predecessor=2, gap=100, reads=NOTHING)


@labelled("a constant floor under a growing input", "openai/codex#20301")
def floor(case: Case) -> None:
    case.turn("cold", reads=3328)
    case.turn("hit", reads=3328)
    for _ in range(4):
        case.turn("upstream", reads=3328)


@labelled("misses of the server's own between hits", "Soju06/codex-lb#2409", turns=12)
def upstream(case: Case) -> None:
    case.turn("upstream", reads=1152, said="everything comparable is the same")
    case.turn("hit")


@labelled("a retry that reads nothing", "openai/codex#34763")
def retry_misses(case: Case) -> None:
    case.turn("cold", replies=[])
    case.turn("upstream", say="", full=True, reads=NOTHING)


@labelled("an edit late in the history does not explain that nothing at all was read", "jaseci-labs/jac#8821", turns=12)
def late_edit(case: Case) -> None:
    case.items[20] = user("Edited.")
    case.turn("upstream", ["input_changed"], reads=NOTHING, said="input[20]")


@labelled("an edit late in the history, and a long pause", "jaseci-labs/jac#8821", turns=12)
def late_edit_and_pause(case: Case) -> None:
    case.items[20] = user("Edited.")
    case.turn("idle", ["input_changed"], gap=3600, reads=NOTHING, said="60 minutes | 1 hour | an hour")


@labelled("an edit, with a fifth less read than stands before it", "jaseci-labs/jac#8821", turns=12)
def read_up_to_a_boundary(case: Case) -> None:
    case.items[12] = user("Edited.")
    case.miss("input_changed", reads=case.before(12) * 4 // 5)


@labelled("another transport and an edit that explains nothing", "earendil-works/pi#8125", **OFFICIAL, turns=12)
def transport_and_late_edit(case: Case) -> None:
    case.items[20] = user("Edited.")
    case.host = "gov.chatgpt.com"
    case.turn("upstream/transport_changed", ["transport_changed", "input_changed"], reads=NOTHING)


@labelled("another transport and an edit that explains it", "earendil-works/pi#8125", **OFFICIAL, turns=12)
def transport_and_edit(case: Case) -> None:
    case.items[4] = user("Edited.")
    case.host = "gov.chatgpt.com"
    case.turn("input_changed", ["transport_changed", "input_changed"], reads=case.before(4))


@labelled("more than 15 turns a minute with one key", "ginlix-ai/LangAlpha#191")
def overloaded(case: Case) -> None:
    for number in range(15):
        case.turn("hit" if number else "cold", gap=1, took=1)
    case.turn("key_overloaded", gap=1, took=1, reads=NOTHING, said="16 turns")
    case.turn("hit", gap=61)
    case.turn("upstream", gap=1, reads=NOTHING)


@labelled("many turns a minute with keys of their own", "ginlix-ai/LangAlpha#191", paths=HTTP)
def not_overloaded(case: Case) -> None:
    case.headers |= {"session-id": "s-0"}
    case.turn("cold", gap=1, took=1)
    for number in range(1, 20):
        headers = case.headers | {"session-id": f"s-{number}"}
        case.aside(items=[], headers=headers).turn("cold", gap=1, took=1, predecessor=None)
    case.turn("upstream", predecessor=1, gap=1, reads=NOTHING)


@labelled("a pause comes before the load", "ginlix-ai/LangAlpha#191", paths=HTTP, key="session-1", turns=1)
def idle_before_load(case: Case) -> None:
    for number in range(20):
        other = case.aside(items=[user(f"Child {number}.")])
        other.turn("cold", gap=1 if number else 340, took=1, predecessor=None, say="")
    case.turn("idle", predecessor=1, gap=1, reads=NOTHING)


CASES = (*PAUSES, *(case for case in list(globals().values()) if isinstance(case, Case)))
