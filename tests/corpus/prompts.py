"""Misses by the prompt: its head or its history is not what it was."""

import uuid
from typing import Any

from codexcache.body.json_splice import Json

from corpus.talk import HTTP, NATIVE, OFFICIAL, WEBSOCKET, Case, labelled
from corpus.texts import assistant, call, developer, output, reasoning, text, tool, user, with_id


@labelled("a tool's schema edited under the same name", "cnighswonger/claude-code-cache-fix", turns=3)
def tool_edited(case: Case) -> None:
    case.tools[1] = tool("shell", "Runs a command, and says so.")
    case.miss("tools_changed", said="tool shell was edited")
    case.turn("hit")


@labelled("tools in another order", "openai/codex#2611", turns=2)
def tools_reordered(case: Case) -> None:
    case.tools.reverse()
    case.miss("tools_changed", said="the same 3 tools came in another order")


@labelled("a tool added by a proxy", "router-for-me/CLIProxyAPI#3531", turns=2)
def tool_added(case: Case) -> None:
    case.tools.append({"type": "image_generation"})
    case.miss("tools_changed", reads=1152, said="tool image_generation was added")
    case.tools.pop()
    case.miss("tools_changed", said="tool image_generation was removed")


@labelled("no tools in a request for a summary", "openai/codex#37305", turns=3)
def tools_dropped(case: Case) -> None:
    case.tools = []
    case.miss("tools_changed", said="tool apply_patch (and 2 more) was removed")


@labelled(
    "an agent's mode is switched: other tools, other instructions, the same history", "can1357/oh-my-pi#10786", turns=3
)
def mode_switched(case: Case) -> None:
    case.tools, case.instructions = [tool("plan")], text("You plan, and change nothing.", 6000)
    case.miss("tools_changed", "instructions_changed")
    case.turn("hit")


@labelled("a tool's members in another order", "maximhq/bifrost#3362", turns=2)
def tool_members_reordered(case: Case) -> None:
    first = case.tools[0]
    assert isinstance(first, dict)
    case.tools[0] = dict(reversed(first.items()))
    case.miss("tools_changed", said="order", volatile=("order",))


@labelled("tools of a server in a namespace, one edited", "openai/codex#37351")
def namespace_edited(case: Case) -> None:
    case.tools.append({"type": "namespace", "name": "docs", "tools": [tool("find"), tool("read")]})
    case.grow(2)
    case.tools[-1] = {"type": "namespace", "name": "docs", "tools": [tool("find"), tool("read", "Reads a page.")]}
    case.miss("tools_changed", reads=1536, said="tool docs.read was edited")


