"""Conversations as they come in practice: many tokens a byte or few, pictures, pauses, gateways, servers of tools."""

from typing import Any

from codexcache.body.json_splice import Json, Object

from corpus.labels import ANY
from corpus.talk import (
    CODEX,
    GATEWAY,
    HTTP,
    KEYED,
    NOTHING,
    OFFICIAL,
    Case,
    Path,
    labelled,
)
from corpus.texts import (
    assistant,
    cached,
    call,
    chinese,
    developer,
    is_a,
    output,
    picture,
    reasoning,
    text,
    tokens,
    tool,
    user,
    written,
)

NOT_RESTARTED: tuple[Path, ...] = ("websocket", "saved http")
"""Of a conversation whose verdict needs what no store keeps: pauses."""


def with_density(factor: float) -> Case:
    """Return a conversation whose texts cost so many times the usual tokens, in which a message is rewritten."""

    def script(case: Case) -> None:
        for number in range(12):
            case.items.append(user(f"Question {number}."))
            counted = int(tokens(sent(case)) * factor)
            case.turn("hit" if number else "cold", say="", input_tokens=counted)
        read, case.items[12] = cached(int(tokens(sent(case), 12) * factor)), user("Another question altogether.", 1500)
        counted = int(tokens(sent(case)) * factor)
        case.miss("input_changed", say="", input_tokens=counted, reads=read, said="input[12]", resent=ANY)
        case.turn("hit", input_tokens=counted + 1100)

    return labelled(f"{factor} times the usual tokens, and an edit", "wiseria-ai-labs/pie-ai-agent#378", **OFFICIAL)(
        script
    )


def sent(case: Case) -> Object:
    """Return what a turn of a conversation sends now."""
    return {"tools": case.tools, "instructions": case.instructions, "input": case.items}


THIN, DENSE, DENSER = with_density(0.55), with_density(1.7), with_density(2.6)


@labelled("a floor in a head that costs three times its bytes", "maximhq/bifrost#3362", key="session-1")
def dear_head(case: Case) -> None:
    for number in range(4):
        case.counted("hit" if number else "cold", 9500 + 2700 * number, cached(6800 + 2700 * number) if number else 0)
    case.counted("upstream", 20_300, 7680)


def named_output(number: int) -> Object:
    """Return the output of a call, without what was put out."""
    return {"type": "function_call_output", "call_id": f"call_{number}"}


def shown(name: str) -> Json:
    """Return the part of an output that holds a picture."""
    message = picture(name, 300_000)
    content = message["content"] if isinstance(message, dict) else None
    return content[0] if isinstance(content, list) else None


