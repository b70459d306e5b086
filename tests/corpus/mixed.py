"""Several things at once, or one that looks like another: what is the cause, and what only came with it."""

from codexcache.body.json_splice import Json, Object

from corpus.counters import standing
from corpus.labels import ANY, about
from corpus.talk import CODEX, GATEWAY, HTTP, KEYED, NATIVE, NOTHING, OFFICIAL, SOL, WEBSOCKET, Case, labelled
from corpus.texts import assistant, cached, call, compaction, output, reasoning, tool, user, weight


def given(case: Case, number: int) -> int:
    """Return the input tokens of a turn."""
    usage = case.steps[number - 1].answer.usage
    counted = usage["input_tokens"] if usage else 0
    assert isinstance(counted, int)
    return counted


@labelled("a stream that lasted three hours until it was cut", "openai/codex#34763", **OFFICIAL, turns=3)
def three_hours_of_nothing(case: Case) -> None:
    case.turn("no_usage", lost=True, replies=[], took=10_800)
    case.turn("idle", say="", predecessor=3, reads=NOTHING)


@labelled("a limit is reached, and the next turn comes after it", "openai/codex#24704", **OFFICIAL, turns=3)
def limit_reached(case: Case) -> None:
    error: Object = {"error": {"type": "usage_limit_reached", "message": "The usage limit has been reached"}}
    case.turn("rejected", status=429, error=error, replies=[], said="429")
    case.turn("idle", say="", predecessor=3, gap=3000, reads=NOTHING, said="50 minutes | 51 minutes")
    case.turn("hit")


@labelled("reasoning of another account is refused", "farion1231/cc-switch#4464", headers=GATEWAY, key="session-1")
def refused_reasoning(case: Case) -> None:
    for number in range(2):
        case.turn("hit" if number else "cold", replies=[reasoning(f"{number}"), assistant(f"Answer {number}.")])
    case.headers["chatgpt-account-id"] = "account-2"
    error: Object = {"error": {"code": "invalid_encrypted_content", "message": "no"}}
    case.turn("rejected", ["account_changed"], status=400, error=error, replies=[], said="account")
    case.items = [item for item in case.items if not (isinstance(item, dict) and item.get("type") == "reasoning")]
    changes = ["account_changed", "input_changed"]
    case.turn("account_changed", changes, say="", predecessor=2, reads=NOTHING, blame="outside")


@labelled(
    "a named response that the backend has forgotten, then all of it on another socket",
    "Soju06/codex-lb#395",
    **OFFICIAL,
    turns=3,
)
def forgotten_response(case: Case) -> None:
    error: Object = {"error": {"code": "previous_response_not_found", "message": "no"}}
    case.turn("rejected", status=400, error=error, replies=[])
    case.socket = "socket-2"
    case.turn("hit", say="", full=True, predecessor=3)


@labelled("the last message is written longer", "openai/codex#35300", key="session-1", **SOL)
def steered(case: Case) -> None:
    case.members["model"] = "gpt-5.6-sol"
    case.grow(4)
    case.turn("hit", say=user("Go through this log: ", 40_000), replies=[])
    last = len(case.items) - 1
    case.items[last] = user("Go through this log, and be quick: ", 41_000)
    said = f"input[{last}] | goes back"
    case.turn("input_changed/hit", ["input_changed"], say="", reads=case.before(last - 1), said=said, blame=ANY)


