"""What clients of 2026 sent in sessions that were recorded: the shapes and sizes are theirs, the texts are not."""

from codexcache.body.json_splice import Json, Object

from corpus.talk import AGENT, HTTP, NOTHING, OFFICIAL, WEBSOCKET, Case, labelled, native
from corpus.texts import compaction, developer, output, text, tool, user, weight, written


def update(effort: str = "low") -> Json:
    """Return the item by which newer clients say what the effort is from now on."""
    return {"type": "configuration_update", "reasoning": {"effort": effort}}


def lite(case: Case, tools: int = 40_000, instructions: int = 26_000) -> None:
    """Begin as a client does that sends tools and instructions as the first items of its input."""
    carried: Object = {"type": "additional_tools", "role": "developer", "tools": [tool("exec", size=tools)]}
    case.items, case.tools, case.instructions = [carried, developer("You are a coding agent.", instructions)], [], None


def codex(case: Case) -> None:
    """Begin as Codex 0.171 does, which repeats its permissions and the environment in every thread."""
    lite(case)
    case.items += [developer("<permissions>", 4200), developer("<apps>", 2800), user("<environment_context>", 1500)]


@labelled("Codex: a warm-up without any token, then the turn", "openai/codex#48812", **OFFICIAL, paths=WEBSOCKET)
def codex_empty_warm_up(case: Case) -> None:
    case.tools, case.instructions = [], None
    case.warm_up(input_tokens=0, predecessor=None, changes=[])
    codex(case)
    case.turn("cold", say=user("Run the tests.", 400), gap=0, predecessor=None, reads=NOTHING)
    case.items.append(output("exec", size=400))
    case.turn("hit", say="", predecessor=2)


@labelled("Codex: /model and at once /compact, then a question", "openai/codex#11659", **OFFICIAL)
def codex_model_then_compact(case: Case) -> None:
    codex(case)
    case.grow(2)
    asked = [item for item in case.items[5:] if isinstance(item, dict) and item.get("role") == "user"]
    case.members["model"] = "gpt-6.1-sol"
    case.items.append({"type": "compaction_trigger"})
    made = compaction("all", 200)
    case.miss("model_changed", say="", blame="expected", replies=[made])
    lite(case, tools=39_000, instructions=22_000)
    case.items += [*asked, developer("<permissions>", 4200), user("<environment_context>", 1500), made]
    changes = ["context_compacted", "tools_changed", "instructions_changed", "input_changed"]
    case.turn("context_compacted", changes, reads=NOTHING, blame="expected")
    case.turn("hit")


@labelled("Codex: resumed with another model, the old one compacts first", "openai/codex#11659", **OFFICIAL)
def codex_compacts_for_the_next_model(case: Case) -> None:
    codex(case)
    case.grow(3)
    made = compaction("all", 200)
    case.items.append({"type": "compaction_trigger"})
    case.turn("hit", say="", replies=[made])
    case.members |= {"model": "gpt-5.6-sol", "parallel_tool_calls": True}
    case.tools, case.instructions = [tool("shell", size=20_000)], None
    case.items = [developer("You are another model.", 26_000), user("<environment_context>", 1400), made]
    changes = ["model_changed", "tools_changed", "instructions_changed", "parallel_tool_calls_changed"]
    case.turn("context_compacted", [*changes, "context_compacted", "input_changed"], reads=NOTHING, blame="expected")
    case.turn("hit")


@labelled(
    "Codex: two threads behind a refused WebSocket begin with one update", "openai/codex#39397", **OFFICIAL, paths=HTTP
)
def codex_two_refused_threads(case: Case) -> None:
    codex(case)
    case.items += [user("Run the tests.", 400), update()]
    case.turn("cold", say="")
    case.turn("hit")
    other = case.aside(headers=native("session-2"), items=[])
    codex(other)
    other.members["prompt_cache_key"] = "session-2"
    other.items += [user("Run the tests.", 400), update()]
    other.turn("cold", say="", predecessor=None, reads=NOTHING, said="opening of turn 1", unsaid="others had sent")
    other.turn("hit", predecessor=3)


@labelled("Codex: a fork through an early turn", "openai/codex#44862", **OFFICIAL)
def codex_early_fork(case: Case) -> None:
    codex(case)
    case.grow(4)
    fork = case.aside(headers=native("session-2"), items=case.items[:7], socket="socket-2")
    fork.members["prompt_cache_key"] = "session-2"
    changes = ["prompt_cache_key_changed", "session_changed", "input_changed", "transport_changed"]
    fork.turn(changes[0], None, say="From there on.", predecessor=4, reads=NOTHING, blame="expected")
    fork.turn("hit")
    case.turn("hit", predecessor=4)


