"""What a response says of itself: which model and tier were served, the server's own diagnosis, removed reasoning."""

from codexcache.body.json_splice import Json, Object

from corpus.labels import about
from corpus.talk import GATEWAY, NOTHING, OFFICIAL, SOL, Case, labelled
from corpus.texts import assistant, cached, call, developer, output, reasoning, tool, user


def removed(reason: str, *names: str) -> list[Json]:
    """Return what a response says of reasoning that the model was not given."""
    return [{"type": "reasoning", "id": f"rs_{name}", "action": "removed", "reason": reason} for name in names]


def missed(reason: str, tokens: int, reusable: int) -> Object:
    """Return the server's own diagnosis of a miss."""
    counted: Object = {"cache_missed_tokens": tokens, "comparison_reusable_tokens": reusable}
    return {"type": "cache_miss", "reason": reason, **counted}


def half_edited(case: Case) -> dict[str, int]:
    """Edit a message; return what is read."""
    case.items[4] = user("Another question altogether.")
    return {"reads": case.before(4)}


def as_object(item: Json) -> Object:
    assert isinstance(item, dict)
    return item


@labelled("a smaller model is served than was asked for", "miuuyy/codex-chatgpt-web#594", **OFFICIAL)
def smaller_model(case: Case) -> None:
    case.members["model"] = "gpt-5.6-sol"
    case.grow(3, model="gpt-5.6-sol")
    said = ["served", "gpt-5.5-mini"]
    unsaid = "everything comparable is the same"
    case.miss("model_changed", model="gpt-5.5-mini", said=said, unsaid=unsaid, blame="outside")
    case.turn("hit", model="gpt-5.5-mini")


@labelled("the model that was asked for is served again", "miuuyy/codex-chatgpt-web#594", **OFFICIAL)
def model_comes_back(case: Case) -> None:
    case.members["model"] = "gpt-5.6-sol"
    case.grow(3, model="gpt-5.6-sol")
    case.miss("model_changed", model="gpt-5.5-mini", blame="outside")
    usage = case.steps[2].answer.usage
    assert usage is not None
    given = usage["input_tokens"]
    assert isinstance(given, int)
    case.miss("model_changed", model="gpt-5.6-sol", reads=cached(given), said="served", blame="outside")


@labelled("another model is served and reads all the same", "miuuyy/codex-chatgpt-web#594", **OFFICIAL)
def other_model_reads(case: Case) -> None:
    case.grow(3, model="gpt-5.5")
    case.turn("hit", ["model_changed"], model="gpt-5.5-2026-09-01")


@labelled("a dated name is served on each turn", "miuuyy/codex-chatgpt-web#594", **OFFICIAL)
def dated_name(case: Case) -> None:
    case.grow(4, model="gpt-5.5-2026-04-20")
    case.turn("upstream", model="gpt-5.5-2026-04-20", reads=case.before(0))
    case.turn("hit", model="gpt-5.5-2026-04-20")


@labelled("a model is asked for and served", "openai/codex#35925", **OFFICIAL)
def asked_and_served(case: Case) -> None:
    case.grow(3, model="gpt-5.5")
    case.members["model"] = "gpt-5.6-sol"
    case.miss("model_changed", model="gpt-5.6-sol", said="gpt-5.5", blame="expected")


@labelled("priority is asked for, and from the fourth turn on not served", "openai/codex#30413", **OFFICIAL)
def tier_not_served(case: Case) -> None:
    case.members["service_tier"] = "priority"
    case.grow(3, tier="priority")
    said = ["served", "default"]
    unsaid = "everything comparable is the same"
    case.miss("service_tier_changed", tier="default", said=said, unsaid=unsaid, blame="outside")
    case.turn("hit", tier="default")


@labelled("priority is asked for and never said to be served", "router-for-me/CLIProxyAPI#4355", **OFFICIAL)
def tier_never_said(case: Case) -> None:
    case.members["service_tier"] = "priority"
    case.grow(4, tier="default")
    case.turn("upstream", tier="default", reads=case.before(0), unsaid="tier")
    case.turn("hit", tier="default")


@labelled("a tier is asked for in the middle", "openai/codex#15099", **OFFICIAL)
def tier_asked(case: Case) -> None:
    case.grow(3, tier="default")
    case.members["service_tier"] = "priority"
    case.miss("service_tier_changed", tier="priority", said="priority", blame="expected")


@labelled("a response names no tier once", "openai/codex#30413", **OFFICIAL, turns=1)
def tier_named_now_and_then(case: Case) -> None:
    case.turn("hit", tier="default")
    case.turn("hit")
    case.turn("upstream", tier="default", reads=case.before(0), unsaid="tier")


@labelled("the server says what we say", "openai/openai-java#975", key="session-1", headers=GATEWAY, turns=8)
def server_agrees(case: Case) -> None:
    place = 8
    case.items[place] = user("Another question altogether.")
    read = case.before(place)
    case.miss("input_changed", reads=read, diagnostics=missed("input_changed", 6200, read), resent=6200)