@labelled("an output format is asked for", "lidge-jun/opencodex#5178", turns=2)
def format_changed(case: Case) -> None:
    case.members["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}}}
    case.miss("text_format_changed")


@labelled("the effort goes up", "openai/codex#35416")
def effort_changed(case: Case) -> None:
    case.members["reasoning"] = {"effort": "medium", "summary": "auto"}
    case.grow(2)
    case.members["reasoning"] = {"effort": "xhigh", "summary": "auto"}
    case.miss("reasoning_effort_changed", said="medium to xhigh")
    case.members["reasoning"] = {"effort": "xhigh", "summary": "concise"}
    case.turn("hit")


@labelled("an effort that was used before reads what is left of it", "can1357/oh-my-pi#5035")
def effort_toggled(case: Case) -> None:
    case.members["reasoning"] = {"effort": "high"}
    case.grow(4)
    case.members["reasoning"] = {"effort": "low"}
    case.miss("reasoning_effort_changed")
    case.turn("hit")
    case.members["reasoning"] = {"effort": "high"}
    case.miss("reasoning_effort_changed", reads=10_368)


@labelled("the verbosity goes down", "lidge-jun/opencodex#5178")
def verbosity_changed(case: Case) -> None:
    case.members["text"] = {"verbosity": "high"}
    case.grow(2)
    case.members["text"] = {"verbosity": "low"}
    case.miss("verbosity_changed")


@labelled("parallel tool calls are toggled", "RooCodeInc/Roo-Code")
def parallel_toggled(case: Case) -> None:
    case.members["parallel_tool_calls"] = True
    case.grow(2)
    case.members["parallel_tool_calls"] = False
    case.miss("parallel_tool_calls_changed")


@labelled("the time, to the second, in the instructions", "earendil-works/pi#2013")
def timestamp(case: Case) -> None:
    opening = text("You are a coding agent.", 6000)
    case.instructions = f"{opening}\nCurrent time: 2026-11-20T10:00:00Z"
    case.turn("cold")
    for second in (4, 9):
        case.instructions = f"{opening}\nCurrent time: 2026-11-20T10:00:0{second}Z"
        case.miss("instructions_changed", reads=2560, said=["about character 6,016", "time"], volatile=("time",))


@labelled("a list of files in the instructions", "anomalyco/opencode#5224")
def files_in_instructions(case: Case) -> None:
    case.instructions = "Files:\na.py\nb.py\n" + text("You are a coding agent.", 6000)
    case.grow(2)
    case.instructions = "Files:\na.py\nb.py\nc.py\n" + text("You are a coding agent.", 6000)
    case.miss("instructions_changed", said="about character 0 on")


def carrying(*tools: Json) -> Json:
    """Return the item of an input that carries these tools."""
    return {"type": "additional_tools", "role": "developer", "tools": list(tools)}


CARRIED = carrying(tool("apply_patch"), tool("shell"), tool("view_image"))
LITE: dict[str, Any] = {
    "headers": NATIVE,
    "tools": [],
    "instructions": None,
    "items": [CARRIED, developer("You are a coding agent."), user("<environment_context>")],
}
"""A conversation in the shape in which tools and instructions are items of the input."""


@labelled("tools and instructions in the input, growing", "openai/codex#51156", **LITE)
def lite_grows(case: Case) -> None:
    case.grow(4)


@labelled("a tool edited that is carried in the input", "openai/codex#51156", **LITE, turns=3)
def lite_tool_edited(case: Case) -> None:
    case.items[0] = carrying(tool("apply_patch"), tool("shell", "Runs."), tool("view_image"))
    case.miss("tools_changed", said="tool shell was edited")


@labelled("instructions edited that are carried in the input", "openai/codex#51156", **LITE, turns=3)
def lite_instructions_edited(case: Case) -> None:
    case.items[1] = developer("You are a coding clown.")
    case.miss("instructions_changed", reads=1280, said="about character 0 on")


@labelled("tools added at the end of the input, which spares the cache", "openai/codex#51156", **LITE, turns=3)
def lite_tools_added(case: Case) -> None:
    case.items.append(carrying(tool("late")))
    case.turn("hit")
    case.turn("hit")


@labelled("an item edited, counted with those that carry tools", "NousResearch/hermes-agent#47126", **LITE, turns=6)
def lite_item_edited(case: Case) -> None:
    case.items[5] = user("<memory>A fact.</memory> Question 2.")
    case.miss("input_changed", reads=case.before(5), said="input[5]")


@labelled("a warm-up that carries tools and instructions", "openai/codex#48812", **LITE, paths=WEBSOCKET)
def lite_warm_up(case: Case) -> None:
    rest, case.items = case.items[2:], case.items[:2]
    case.warm_up()
    case.items += [developer("<permissions>"), *rest]
    case.turn("hit", gap=0)
    case.turn("hit")
    case.miss("transport_changed", transport="http")


@labelled("a turn compacted in band", "openai/codex", **OFFICIAL)
def compacted(case: Case) -> None:
    case.items = [user("<environment_context>")]
    case.grow(6)
    summary: Json = {"type": "compaction", "encrypted_content": text("gAAAA", 3000)}
    case.items.append({"type": "compaction_trigger"})
    case.turn("hit", say="", replies=[summary])
    case.items = [user("<environment_context>"), summary]
    case.miss("context_compacted", "input_changed", reads=3584)
    case.turn("hit")


@labelled("a compacted history that begins with its summary", "anomalyco/opencode#43249", **OFFICIAL, turns=6)
def compacted_whole(case: Case) -> None:
    case.items = [{"type": "compaction_summary", "encrypted_content": text("gAAAA", 3000)}]
    case.miss("context_compacted", "input_changed", reads=3072)
    case.turn("hit")


@labelled("a memory block put into an old message", "NousResearch/hermes-agent#47126", turns=6)
def old_message_edited(case: Case) -> None:
    case.items[4] = user("<memory>A fact.</memory> Question 3.")
    case.miss("input_changed", reads=case.before(4), said="input[4]")


@labelled("the first message edited, all else the same", "NousResearch/hermes-agent#47126", key="session-1", turns=6)
def first_message_edited(case: Case) -> None:
    case.items[0] = user("<memory>A fact.</memory> Question 1.")
    case.miss("input_changed", reads=3200, said="input[0]")


@labelled("history cut at its front", "HKUDS/nanobot#5540", key="session-1", turns=8)
def cut_at_front(case: Case) -> None:
    del case.items[:4]
    case.miss("input_changed", reads=3200, said="input[0]")


@labelled("history cut at its front, behind the environment", "HKUDS/nanobot#5540")
def cut_behind_environment(case: Case) -> None:
    case.items = [developer("<permissions>"), user("<environment_context>")]
    case.grow(8)
    del case.items[2:8]
    case.miss("input_changed", reads=case.before(2), said="input[2]")


@labelled("items reordered", "sgl-project/sglang#36877", key="session-1", turns=6)
def reordered(case: Case) -> None:
    case.items[6], case.items[7] = case.items[7], case.items[6]
    case.miss("input_changed", reads=case.before(6), said="input[6]", edit="moved")


@labelled("an item inserted in the middle", "sgl-project/sglang#36877", turns=6)
def inserted(case: Case) -> None:
    case.items.insert(3, developer("<reminder>"))
    case.miss("input_changed", reads=case.before(3), said="input[3]", edit="inserted")
    case.turn("hit")


@labelled("reasoning dropped from the history", "damianvtran/local-operator#326")
def reasoning_dropped(case: Case) -> None:
    for number in range(6):
        replies = [reasoning(str(number)), assistant(f"Answer {number}.")]
        case.turn("hit" if number else "cold", replies=replies)
    case.items = [item for item in case.items if item != reasoning("3")]
    case.miss("input_changed", reads=case.before(10), said=["input[10]", "reasoning"], edit="dropped")


@labelled("the output of a call shortened afterwards", "router-for-me/CLIProxyAPI#5727")
def output_shortened(case: Case) -> None:
    case.turn("cold", replies=[call("1")])
    case.items.append(output("1", "a long list of files"))
    case.turn("hit", say="", replies=[assistant("These are all.")])
    for _ in range(4):
        case.turn("hit")
    case.items[2] = output("1", "(shortened)", 100)
    case.miss("input_changed", reads=case.before(2), said="input[2]", edit="shortened")


@labelled("a picture at the front, and an edit behind it", "openai/codex", paths=HTTP)
def picture(case: Case) -> None:
    image: Json = {"type": "input_image", "image_url": "data:image/png;base64," + "iVBO" * 250_000}
    case.items = [{"type": "message", "role": "user", "content": [image]}]
    case.turn("cold", input_tokens=6000)
    for number in range(1, 8):
        case.turn("hit", input_tokens=6000 + 2100 * number)
    case.items[8] = user("Another question.")
    case.miss("input_changed", reads=11008, input_tokens=22800, said="input[8]")


@labelled("a call's id made anew on each turn", "router-for-me/CLIProxyAPI#5727")
def call_ids(case: Case) -> None:
    case.turn("cold", replies=[call("1")])
    case.items.append(output("1"))
    case.turn("hit", say="")
    case.turn("hit")
    case.items[1:3] = [call("renamed"), output("renamed")]
    case.miss("input_changed", reads=case.before(1), said="input[1]")


@labelled("ids and notes made anew beside a real edit", "openai/codex#51156", turns=4)
def ids_beside_an_edit(case: Case) -> None:
    case.items = [with_id(item, str(uuid.UUID(int=place))) for place, item in enumerate(case.items)]
    case.items[3] = assistant("Another answer.")
    case.miss("input_changed", reads=case.before(3), said="input[3]")


@labelled("the head of the prompt comes before its history", "openai/codex#35416", turns=6)
def head_first(case: Case) -> None:
    case.items[4] = user("Edited.")
    case.instructions = text("You are another agent.", 8000)
    case.miss("instructions_changed", "input_changed", reads=1024)
    case.members["parallel_tool_calls"] = False
    case.instructions = text("You are a third agent.", 8000)
    case.miss("parallel_tool_calls_changed", "instructions_changed")
    case.members["text"] = {"verbosity": "low"}
    case.members["parallel_tool_calls"] = True
    case.miss("verbosity_changed", "parallel_tool_calls_changed")
    case.members |= {"reasoning": {"effort": "low"}, "text": {"verbosity": "high"}}
    case.miss("reasoning_effort_changed", "verbosity_changed")
    case.members |= {"reasoning": {"effort": "high"}, "text": {"verbosity": "high", "format": {"type": "json_object"}}}
    case.miss("text_format_changed", "reasoning_effort_changed")
    case.members["text"] = {"verbosity": "high"}
    case.tools.pop()
    case.miss("tools_changed", "text_format_changed")


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
