"""Habits, which explain no new miss; patterns, which are said once; and what each cause is to blame for."""

from corpus.labels import ANY, about
from corpus.talk import ALL, CODEX, GATEWAY, HTTP, KEYED, NATIVE, NOTHING, OFFICIAL, WEBSOCKET, Case, labelled, native
from corpus.texts import cached, developer, text, tool, user


def with_new_sessions(case: Case, turns: int, verdict: str = "hit") -> None:
    """Send some turns, each with a session of its own; those that are no hits read nothing."""
    case.members["prompt_cache_key"] = "key-1"
    for number in range(turns):
        case.headers["session-id"] = f"session-{number}"
        if number:
            case.turn(verdict, ["session_changed"], reads=ALL if verdict == "hit" else NOTHING)
        else:
            case.turn("cold")
    case.headers["session-id"] = f"session-{turns}"


@labelled(
    "a new session on each request, all of them read, then other tools",
    "BerriAI/litellm#42014",
    mode="observe",
    paths=HTTP,
)
def sessions_then_tools(case: Case) -> None:
    with_new_sessions(case, 5)
    case.tools[1] = tool("shell", "Runs a command in a sandbox.")
    case.turn("tools_changed", ["session_changed", "tools_changed"], reads=NOTHING, said="shell")


@labelled(
    "a new session on each request, all of them read, then a miss", "BerriAI/litellm#42014", mode="observe", paths=HTTP
)
def sessions_then_miss(case: Case) -> None:
    with_new_sessions(case, 6)
    case.turn("upstream", ["session_changed"], reads=NOTHING)


@labelled("a new session on each request, and none of them read", "BerriAI/litellm#37280", mode="observe", paths=HTTP)
def sessions_unread(case: Case) -> None:
    with_new_sessions(case, 5, "session_changed")
    said = "new session"
    case.turn(
        "session_changed",
        ["session_changed"],
        reads=NOTHING,
        said=[said, "each request | each turn | every"],
        unsaid="pin",
    )


@labelled(
    "a new key on each request of a client without sessions", "vectorize-io/hindsight#2390", headers=KEYED, paths=HTTP
)
def keys_unread(case: Case) -> None:
    for number in range(5):
        case.members["prompt_cache_key"] = f"key-{number}"
        changes = ["prompt_cache_key_changed", "session_changed"]
        unsaid = "not the predecessor's"
        if number:
            case.turn(changes[0], changes, reads=NOTHING, unsaid=unsaid, said="key")
        else:
            case.turn("cold")


@labelled(
    "the official client's key changes once, and nobody can hold it",
    "openai/codex#33035",
    headers=NATIVE,
    key="thread-1",
)
def native_is_not_pinned(case: Case) -> None:
    case.items = [developer("<permissions>"), user("<environment_context>")]
    case.grow(4)
    case.members["prompt_cache_key"] = "session-1"
    case.miss("prompt_cache_key_changed", unsaid=["pin", "codex_repair"])


@labelled(
    "no session at all, all read, then an edit", "openclaw/openclaw#100232", mode="observe", headers=KEYED, key="k"
)
def no_session_then_edit(case: Case) -> None:
    case.turn("cold")
    for _ in range(6):
        case.turn("hit", ["session_missing"])
    case.items[6] = user("Another question altogether.")
    case.turn("input_changed", ["session_missing", "input_changed"], reads=case.before(6), said="input[6]")


@labelled(
    "no session at all, and nothing was ever read", "openclaw/openclaw#140918", mode="observe", headers=KEYED, key="k"
)
def no_session_never_read(case: Case) -> None:
    case.turn("cold")
    for _ in range(4):
        case.miss("session_missing", said="session", blame="avoidable")


@labelled(
    "no session at all, all read, then a miss",
    "mnfst/llm-gateway#2217",
    mode="observe",
    headers=KEYED,
    key="k",
    paths=HTTP,
)
def no_session_then_miss(case: Case) -> None:
    case.turn("cold")
    for _ in range(5):
        case.turn("hit", ["session_missing"])
    case.turn("upstream", ["session_missing"], reads=NOTHING)


