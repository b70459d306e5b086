"""Time and load: pauses, what was learned of them, turns in flight, and what is neither."""

from corpus.talk import CODEX, HTTP, NOTHING, OFFICIAL, WEBSOCKET, Case, labelled
from corpus.texts import assistant, cached, call, output, text, user


@labelled("twenty hours and another socket", "IgorWarzocha/howaboua-pi-stuff#335", **CODEX, turns=4)
def twenty_hours(case: Case) -> None:
    case.socket = "socket-2"
    case.turn(
        "idle",
        gap=72_000,
        reads=NOTHING,
        said=["20 hours | 1,200 minutes | 1200 minutes", "likely"],
        unsaid="stay on one",
    )
    case.turn("hit")


@labelled("a day and another transport", "earendil-works/pi#8125", paths=WEBSOCKET, **OFFICIAL, turns=3)
def a_day_and_http(case: Case) -> None:
    case.turn(
        "idle",
        ["transport_changed"],
        transport="http",
        gap=86_400,
        reads=NOTHING,
        said="24 hours | 1 day | 1,440 minutes",
    )


@labelled("four minutes and fifty seconds from call to call", "openai/codex#35300", **OFFICIAL, turns=4)
def four_fifty(case: Case) -> None:
    case.turn("idle", gap=285, reads=NOTHING, said="possibly")
    case.turn("hit")


@labelled("three minutes and fifty-five seconds from call to call", "openai/codex#35300", **OFFICIAL, turns=4)
def under_four_minutes(case: Case) -> None:
    case.turn("upstream", gap=230, reads=NOTHING)


@labelled("a long answer counts as a part of the pause", "earendil-works/pi#8463", **OFFICIAL, turns=3)
def a_long_answer(case: Case) -> None:
    case.turn("hit", took=280)
    case.turn("idle", gap=60, reads=NOTHING, said="likely")


@labelled("a long answer, and a pause of possibly too long", "earendil-works/pi#8463", **OFFICIAL, turns=3)
def a_rather_long_answer(case: Case) -> None:
    case.turn("hit", took=200)
    case.turn("idle", gap=65, reads=NOTHING, said="possibly")


@labelled("nine minutes were read before, six were not", "openai/codex#35300", **OFFICIAL, turns=2)
def longer_pauses_were_read(case: Case) -> None:
    for _ in range(4):
        case.turn("hit", gap=540)
    case.turn("idle/upstream", gap=360, reads=NOTHING, unsaid="likely expired")


@labelled("after three minutes nothing is ever read here", "earendil-works/pi#8463", **OFFICIAL, turns=2)
def shorter_pauses_were_not_read(case: Case) -> None:
    for _ in range(4):
        case.turn("idle/upstream", gap=200, reads=NOTHING)
        case.turn("hit")


@labelled("a pause of an hour, and the early history edited in it", "anomalyco/opencode#32515", **OFFICIAL, turns=8)
def edited_in_the_pause(case: Case) -> None:
    case.items[0] = user("The first question, in other words.")
    case.turn("input_changed", ["input_changed"], gap=3600, reads=NOTHING, said="input[0]", resent=(14_000, 19_500))


@labelled("a pause of an hour, and another effort", "openai/codex#35416", **OFFICIAL)
def effort_after_a_pause(case: Case) -> None:
    case.members["reasoning"] = {"effort": "medium"}
    case.grow(3)
    case.members["reasoning"] = {"effort": "high"}
    case.turn("reasoning_effort_changed", ["reasoning_effort_changed"], gap=3600, reads=NOTHING)


@labelled("half of the history is still there after a pause", "Soju06/codex-lb#2409", **OFFICIAL, turns=10)
def half_read_after_a_pause(case: Case) -> None:
    case.turn("idle", gap=900, reads=case.before(8), said="15 minutes")


@labelled("eighteen turns a minute with one key, by two conversations", "ginlix-ai/LangAlpha#191", key="everyone")
def two_busy_conversations(case: Case) -> None:
    one, other = (case.aside(items=[user(f"Task {name}.")]) for name in "ab")
    for number in range(8):
        one.turn("hit" if number else "cold", gap=1, took=2, predecessor=2 * number - 1 if number else None)
        other.turn("hit" if number else "cold", gap=1, took=2, predecessor=2 * number if number else None)
    one.turn("key_overloaded", gap=1, took=2, reads=NOTHING, predecessor=15, said="17 turns")


