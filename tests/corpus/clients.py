"""What clients are known to do: each conversation is in the manner of one of them."""

from codexcache.body.json_splice import Json, Object

from corpus.labels import ANY
from corpus.talk import (
    AGENT,
    CODEX,
    GATEWAY,
    HTTP,
    KEYED,
    NATIVE,
    NOTHING,
    OFFICIAL,
    WEBSOCKET,
    Case,
    labelled,
    native,
)
from corpus.texts import assistant, call, developer, output, reasoning, text, tool, user, weight, written

UPDATE: Object = {"type": "configuration_update", "reasoning": {"effort": "high"}}


def carrying(*tools: Json) -> Object:
    """Return the item of an input that carries these tools."""
    return {"type": "additional_tools", "role": "developer", "tools": list(tools)}


def lite(case: Case) -> None:
    """Put tools and instructions into the input, as new clients do."""
    case.items = [carrying(*case.tools), developer(case.instructions or "", 8000), user("<environment_context>")]
    case.tools, case.instructions = [], None


@labelled("Codex: the effort is changed within the input", "openai/codex#51156", **OFFICIAL)
def codex_effort(case: Case) -> None:
    lite(case)
    case.grow(3)
    case.items.append(user("Now think harder."))
    case.items.append(UPDATE)
    case.turn("hit", say="")
    case.turn("hit")


@labelled("Codex: the model is switched, and told so at the end of the input", "openai/codex#51156", **OFFICIAL)
def codex_model(case: Case) -> None:
    lite(case)
    case.grow(3)
    case.members["model"] = "gpt-6.1-sol"
    case.items += [developer("<model_switch>"), carrying(tool("web_search")), developer("You are another model.", 6000)]
    case.miss("model_changed", blame="expected", unsaid="tool")
    case.turn("hit")