@labelled(
    "opencode: its summary is made by a request of another shape, and stands as an answer",
    "anomalyco/opencode#43249",
    key="session-1",
    turns=6,
)
def opencode_compaction(case: Case) -> None:
    summary = written("assistant", text("The parser is written, its tests are not.", 400))
    history = [user("The conversation so far: " + "lines " * 40, 4500)]
    other = case.aside(items=history, instructions=text("You summarize conversations.", 630), tools=[])
    other.turn("cold", say="", reads=NOTHING, predecessor=None, replies=[summary])
    case.items = [user("What did we do so far?", 90), summary]
    case.miss("context_compacted", "input_changed", reads=case.before(0), predecessor=6, unsaid="others")
    case.turn("hit")


PI: Object = {"type": "configuration_update", "reasoning": {"effort": "low"}}


def pi(case: Case) -> None:
    """Begin as pi 1.6 does, with the instructions in the input."""
    case.headers = dict(AGENT)
    lite(case, tools=3300, instructions=24_000)


@labelled(
    "pi: two requests without a key make the summary, the tail is kept",
    "earendil-works/pi#12273",
    key="session-1",
    paths=WEBSOCKET,
)
def pi_compaction(case: Case) -> None:
    pi(case)
    for number in range(6):
        case.items += [user(f"Question {number}.", 6000 if number == 1 else 80), update()]
        case.turn("hit" if number else "cold", say="")
    made = [text(f"Summary {part} of it: the parser is written.", 450) for part in ("one", "two")]
    for part, summary in enumerate(made):
        items = [developer("You summarize.", 350), user(f"The conversation, part {part}.", 15_000), update()]
        other = case.aside(items=items, headers={**AGENT, "session-id": f"summary-{part}"})
        other.members.pop("prompt_cache_key")
        other.turn("cold", say="", reads=NOTHING, predecessor=None, replies=[written("assistant", summary)])
    told = f"The history before this point:\n<summary>\n{made[0]}\n---\n{made[1]}\n</summary>"
    case.items = [*case.items[:2], written("user", told), *case.items[-6:]]
    read = case.before(2)
    case.miss("context_compacted", "input_changed", reads=read, predecessor=6, unsaid="others")
    case.turn("hit")


@labelled("pi: given up, and asked again with the same last item", "earendil-works/pi#12273", key="session-1")
def pi_given_up(case: Case) -> None:
    pi(case)
    for number in range(3):
        case.items += [user(f"Question {number}.", 80), update()]
        case.turn("hit" if number else "cold", say="")
    case.items += [user("Say much.", 4100), update()]
    case.turn("no_usage", say="", lost=True, replies=[])
    case.items[-1:] = [user("And what now?", 80), update()]
    read = case.before(len(case.items) - 2) // 128 * 128
    case.turn("hit", say="", reads=read, predecessor=3, said="own earlier attempt, turn 4", unsaid="others")


@labelled("pi: another model, for which no update is sent but the last", "earendil-works/pi#12273", key="session-1")
def pi_model(case: Case) -> None:
    pi(case)
    for number in range(4):
        case.items += [user(f"Question {number}.", 4000), update()]
        case.turn("hit" if number else "cold", say="")
    case.members["model"] = "gpt-6.1-sol"
    case.items = [item for item in case.items if item != PI]
    case.items += [user("And you?", 80), update()]
    case.miss("model_changed", "input_changed", say="", blame="expected")
    case.items += [user("And again?", 80), update()]
    case.turn("hit", say="")


@labelled(
    "oh-my-pi: a thread for each process, and a compaction with tools of another spelling",
    "can1357/oh-my-pi#10786",
    key="session-1",
    headers=native("session-1", "thread-1"),
)
def omp_compaction(case: Case) -> None:
    case.tools = [tool("read", size=24_000), tool("bash", size=24_000)]
    case.items = [developer("<environment>", 13_000)]
    case.grow(2)
    case.headers, case.socket = native("session-1", "thread-2"), "socket-2"
    case.turn("hit")
    whole = case.tools
    case.tools = [tool("read", "It does", size=22_000), tool("bash", "It does", size=22_000)]
    made = compaction("all", 180)
    case.items.append({"type": "compaction_trigger"})
    case.miss("tools_changed", say="", blame="avoidable", replies=[made])
    case.tools, case.items = whole, [developer("<environment>", 13_000), made]
    read = weight(case.tools) + weight(case.instructions) + weight(case.items[0])
    case.turn("context_compacted/hit", None, reads=read // 128 * 128, predecessor=3)
    case.turn("hit")


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