@labelled("as many turns a minute with two keys", "ginlix-ai/LangAlpha#191")
def two_busy_keys(case: Case) -> None:
    headers = [case.headers | {"session-id": name} for name in "ab"]
    one, other = (case.aside(headers=given, items=[user(f"Task {number}.")]) for number, given in enumerate(headers))
    for number in range(8):
        one.turn("hit" if number else "cold", gap=1, took=2, predecessor=2 * number - 1 if number else None)
        other.turn("hit" if number else "cold", gap=1, took=2, predecessor=2 * number if number else None)
    one.turn("upstream", gap=1, took=2, reads=NOTHING, predecessor=15)


@labelled("five children are in flight when their parent's turn misses", "bman654/clodex#209", **CODEX, turns=2)
def five_in_flight(case: Case) -> None:
    children = [case.aside(items=[*case.items[:2], user(f"Part {number}.")]) for number in range(5)]
    for place, child in enumerate(children):
        child.headers |= {"thread-id": f"child-{place}"}
        gap = -39 if place else 20
        child.turn("cold", say="", predecessor=None, reads=case.before(2), gap=gap, took=40)
    said = "in flight | at the same time | at once | parallel | concurrent"
    case.turn("key_overloaded", gap=-35, reads=case.before(2), predecessor=2, said=said)


@labelled("a child has ended when its parent's turn misses", "bman654/clodex#209", **CODEX, turns=2)
def none_in_flight(case: Case) -> None:
    child = case.aside(items=[*case.items[:2], user("A part.")])
    child.headers |= {"thread-id": "child"}
    child.turn("cold", say="", predecessor=None, reads=case.before(2))
    case.turn("upstream", reads=case.before(2), predecessor=2)


@labelled("a busy key, and an edited history", "ginlix-ai/LangAlpha#191", key="session-1")
def busy_and_edited(case: Case) -> None:
    for number in range(16):
        case.turn("hit" if number else "cold", gap=1, took=1)
    case.items[10] = user("Another question altogether.")
    case.miss("input_changed", gap=1, took=1, reads=case.before(10), said="input[10]")


@labelled(
    "calls of one turn at the same time, answered in another order",
    "openai/codex#36098",
    paths=HTTP,
    key="session-1",
    turns=2,
)
def branches_at_once(case: Case) -> None:
    branches = [case.aside() for _ in range(2)]
    for place, branch in enumerate(branches):
        branch.turn("hit", say=f"Branch {place}.", gap=-8 if place else 20, took=9 - place, predecessor=2)
    branches[1].turn("hit", predecessor=4)
    branches[0].turn("hit", predecessor=3)


@labelled("an answer that was incomplete is what the next turn goes on from", "openai/codex#39397", **OFFICIAL, turns=2)
def goes_on_from_a_call(case: Case) -> None:
    case.turn("hit", replies=[assistant("Let me see."), call("look")])
    case.items.append(output("look", "Seen."))
    case.turn("hit", say="", gap=200)


@labelled("a miss seconds after a hit, then a hit", "Soju06/codex-lb#2409", **OFFICIAL, turns=6)
def between_two_hits(case: Case) -> None:
    usage = case.steps[-1].answer.usage
    assert usage is not None
    given = usage["input_tokens"]
    assert isinstance(given, int)
    owed = given - cached(1152)
    case.turn("upstream", reads=1152, gap=3, resent=(owed - 128, owed), blame="outside")
    case.turn("hit", gap=3)


@labelled("a pause before a turn of another agent is none of this one's", "anomalyco/opencode#43249", **CODEX, turns=3)
def pause_of_another(case: Case) -> None:
    other = case.aside(items=[user("Titles.")], instructions=text("You make titles.", 5000), tools=[])
    other.headers |= {"thread-id": "titles"}
    other.turn("cold", predecessor=None, reads=NOTHING)
    case.turn("hit", predecessor=3)
    other.turn("idle", predecessor=4, gap=700, reads=NOTHING)


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