@labelled(
    "the server blames the tools where we saw an edit only",
    "openai/openai-java#975",
    key="s-1",
    headers=GATEWAY,
    turns=8,
)
def server_says_tools(case: Case) -> None:
    case.items[8] = user("Another question altogether.")
    word, said = missed("tools_changed", 17_000, 1152), ["server", "input"]
    case.turn("tools_changed", None, reads=1152, diagnostics=word, said=said, resent=17_000, blame="avoidable")


@labelled(
    "the server blames the verbosity where nothing differs",
    "openai/openai-java#975",
    key="s-1",
    headers=GATEWAY,
    turns=5,
)
def server_says_verbosity(case: Case) -> None:
    word = missed("verbosity_changed", 9000, 3200)
    case.turn("verbosity_changed", None, reads=case.before(0), diagnostics=word, said="server", resent=9000)


@labelled(
    "the server has no response to compare with", "openai/openai-java#975", key="session-1", headers=GATEWAY, turns=4
)
def server_found_nothing(case: Case) -> None:
    case.tools.pop()
    case.miss("tools_changed", diagnostics={"type": "comparison_response_not_found"})
    case.miss("input_changed", **half_edited(case), diagnostics={"type": "unavailable"})


@labelled("the server says that all was read", "openai/openai-java#975", key="session-1", headers=GATEWAY, turns=3)
def server_says_hit(case: Case) -> None:
    case.turn("hit", diagnostics={"type": "cache_hit"})


@labelled("the backend removed reasoning because the history before it was edited", "openai/codex#51156", **OFFICIAL)
def prefix_mismatch(case: Case) -> None:
    for number in range(5):
        replies = [{**as_object(reasoning(f"{number}")), "id": f"rs_{number}"}, assistant(f"Answer {number}.")]
        case.turn("hit" if number else "cold", replies=[*replies])
    case.items[3] = user("The second question, in other words.")
    gone = removed("prefix_mismatch", "1", "2", "3", "4")
    read = case.before(3)
    case.miss("input_changed", reads=read, transformations=gone, said=["input[3]", "reasoning"], edit="rewritten")


@labelled(
    "the backend says that the history was edited, where we see nothing", "openai/codex#51156", **OFFICIAL, turns=4
)
def prefix_mismatch_unseen(case: Case) -> None:
    gone = removed("prefix_mismatch", "1")
    unsaid = "everything comparable is the same"
    case.turn("input_changed/upstream", None, reads=case.before(0), transformations=gone, said="edited", unsaid=unsaid)


@labelled("the backend leaves out reasoning where a turn begins", "openai/codex#6161", key="session-1", **SOL)
def turn_boundary(case: Case) -> None:
    case.members["model"], case.items = "gpt-5.5", [developer("<permissions>"), user("<environment_context>")]
    given = 7000
    for number in range(8):
        is_last, name = number == 7, f"{number}-{case.about}"
        replies = [reasoning(name), assistant("All done.", 900)] if is_last else [reasoning(name), call(name)]
        read = cached(given - 1300) if number else 0
        case.turn("hit" if number else "cold", say="", input_tokens=given, reads=read, replies=replies, reasoned=320)
        case.items += [] if is_last else [output(name, f"Output of {name}.", 3300)]
        given += 1300
    gone = removed("turn_boundary", *map(str, range(8)))
    whole, dropped = given - 1300, 320 * 7
    owed = whole - dropped - 7040
    case.turn(
        "upstream",
        input_tokens=given - 320 * 8 + 1300,
        reads=7040,
        transformations=gone,
        said="reasoning",
        unsaid="edited",
        resent=about(owed),
    )


@labelled("reasoning of another account is left out", "jlcodes99/cockpit-tools#827", headers=GATEWAY, key="session-1")
def foreign_reasoning(case: Case) -> None:
    for number in range(4):
        case.turn("hit" if number else "cold", replies=[reasoning(f"{number}"), assistant(f"Answer {number}.")])
    case.headers["chatgpt-account-id"] = "account-2"
    gone = removed("organization_mismatch", "0", "1", "2", "3")
    case.miss("account_changed", transformations=gone, blame="outside")


@labelled("an echo that is another one each time, and then other tools", "fawney19/Aether#682", key="session-1")
def echo_and_tools(case: Case) -> None:
    case.turn("cold", echoed_key="a1")
    for number in range(3):
        case.turn("hit", ["key_replaced"], echoed_key=f"b{number}")
    case.tools[1] = tool("shell", "Runs a command in a sandbox.")
    case.turn(
        "tools_changed", ["key_replaced", "tools_changed"], reads=NOTHING, echoed_key="c1", said="shell", unsaid="pin"
    )


@labelled("an echo that is another one each time, and a miss all the same", "fawney19/Aether#682", key="session-1")
def echo_and_nothing(case: Case) -> None:
    case.turn("cold", echoed_key="a1")
    for number in range(4):
        case.turn("hit", ["key_replaced"], echoed_key=f"b{number}")
    case.turn("upstream", ["key_replaced"], reads=NOTHING, echoed_key="c1")


@labelled("an echo that is replaced for the first time", "Datus-ai/Datus-agent#918", key="session-1")
def echo_replaced_once(case: Case) -> None:
    case.turn("cold", echoed_key="session-1")
    case.turn("hit", echoed_key="session-1")
    case.miss("key_replaced", echoed_key="other", blame="outside")


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