def linked(link: str) -> Json:
    """Return a message with a picture that stands elsewhere."""
    return {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": link}]}


def step(case: Case, replies: list[Json]) -> dict[str, Any]:
    """Return what a turn of a run of calls is given: the first one asks something."""
    return {"say": None if case.last == 0 else "", "replies": replies, "reasoned": 1000}


@labelled(
    "an edit after the backend has left out the reasoning of a finished turn", "tmustier/pine-of-glass#63", **CODEX
)
def edit_behind_what_was_left_out(case: Case) -> None:
    """Each step costs 2,000 tokens, of which 1,000 are reasoning that the next question leaves out."""
    given = 5600
    for number in range(12):
        replies = [reasoning(f"{number}", 4000), call(f"{number}")]
        case.counted("hit" if number else "cold", given, cached(given - 2000) if number else 0, **step(case, replies))
        case.items.append(output(f"{number}", "Listing.", 3300))
        given += 2000
    case.counted("hit", given, cached(given - 2000), **step(case, [assistant("All is done.", 1000)]))
    given -= 12_000 - 500
    said = ["left out", "reasoning"]
    case.counted("upstream", given, 5504, resent=ANY, said=said, replies=[reasoning("next", 4000), call("next")])
    case.items.append(output("next", "Listing.", 3300))
    case.counted("hit", given + 2000, cached(given), say="")
    place = [at for at, item in enumerate(case.items) if is_a("function_call_output", item)][6]
    case.items[place] = output("6", "(pruned)", 50)
    unsaid = ["not explained", "server"]
    case.counted(
        "input_changed", given + 1700, 11_904, "input_changed", said=f"input[{place}]", unsaid=unsaid, resent=ANY
    )


@labelled("screenshots as outputs, the old ones replaced by a note", "cloudflare/agents#2200", **OFFICIAL)
def screenshots(case: Case) -> None:
    case.turn("cold", replies=[call("0")])
    for number in range(9):
        case.items.append({**named_output(number), "output": [shown(f"screen {number}")]})
        case.turn("hit", say="", replies=[call(f"{number + 1}")])
    case.items.append({**named_output(9), "output": [shown("screen 9")]})
    for place in [at for at, item in enumerate(case.items) if is_a("function_call_output", item)][:6]:
        case.items[place] = output(f"{place // 2 - 1}", "(removed)", 60)
    said = "6 tool outputs were shortened, the first at input[2]"
    case.miss("input_changed", say="", reads=case.before(2), said=said, edit="shortened", resent=ANY)


@labelled("eight pictures in the first question, six of them dropped later", "cloudflare/agents#2200", **OFFICIAL)
def pictures_of_the_first_question(case: Case) -> None:
    case.items = [user("Look."), *(picture(f"picture {number}", 600_000) for number in range(8))]
    case.grow(3)
    del case.items[1:7]
    said = ["6 user messages", "input[1]"]
    case.miss("input_changed", reads=case.before(0), said=said, edit="dropped", resent=ANY)


@labelled("links to pictures are signed again", "cloudflare/agents#2200", key="session-1")
def signed_links(case: Case) -> None:
    link = "https://files.example/a.png?signature={}"
    case.items = [user("Look."), linked(link.format("7f3a91"))]
    case.grow(3)
    case.items[1] = linked(link.format("c04be2"))
    case.miss("input_changed", reads=case.before(1), said="input[1]", resent=ANY)


@labelled("a Chinese history, each question with its date, one of which changes", "anomalyco/opencode#32622", key="s")
def dated_questions(case: Case) -> None:
    for number in range(8):
        question = written("user", f"[2026-11-2{number}] " + chinese(f"question {number}", 1200))
        answer = written("assistant", chinese(f"answer {number}", 900))
        case.turn("hit" if number else "cold", say=question, replies=[answer])
    case.items[2] = written("user", "[2026-11-28] " + chinese("question 1", 1200))
    said = ["input[2]", "only a date differs"]
    case.miss("input_changed", reads=case.before(2), said=said, volatile=("date",), resent=ANY)


@labelled("a gateway gives the calls new ids", "BerriAI/litellm#40966", key="session-1", headers=GATEWAY)
def new_call_ids(case: Case) -> None:
    case.turn("cold", replies=[call("of-the-backend-1")])
    case.items.append(output("of-the-backend-1", "Listing."))
    for _ in range(4):
        case.turn("hit")
    case.items[1:3] = [call("of-the-gateway-1"), output("of-the-gateway-1", "Listing.")]
    said = "2 items were rewritten, the first at input[1]"
    case.miss("input_changed", reads=case.before(1), said=said, resent=ANY)


@labelled("a server of tools comes and goes", "esengine/DeepSeek-Reasonix#110", key="session-1", turns=3)
def tools_come_and_go(case: Case) -> None:
    usual = list(case.tools)
    for number in range(4):
        case.tools = [*usual, tool("mcp__tickets", size=4000)] if number % 2 == 0 else list(usual)
        said = [f"tool mcp__tickets was {'removed' if number % 2 else 'added'}"]
        case.miss("tools_changed", reads=1152, said=[*said, *(["the same on"] if number > 1 else [])])
        case.turn("hit")


@labelled("a server of tools that was announced at the end goes away", "openai/codex#37417", **CODEX, turns=4)
def announced_tools_go(case: Case) -> None:
    announced: Json = {"type": "additional_tools", "role": "developer", "tools": [tool("mcp__tickets", size=6000)]}
    place = len(case.items)
    case.items.append(announced)
    for _ in range(3):
        case.turn("hit")
    case.items.remove(announced)
    read, said = case.before(place), f"dropped from input[{place}]"
    case.miss("input_changed", reads=read, said=said, edit="dropped", resent=ANY)


@labelled("/model with what the client tells the new model", "openai/codex#35925", **CODEX, turns=4)
def switched_with_a_message(case: Case) -> None:
    case.members["model"] = "gpt-5.6-sol"
    case.items.append(developer("<model_switch>", 2000))
    case.miss("model_changed", said="from gpt-5.5 to gpt-5.6-sol")
    case.turn("hit")


@labelled("parallel calls are switched on and off by turns", "RooCodeInc/Roo-Code", key="session-1")
def parallel_by_turns(case: Case) -> None:
    case.members["parallel_tool_calls"] = False
    case.turn("cold")
    for number in range(5):
        case.members["parallel_tool_calls"] = number % 2 == 0
        said = ["from false to true" if number % 2 == 0 else "from true to false"]
        case.miss("parallel_tool_calls_changed", said=[*said, *(["the same on"] if number > 1 else [])])


@labelled("no session at all, and every second turn is read", "HKUDS/nanobot#5632", mode="observe", headers=KEYED)
def every_second_turn(case: Case) -> None:
    case.members["prompt_cache_key"] = "key-1"
    case.turn("cold")
    case.turn("session_missing", ["session_missing"], reads=NOTHING)
    case.turn("hit", ["session_missing"])
    said = "the same but for session_missing, as on turns that hit"
    case.turn("upstream", ["session_missing"], reads=NOTHING, said=said)


@labelled("accounts rotate and all is read, then other instructions", "kaitranntt/ccs#1115", headers=GATEWAY, key="s")
def rotating_accounts_that_are_read(case: Case) -> None:
    case.grow(2)
    for number in range(5):
        case.headers["chatgpt-account-id"] = f"account-{number % 2 + 2}"
        case.turn("hit", ["account_changed"])
    case.headers["chatgpt-account-id"], case.instructions = "account-9", text("You are someone else.", 8000)
    case.miss("instructions_changed", "account_changed")


@labelled("other instructions by a date, after a night", "anomalyco/opencode#32622", key="session-1")
def date_after_a_night(case: Case) -> None:
    case.instructions = "Today is 2026-11-20. " + text("You are a coding agent.", 8000)
    case.grow(4)
    case.instructions = "Today is 2026-11-21. " + text("You are a coding agent.", 8000)
    case.miss("instructions_changed", gap=36_000, said="only in a date", volatile=("date",))


@labelled("four minutes and fifty seconds, in seconds", "openai/codex#35300", **OFFICIAL, turns=3)
def in_seconds(case: Case) -> None:
    case.turn("idle", gap=285, reads=NOTHING, said=["4 min 50 s passed", "possibly", "likely"])


@labelled(
    "pauses that are read, and then one that is not", "openai/codex#35300", paths=NOT_RESTARTED, **OFFICIAL, turns=3
)
def read_after_pauses(case: Case) -> None:
    for _ in range(3):
        case.turn("hit", gap=400)
    said, unsaid = "after which turns of this model were read", "only"
    case.turn("upstream", gap=380, reads=NOTHING, said=said, unsaid=unsaid)


@labelled("an answer of twelve minutes, and the next turn at once", "earendil-works/pi#8463", **OFFICIAL, turns=3)
def long_answer(case: Case) -> None:
    case.turn("hit", took=720)
    case.turn("idle", gap=3, reads=NOTHING, said="12 minutes passed since its predecessor was sent")


@labelled("one agent of three pauses, the others do not", "rynfar/meridian#965", key="everyone")
def one_of_three_pauses(case: Case) -> None:
    one, other = (case.aside(items=[user(f"Task {name}.", 5000)]) for name in "ab")
    one.turn("cold", at=0, predecessor=None)
    other.turn("cold", at=30, predecessor=None, reads=1152)
    one.turn("hit", at=60, predecessor=1)
    for number in range(5):
        other.turn("hit", at=90 + 240 * number, predecessor=number + 3 if number else 2)
    one.turn("idle", at=1500, predecessor=3, reads=1152, said="24 minutes")


@labelled("samples of one prompt at once, each of which goes on", "openai/codex#29377", key="samples", paths=HTTP)
def samples_go_on(case: Case) -> None:
    samples = [case.aside(items=[user("What is common.", 8000), user(f"Sample {number}.")]) for number in range(5)]
    for number, sample in enumerate(samples):
        reads = 1152 if number else 0
        sample.turn("cold", say="", at=number / 5, took=8, predecessor=None, reads=reads, unsaid="others")
    for number, sample in enumerate(samples):
        sample.turn("hit", at=30 + number / 5, took=8, predecessor=number + 1)


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