@labelled("Codex: a switch of the model and back again", "openai/codex#35925", **CODEX, turns=3)
def codex_model_and_back(case: Case) -> None:
    usage = case.steps[-1].answer.usage
    assert usage is not None
    given = usage["input_tokens"]
    assert isinstance(given, int)
    case.members["model"] = "gpt-6.1-sol"
    case.miss("model_changed")
    case.members["model"] = "gpt-5.5"
    case.miss("model_changed", reads=given // 128 * 128, blame="expected")


@labelled(
    "Codex: a title is made by a small model in a session of its own", "openai/codex#48812", **CODEX, paths=WEBSOCKET
)
def codex_title(case: Case) -> None:
    case.turn("cold", say="Port the parser.")
    title = case.aside(headers=native("title"), items=[user("Port the parser.")], socket="socket-2", tools=[])
    title.instructions = text("You make titles.", 5000)
    title.members |= {"model": "gpt-5.6-luna", "prompt_cache_key": "title", "reasoning": {"effort": "medium"}}
    title.warm_up(input_tokens=1400, predecessor=None)
    title.members["reasoning"] = {"effort": "low"}
    title.turn("cold", say="", gap=0, full=True, predecessor=None, reads=NOTHING)
    case.turn("hit", predecessor=1)


@labelled("Codex: exec, and then resumed by another process", "openai/codex#24704", **CODEX, turns=2)
def codex_resumed(case: Case) -> None:
    case.socket = "socket-2"
    case.turn("hit", gap=90)
    case.turn("hit")


@labelled("Codex: one thread in two windows", "openai/codex#44862", **CODEX, turns=3)
def codex_two_windows(case: Case) -> None:
    other = case.aside(socket="socket-2")
    case.turn("hit", say="Here.", predecessor=3)
    read = other.before(len(other.items))
    other.turn("hit/input_changed", None, say="And there.", predecessor=ANY, reads=read, resent=(0, 127))
    case.turn("hit", predecessor=4)
    other.turn("hit", predecessor=5)


@labelled("Codex: second run of exec reads all of the first one's opening", "openai/codex#29377", **CODEX)
def codex_warm_opening(case: Case) -> None:
    other = case.aside(headers=native("session-2"), socket="socket-2")
    other.members["prompt_cache_key"] = "session-2"
    case.turn("cold", say="Check the pull request.")
    case.turn("hit")
    other.turn("cold", say="Check the pull request.", reads=case.before(3), predecessor=None, unsaid="others had sent")
    other.turn("hit")


@labelled("Codex: a guardian that is warmed up with the first turn", "openai/codex#44716", **CODEX, paths=WEBSOCKET)
def codex_guardian(case: Case) -> None:
    headers = {**native("session-1", "guardian"), "x-openai-subagent": "guardian"}
    guardian = case.aside(headers=headers, items=[developer("<policy>")], socket="socket-2", tools=[])
    guardian.instructions, guardian.members["prompt_cache_key"] = text("You judge.", 9000), "guardian:session-1"
    case.turn("cold")
    guardian.warm_up(predecessor=None)
    case.turn("hit", predecessor=1)
    guardian.turn("hit", say="Judge the command.", predecessor=2)


@labelled(
    "pi: the update stands at the end of each request, and nowhere else", "earendil-works/pi#12273", key="session-1"
)
def pi_update(case: Case) -> None:
    lite(case)
    case.headers = dict(AGENT)
    for number in range(5):
        case.items.append(user(f"Question {number}."))
        case.items.append(UPDATE)
        case.turn("hit" if number else "cold", None if number else [], say="")
        case.items.remove(UPDATE)


@labelled(
    "a client that writes the time into the latest question only", "dimagi/open-chat-studio#3649", key="session-1"
)
def time_in_the_latest(case: Case) -> None:
    for number in range(5):
        told = user(f"<time>10:0{number}:31</time> A file to look at, number {number}: ", 24_000)
        case.items.append(told)
        read = case.before(len(case.items) - 3) if number > 1 else case.before(0)
        if number:
            said = f"input[{2 * number - 2}]"
            case.miss("input_changed", say="", reads=read, said=said, blame="avoidable")
        else:
            case.turn("cold", say="")
        case.items[-2] = user(f"A file to look at, number {number}: ", 24_000)


@labelled(
    "a client that imitates the official one, all ids new each time",
    "smolagents-codex/0.1.1",
    paths=HTTP,
    headers=NATIVE,
)
def imitator(case: Case) -> None:
    case.members["prompt_cache_key"] = "id-0"
    case.headers = native("id-0")
    case.turn("cold")
    for number in range(1, 5):
        case.headers, case.members["prompt_cache_key"] = native(f"id-{number}"), f"id-{number}"
        if number < 2:
            case.miss("prompt_cache_key_changed", "session_changed", blame=ANY)
        else:
            case.turn("hit", None)


@labelled("litellm: a new session_id per request, and no key", "BerriAI/litellm#42014", paths=HTTP)
def litellm(case: Case) -> None:
    for number in range(4):
        case.headers = {"session_id": f"session-{number}", "user-agent": "codex_cli_rs/1.110.2"}
        case.turn("hit" if number else "cold")


@labelled("oh-my-pi: a thread of its own for each process", "can1357/oh-my-pi#4147", **OFFICIAL, turns=3)
def another_process(case: Case) -> None:
    case.headers |= {"thread-id": "process-2"}
    case.turn("hit", gap=120)
    case.headers |= {"thread-id": "process-3"}
    case.turn("idle", gap=720, reads=NOTHING)


@labelled("a chat that keeps the user's last messages alone", "HKUDS/nanobot#5540", key="session-1")
def questions_alone(case: Case) -> None:
    for number in range(4):
        case.turn("hit" if number else "cold", say=f"Remark {number}.", full=True)
        case.items.pop()
    for number in range(4, 7):
        del case.items[0]
        case.miss("input_changed", say=f"Remark {number}.", reads=case.before(0), edit="dropped")
        case.items.pop()


@labelled("a client that sends the answer back without its reasoning, from the start", "damianvtran/local-operator#326")
def never_sends_reasoning(case: Case) -> None:
    for number in range(5):
        case.turn("hit" if number else "cold", replies=[reasoning(f"{number}"), assistant(f"Answer {number}.")])
        case.items = [item for item in case.items if isinstance(item, dict) and item.get("type") != "reasoning"]


@labelled(
    "hermes: the scope of the key changes with a compaction by the client",
    "NousResearch/hermes-agent#86733",
    headers=KEYED,
    paths=HTTP,
)
def hermes(case: Case) -> None:
    case.members["prompt_cache_key"] = "scope-1"
    case.grow(6)
    made = text("Summary of the work: the parser is written.", 3000)
    case.turn("hit", say="Summarize.", replies=[written("assistant", made)])
    case.members["prompt_cache_key"] = "scope-2"
    case.items = [user("Before:", 20), written("assistant", made), *case.items[-4:-2]]
    case.turn("prompt_cache_key_changed/context_compacted", None, reads=NOTHING)
    case.turn("hit")


@labelled(
    "a gateway that makes call ids of its own", "router-for-me/CLIProxyAPI#5727", headers=GATEWAY, key="session-1"
)
def calls_renamed(case: Case) -> None:
    case.turn("cold", replies=[reasoning("1", 900), call("one")])
    case.items[-1] = call("fc_one")
    case.items.append(output("fc_one", "Lines."))
    case.turn("hit", say="", full=True)
    case.turn("hit")


@labelled(
    "opencode: a title, a summary of it and the conversation, all with one key",
    "anomalyco/opencode#43249",
    key="session-1",
)
def opencode(case: Case) -> None:
    asked = user("Make it faster.")
    title = case.aside(
        items=[user("Generate a title for:", 30), asked], tools=[], instructions=text("You make titles.", 5000)
    )
    title.turn("cold", say="", predecessor=None, took=3)
    case.items = [asked]
    case.turn("cold", say="", gap=-2, predecessor=None, took=20)
    case.turn("hit", predecessor=2)
    plan = case.aside(items=[asked], tools=[tool("read")], instructions=text("You explore.", 6000))
    plan.turn("cold", say="Look around first.", predecessor=None, reads=NOTHING)
    case.turn("hit", predecessor=3)


@labelled("Codex: a review ends and its words are put into the thread", "openai/codex#44716", **CODEX, turns=3)
def codex_review(case: Case) -> None:
    headers = {**native("session-1", "review"), "x-openai-subagent": "review"}
    review = case.aside(
        headers=headers, items=[user("Review the change.")], socket="socket-2", instructions=text("Review.", 6000)
    )
    found = text("The change breaks the lexer.", 2500)
    review.turn("cold", say="", predecessor=None, reads=NOTHING, replies=[written("assistant", found)])
    case.items.append(written("user", f"<review>{found}</review>"))
    case.turn("hit", predecessor=3)


@labelled("Codex: a review's words come back as an answer", "openai/codex#44716", **CODEX, turns=3)
def codex_review_as_answer(case: Case) -> None:
    headers = {**native("session-1", "review"), "x-openai-subagent": "review"}
    review = case.aside(
        headers=headers, items=[user("Review the change.")], socket="socket-2", instructions=text("Review.", 6000)
    )
    found = written("assistant", text("The change breaks the lexer.", 2500))
    review.turn("cold", say="", predecessor=None, reads=NOTHING, replies=[found])
    case.items += [user("The user asked for a review.", 60), found]
    case.turn("hit", predecessor=3)


@labelled(
    "a proxy that injects a tool for one plan and takes it away for another",
    "router-for-me/CLIProxyAPI#3531",
    headers=GATEWAY,
    key="s-1",
)
def injected_tool(case: Case) -> None:
    plain = list(case.tools)
    more: list[Json] = [*case.tools, {"type": "image_generation"}]
    case.grow(2)
    for number in range(4):
        case.tools = list(plain if number % 2 else more)
        read = 1152 if number % 2 == 0 else NOTHING
        word = "removed" if number % 2 else "added"
        case.miss("tools_changed", reads=read, said=["image_generation", word], blame="avoidable")


@labelled(
    "the last tool is edited, and all that stands behind it is re-sent", "openai/codex#37305", **OFFICIAL, turns=3
)
def tool_at_the_end_changed(case: Case) -> None:
    case.tools[2] = tool("view_image", "Views an image of any size.")
    usage = case.steps[-1].answer.usage
    assert usage is not None
    given = usage["input_tokens"]
    assert isinstance(given, int)
    changed = weight(case.tools[2])
    case.miss("tools_changed", resent=(given - changed - 600, given))


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