@labelled(
    "another socket for each request, all read, then a night",
    "icebear0828/codex-proxy#440",
    paths=WEBSOCKET,
    **OFFICIAL,
)
def sockets_then_night(case: Case) -> None:
    for number in range(5):
        case.socket = f"socket-{number}"
        case.turn("hit" if number else "cold")
    case.socket = "socket-5"
    case.turn("idle", gap=30_000, reads=NOTHING)


@labelled(
    "another socket for each request, all read, then other instructions", "icebear0828/codex-proxy#440", **OFFICIAL
)
def sockets_then_instructions(case: Case) -> None:
    for number in range(5):
        case.socket = f"socket-{number}"
        case.turn("hit" if number else "cold")
    case.socket, case.instructions = "socket-5", text("You are someone else.", 8000)
    case.turn("instructions_changed", ["instructions_changed"], reads=NOTHING)


@labelled("the time in the instructions, on twelve turns", "Dicklesworthstone/pi_agent_rust#103", key="session-1")
def twelve_times(case: Case) -> None:
    opening = text("You are a coding agent.", 6000)
    for number in range(13):
        case.instructions = f"{opening}\nCurrent time: 2026-11-20T10:{number:02}:07Z\n{text('You never sleep.', 2000)}"
        said = [] if number < 12 else ["12 of 12", "time"]
        if number:
            case.miss("instructions_changed", reads=2560, said=said, volatile=("time",))
        else:
            case.turn("cold")


@labelled("a window that slides on ten turns", "openclaw/openclaw#115273", key="session-1", turns=8)
def ten_slides(case: Case) -> None:
    for number in range(10):
        del case.items[:2]
        said = [] if number < 9 else ["10 of", "input[0]"]
        case.miss("input_changed", reads=case.before(0), said=said, edit="dropped")


@labelled("planning and building by turns, with instructions of their own", "can1357/oh-my-pi#10786", key="session-1")
def two_prompts(case: Case) -> None:
    modes = (text("You plan, and change nothing.", 6000), text("You build what was planned.", 6000))
    for number in range(8):
        case.instructions = modes[number % 2]
        said = [] if number < 7 else ["two", "by turns | in turn | alternat"]
        if number:
            read = 2000 + 2018 * (number - 2) if number > 1 else 1152
            case.miss("instructions_changed", reads=cached(read), said=said)
        else:
            case.turn("cold")


@labelled("three accounts of a gateway by turns", "kaitranntt/ccs#1115", headers=GATEWAY, key="session-1")
def three_accounts(case: Case) -> None:
    for number in range(9):
        case.headers["chatgpt-account-id"] = f"account-{number % 3}"
        said = ["3 accounts | three accounts"] if number == 8 else []
        usage = case.steps[number - 3].answer.usage if number > 2 else None
        given = usage["input_tokens"] if usage else 0
        assert isinstance(given, int)
        if number:
            case.miss("account_changed", reads=cached(given), said=said, blame="outside")
        else:
            case.turn("cold")


@labelled("each turn goes to another account of the gateway", "kaitranntt/ccs#1115", headers=GATEWAY, key="session-1")
def always_another_account(case: Case) -> None:
    for number in range(6):
        case.headers["chatgpt-account-id"] = f"account-{number}"
        case.miss("account_changed", blame="outside") if number else case.turn("cold")


@labelled("extensions register their tools one after another", "rynfar/meridian#367", **OFFICIAL, turns=1)
def tools_one_by_one(case: Case) -> None:
    for number in range(5):
        case.tools.insert(number, tool(f"extension_{number}"))
        case.miss("tools_changed", reads=NOTHING, said=[f"extension_{number}", "added"], blame="avoidable")


@labelled("tools in another order on each turn", "openai/codex#2611", key="session-1", turns=1)
def tools_shuffled(case: Case) -> None:
    for _ in range(4):
        case.tools = [*case.tools[1:], case.tools[0]]
        case.miss("tools_changed", said="order", blame="avoidable", resent=(3100, 40_000))


@labelled(
    "two agents on one key, both with all that they need", "rynfar/meridian#965", key="session-1", headers=GATEWAY
)
def two_agents(case: Case) -> None:
    environment = [developer("<permissions>"), user("<environment_context>")]
    one, other = (case.aside(items=[*environment, user(f"Task {name}.")]) for name in "ab")
    one.turn("cold", say="", predecessor=None)
    other.turn("cold", say="", predecessor=None, reads=case.before(0))
    for number in range(3):
        one.turn("hit", predecessor=2 * number + 1)
        other.turn("hit", predecessor=2 * number + 2)