@labelled("an answer in JSON at the end, and then words again", "lidge-jun/opencodex#5178", **OFFICIAL, turns=3)
def json_at_the_end(case: Case) -> None:
    case.members["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}}}
    case.miss("text_format_changed", blame="expected")
    del case.members["text"]
    case.miss("text_format_changed", reads=cached(given(case, 3)), blame="expected")


@labelled("an account and a compaction at once", "Soju06/codex-lb#2234", headers=GATEWAY, key="session-1", turns=5)
def account_and_compaction(case: Case) -> None:
    case.turn("hit", replies=[compaction("last")])
    case.headers["chatgpt-account-id"] = "account-2"
    case.items = [case.items[-1]]
    case.turn("account_changed/context_compacted", None, reads=NOTHING)


@labelled(
    "a compaction and a new key at once, the head was read",
    "NousResearch/hermes-agent#86733",
    headers=NATIVE,
    key="scope-1",
    turns=6,
)
def compaction_and_key(case: Case) -> None:
    case.members["prompt_cache_key"], case.items = "scope-2", [compaction("one", 6000)]
    case.turn("context_compacted/prompt_cache_key_changed", None, reads=case.before(0))


@labelled("tools and effort at once, nothing is read", "can1357/oh-my-pi#10786", **OFFICIAL)
def tools_and_effort(case: Case) -> None:
    case.members["reasoning"] = {"effort": "low"}
    case.grow(4)
    case.members["reasoning"], case.tools = {"effort": "high"}, [tool("plan")]
    case.turn("tools_changed", ["tools_changed", "reasoning_effort_changed"], reads=NOTHING)


@labelled(
    "another transport, and less than half is read", "earendil-works/pi#8125", paths=WEBSOCKET, **OFFICIAL, turns=8
)
def transport_and_half(case: Case) -> None:
    case.miss("transport_changed", transport="http", reads=case.before(6), blame="outside")
    case.turn("hit", transport="http")


@labelled(
    "another socket after seconds, and nothing is read", "code-yeongyu/senpi#600", paths=WEBSOCKET, **OFFICIAL, turns=4
)
def another_socket(case: Case) -> None:
    case.socket = "socket-2"
    case.miss("transport_changed", said="another", unsaid="20 s after")
    case.turn("hit")


@labelled("another socket, and a message was edited", "code-yeongyu/senpi#600", **OFFICIAL, turns=8)
def socket_and_edit(case: Case) -> None:
    case.socket, case.items[8] = "socket-2", user("Another question altogether.")
    case.miss("input_changed", reads=case.before(8), said="input[8]")


@labelled(
    "an edit at the front that was paid for, and a new one at the end",
    "NousResearch/hermes-agent#47126",
    **OFFICIAL,
    turns=8,
)
def paid_for(case: Case) -> None:
    case.items[2] = user("The second question, in other words.")
    case.miss("input_changed", reads=case.before(2), said="input[2]")
    case.turn("hit")
    place = 12
    case.items[place] = user("The seventh question, in other words.")
    case.miss("input_changed", reads=case.before(place), said=f"input[{place}]", unsaid="input[2]")


@labelled("two edits at once, the first decides", "NousResearch/hermes-agent#47126", **OFFICIAL, turns=10)
def two_edits(case: Case) -> None:
    owed = standing(case, 7) - 1019
    case.items[6], case.items[14] = user("One in other words."), user("Another in other words.")
    case.miss("input_changed", reads=case.before(6), said=["2", "input[6]"], edit="rewritten", resent=about(owed))


@labelled(
    "history edited between two turns of the other agent", "rynfar/meridian#965", key="session-1", headers=GATEWAY
)
def edited_between(case: Case) -> None:
    one, other = (case.aside(items=[user(f"Task {name}.")]) for name in "ab")
    one.turn("cold", say="", predecessor=None)
    for number in range(5):
        one.turn("hit", predecessor=number + 1)
    other.turn("cold", say="", predecessor=None, reads=case.before(0))
    one.items[4] = user("In other words.")
    one.miss("input_changed", predecessor=6, reads=one.before(4), said="input[4]")
    other.turn("hit", predecessor=7)


@labelled("less is read than tools and instructions hold", "openai/codex#20301", **OFFICIAL, turns=5)
def half_of_the_tools(case: Case) -> None:
    case.turn("upstream", reads=1152)


@labelled("a tool edited, and the read ends within the tools", "cnighswonger/claude-code-cache-fix", **OFFICIAL)
def within_the_tools(case: Case) -> None:
    case.tools = [tool(f"tool_{number}", f"Tool {number}.", 3000) for number in range(12)]
    case.grow(4)
    case.tools[8] = tool("tool_8", "Tool 8, which now does more.", 3000)
    read = cached(weight(case.tools[:8]))
    case.miss("tools_changed", reads=read, said="tool_8")


@labelled(
    "a counter shows all as read although a message was edited", "NousResearch/hermes-agent#47126", **OFFICIAL, turns=6
)
def edited_and_read(case: Case) -> None:
    case.items[4] = user("The third question, in other words.")
    case.turn("hit", ["input_changed"])


@labelled("the same request twice at the same moment", "openai/codex#34763", paths=HTTP, **OFFICIAL, turns=3)
def twice_at_once(case: Case) -> None:
    case.turn("hit", took=10)
    again = case.aside(items=case.items[:-1])
    again.turn("hit", say="", gap=-9, took=10, predecessor=3)
    case.turn("hit", predecessor=ANY, reads=cached(given(case, 4)))


@labelled("a huge first turn, and a second that misses", "openai/codex#20301", key="session-1", **SOL)
def huge_and_missed(case: Case) -> None:
    case.items = [user("All of the code: ", 900_000)]
    case.turn("cold", say="")
    owed = given(case, 1)
    case.turn("upstream", reads=4608, resent=(owed - 4608 - 128, owed - 4608), said="tools and instructions | head")


@labelled("output and reasoning of a call are both rewritten", "damianvtran/local-operator#326", **OFFICIAL)
def call_rewritten(case: Case) -> None:
    case.items = [user("Look around.")]
    case.work(8)
    case.items[7:10] = [call("3-x"), output("3-x", "In other words.", 3300)]
    case.miss("input_changed", say="", reads=case.before(7), said="input[7]")


@labelled(
    "a session header comes in the middle",
    "openclaw/openclaw#100232",
    mode="observe",
    headers=KEYED,
    key="k",
    paths=HTTP,
)
def session_comes(case: Case) -> None:
    case.turn("cold")
    case.turn("hit", ["session_missing"])
    case.headers["session-id"] = "session-1"
    case.miss("session_changed", blame="avoidable")
    case.turn("hit")


@labelled("an effort that is the model's default is left out", "openai/codex#35416", **OFFICIAL)
def default_effort(case: Case) -> None:
    case.members["reasoning"] = {"effort": "medium"}
    case.grow(3)
    del case.members["reasoning"]
    case.turn("hit", ["reasoning_effort_changed"])
    case.turn("hit")


@labelled(
    "a tool that only a comment of the schema was changed in, all read",
    "anthropics/claude-code#90953",
    **CODEX,
    turns=4,
)
def harmless_schema(case: Case) -> None:
    first = case.tools[0]
    assert isinstance(first, dict)
    case.tools[0] = {**first, "strict": True}
    case.turn("hit", ["tools_changed"])
    case.turn("upstream", reads=case.before(0))


@labelled("the answer is shorter in the history than it was", "HKUDS/nanobot#5540", **OFFICIAL, turns=6)
def answers_shortened(case: Case) -> None:
    for place in (1, 3, 5):
        case.items[place] = assistant(f"Answer {place // 2 + 1} of {case.about}.", 300)
    case.miss("input_changed", reads=case.before(1), said=["3", "input[1]"], edit="shortened")


@labelled("a picture is sent at another size", "cloudflare/agents#2200", **OFFICIAL)
def picture_detail(case: Case) -> None:
    def shown(detail: str) -> Json:
        image: Object = {
            "type": "input_image",
            "image_url": "data:image/png;base64," + "iVBO" * 20_000,
            "detail": detail,
        }
        return {"type": "message", "role": "user", "content": [image]}

    case.items = [user("Look."), shown("high")]
    case.grow(5)
    case.items[1] = shown("low")
    case.miss("input_changed", reads=case.before(1), said="input[1]")


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