@labelled(
    "two agents on one key, and each misses after the other",
    "diegosouzapw/OmniRoute#1643",
    key="account",
    headers=GATEWAY,
)
def two_agents_miss(case: Case) -> None:
    one, other = (case.aside(items=[user(f"Task {name}.")]) for name in "ab")
    one.turn("cold", say="", predecessor=None)
    other.turn("cold", say="", predecessor=None, reads=case.before(0))
    for number in range(3):
        said = ["key | conversations"] if number else []
        for place, agent in enumerate((one, other)):
            agent.turn("upstream/key_overloaded", predecessor=2 * number + 1 + place, reads=case.before(0), said=said)


@labelled("a fork in a window of its own", "openai/codex#44716", **CODEX, turns=4)
def fork_by_new_ids(case: Case) -> None:
    fork = case.aside(headers=native("session-2"), socket="socket-2")
    fork.members["prompt_cache_key"] = "session-2"
    changes = ("prompt_cache_key_changed", "session_changed")
    fork.turn(changes[0], changes, reads=case.before(0), predecessor=4, said="fork", blame="expected", unsaid="pin")
    fork.turn("hit")
    case.turn("hit", predecessor=4)


@labelled("a fork of an earlier turn", "openai/codex#44862", **CODEX, turns=6)
def fork_of_an_earlier_turn(case: Case) -> None:
    fork = case.aside(headers=native("session-2"), items=case.items[:8], socket="socket-2")
    fork.members["prompt_cache_key"] = "session-2"
    changes = ("prompt_cache_key_changed", "session_changed")
    fork.turn(changes[0], None, reads=case.before(0), predecessor=ANY, blame="expected")
    fork.turn("hit")


@labelled("a rewind to the second question, asked in other words", "mweinbach/open-grok#18", **OFFICIAL, turns=6)
def rewound(case: Case) -> None:
    case.items = case.items[:2]
    said, read = "The second question, in other words.", case.before(2)
    case.turn("hit/input_changed", None, predecessor=ANY, reads=read, say=said, resent=(0, 127))
    case.turn("hit")


@labelled("a rewind after a pause", "mweinbach/open-grok#18", **OFFICIAL, turns=6)
def rewound_after_a_pause(case: Case) -> None:
    case.items = case.items[:4]
    case.turn("idle", None, predecessor=ANY, gap=1500, reads=NOTHING, blame="expected")
    case.turn("hit")


@labelled("all that a user may ask for, one after another", "openai/codex#35416", **OFFICIAL)
def asked_for(case: Case) -> None:
    case.members["reasoning"], case.members["text"] = {"effort": "low"}, {"verbosity": "low"}
    case.grow(2)
    case.members["reasoning"] = {"effort": "high"}
    case.miss("reasoning_effort_changed", blame="expected")
    case.members["text"] = {"verbosity": "high"}
    case.miss("verbosity_changed", blame="expected")
    case.members["text"] = {"verbosity": "high", "format": {"type": "json_object"}}
    case.miss("text_format_changed", blame="expected")
    case.members["parallel_tool_calls"] = False
    case.miss("parallel_tool_calls_changed", blame="expected")
    case.members["service_tier"] = "priority"
    case.miss("service_tier_changed", blame="expected")
    case.members["model"] = "gpt-5.6-sol"
    case.miss("model_changed", blame="expected")


@labelled("what was re-sent is neither new nor read", "openai/codex#24704", **OFFICIAL, turns=5)
def new_items_are_not_re_sent(case: Case) -> None:
    usage = case.steps[-1].answer.usage
    assert usage is not None
    given = usage["input_tokens"]
    assert isinstance(given, int)
    case.turn("upstream", say=user("A very long log: ", 80_000), reads=3200, resent=(given - 3328, given - 3200))
    case.turn("hit")


@labelled(
    "half of the history was dropped, and only the rest re-sent", "zeroclaw-labs/zeroclaw#10674", key="s-1", turns=10
)
def dropped_items_are_not_re_sent(case: Case) -> None:
    kept = case.items[10:]
    owed = sum(1019 for _ in kept[:-1])
    case.items = kept
    case.miss("input_changed", reads=case.before(0), edit="dropped", resent=about(owed), blame="avoidable")


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
