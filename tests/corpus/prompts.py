"""Misses by the prompt: its head or its history is not what it was."""

import uuid

from codexcache.body.json_splice import Json

from corpus.talk import (
    HTTP,
    NATIVE,
    NOTHING,
    WEBSOCKET,
    Talk,
    assistant,
    before,
    call,
    developer,
    grown,
    labelled,
    output,
    reasoning,
    text,
    tool,
    user,
    with_id,
)


@labelled("a tool's schema edited under the same name", "cnighswonger/claude-code-cache-fix")
def tool_edited(talk: Talk) -> None:
    grown(talk, 3)
    talk.tools[1] = tool("shell", "Runs a command, and says so.")
    talk.turn("tools_changed", ["tools_changed"], reads=NOTHING, said="tool shell was edited")
    talk.turn("hit")


@labelled("tools in another order", "openai/codex#2611")
def tools_reordered(talk: Talk) -> None:
    grown(talk, 2)
    talk.tools.reverse()
    talk.turn("tools_changed", ["tools_changed"], reads=NOTHING, said="the same 3 tools came in another order")


@labelled("a tool added by a proxy", "router-for-me/CLIProxyAPI#3531")
def tool_added(talk: Talk) -> None:
    grown(talk, 2)
    talk.tools.append({"type": "image_generation"})
    talk.turn("tools_changed", ["tools_changed"], reads=1664, said="tool image_generation was added")
    talk.tools.pop()
    talk.turn("tools_changed", ["tools_changed"], reads=NOTHING, said="tool image_generation was removed")


@labelled("no tools in a request for a summary", "openai/codex#37305")
def tools_dropped(talk: Talk) -> None:
    grown(talk, 3)
    talk.tools = []
    talk.turn("tools_changed", ["tools_changed"], reads=NOTHING, said="tool apply_patch (and 2 more) was removed")


@labelled("an agent's mode is switched: other tools, other instructions, the same history", "can1357/oh-my-pi#10786")
def mode_switched(talk: Talk) -> None:
    grown(talk, 3)
    talk.tools, talk.instructions = [tool("plan")], text("You plan, and change nothing.", 6000)
    talk.turn("tools_changed", ["tools_changed", "instructions_changed"], reads=NOTHING)
    talk.turn("hit")


@labelled("a tool's members in another order", "maximhq/bifrost#3362")
def tool_members_reordered(talk: Talk) -> None:
    grown(talk, 2)
    first = talk.tools[0]
    assert isinstance(first, dict)
    talk.tools[0] = dict(reversed(first.items()))
    talk.turn("tools_changed", ["tools_changed"], reads=NOTHING, said="tool apply_patch was edited")


@labelled("tools of a server in a namespace, one edited", "openai/codex#37351")
def namespace_edited(talk: Talk) -> None:
    talk.tools.append({"type": "namespace", "name": "docs", "tools": [tool("find"), tool("read")]})
    grown(talk, 2)
    talk.tools[-1] = {"type": "namespace", "name": "docs", "tools": [tool("find"), tool("read", "Reads a page.")]}
    talk.turn("tools_changed", ["tools_changed"], reads=2176, said="tool docs.read was edited")


@labelled("an output format is asked for", "lidge-jun/opencodex#5178")
def format_changed(talk: Talk) -> None:
    grown(talk, 2)
    talk.members["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}}}
    talk.turn("text_format_changed", ["text_format_changed"], reads=NOTHING)


@labelled("the effort goes up", "openai/codex#35416")
def effort_changed(talk: Talk) -> None:
    talk.members["reasoning"] = {"effort": "medium", "summary": "auto"}
    grown(talk, 2)
    talk.members["reasoning"] = {"effort": "xhigh", "summary": "auto"}
    talk.turn("reasoning_effort_changed", ["reasoning_effort_changed"], reads=NOTHING, said="medium to xhigh")
    talk.members["reasoning"] = {"effort": "xhigh", "summary": "concise"}
    talk.turn("hit")


@labelled("an effort that was used before reads what is left of it", "can1357/oh-my-pi#5035")
def effort_toggled(talk: Talk) -> None:
    talk.members["reasoning"] = {"effort": "high"}
    grown(talk, 4)
    talk.members["reasoning"] = {"effort": "low"}
    talk.turn("reasoning_effort_changed", ["reasoning_effort_changed"], reads=NOTHING)
    talk.turn("hit")
    talk.members["reasoning"] = {"effort": "high"}
    talk.turn("reasoning_effort_changed", ["reasoning_effort_changed"], reads=8192)


@labelled("the verbosity goes down", "lidge-jun/opencodex#5178")
def verbosity_changed(talk: Talk) -> None:
    talk.members["text"] = {"verbosity": "high"}
    grown(talk, 2)
    talk.members["text"] = {"verbosity": "low"}
    talk.turn("verbosity_changed", ["verbosity_changed"], reads=NOTHING)


@labelled("parallel tool calls are toggled", "RooCodeInc/Roo-Code")
def parallel_toggled(talk: Talk) -> None:
    talk.members["parallel_tool_calls"] = True
    grown(talk, 2)
    talk.members["parallel_tool_calls"] = False
    talk.turn("parallel_tool_calls_changed", ["parallel_tool_calls_changed"], reads=NOTHING)


@labelled("the time, to the second, in the instructions", "earendil-works/pi#2013")
def timestamp(talk: Talk) -> None:
    opening = text("You are a coding agent.", 6000)
    talk.instructions = f"{opening}\nCurrent time: 2026-11-20T10:00:00Z"
    talk.turn("cold")
    for second in (4, 9):
        talk.instructions = f"{opening}\nCurrent time: 2026-11-20T10:00:0{second}Z"
        talk.turn("instructions_changed", ["instructions_changed"], reads=2560, said="character 6033")


@labelled("a list of files in the instructions", "anomalyco/opencode#5224")
def files_in_instructions(talk: Talk) -> None:
    talk.instructions = "Files:\na.py\nb.py\n" + text("You are a coding agent.", 6000)
    grown(talk, 2)
    talk.instructions = "Files:\na.py\nb.py\nc.py\n" + text("You are a coding agent.", 6000)
    talk.turn("instructions_changed", ["instructions_changed"], reads=NOTHING, said="character 17 on")


def lite(talk: Talk, told: str = "You are a coding agent.") -> None:
    """Make it a conversation in the shape in which tools and instructions are items of the input."""
    head: list[Json] = [{"type": "additional_tools", "role": "developer", "tools": talk.tools}]
    talk.items = [*head, developer(told), user("<environment_context>"), *talk.items]
    talk.tools, talk.instructions = [], None


@labelled("tools and instructions in the input, growing", "openai/codex#51156", headers=dict(NATIVE))
def lite_grows(talk: Talk) -> None:
    lite(talk)
    grown(talk, 4)


@labelled("a tool edited that is carried in the input", "openai/codex#51156", headers=dict(NATIVE))
def lite_tool_edited(talk: Talk) -> None:
    lite(talk)
    grown(talk, 3)
    tools: list[Json] = [tool("apply_patch"), tool("shell", "Runs."), tool("view_image")]
    talk.items[0] = {"type": "additional_tools", "role": "developer", "tools": tools}
    talk.turn("tools_changed", ["tools_changed"], reads=NOTHING, said="tool shell was edited")


@labelled("instructions edited that are carried in the input", "openai/codex#51156", headers=dict(NATIVE))
def lite_instructions_edited(talk: Talk) -> None:
    lite(talk)
    grown(talk, 3)
    talk.items[1] = developer("You are a coding clown.")
    talk.turn("instructions_changed", ["instructions_changed"], reads=1280, said="character 17 on")


@labelled("tools added at the end of the input, which spares the cache", "openai/codex#51156", headers=dict(NATIVE))
def lite_tools_added(talk: Talk) -> None:
    lite(talk)
    grown(talk, 3)
    talk.items.append({"type": "additional_tools", "role": "developer", "tools": [tool("late")]})
    talk.turn("hit")
    talk.turn("hit")


@labelled(
    "an item edited, counted with those that carry tools", "NousResearch/hermes-agent#47126", headers=dict(NATIVE)
)
def lite_item_edited(talk: Talk) -> None:
    lite(talk)
    grown(talk, 6)
    talk.items[5] = user("<memory>A fact.</memory> Question 2.")
    talk.turn("input_changed", ["input_changed"], reads=before(talk, 5), said="input[5] (user message)")


@labelled("a warm-up that carries tools and instructions", "openai/codex#48812", headers=dict(NATIVE), paths=WEBSOCKET)
def lite_warm_up(talk: Talk) -> None:
    lite(talk)
    rest, talk.items = talk.items[2:], talk.items[:2]
    talk.members["generate"] = False
    talk.turn("cold", say="", replies=[], predecessor=None)
    del talk.members["generate"]
    talk.items += [developer("<permissions>"), *rest]
    talk.turn("hit", gap=0)
    talk.turn("hit")
    talk.turn("transport_changed", ["transport_changed"], transport="http", reads=NOTHING)


@labelled("a turn compacted in band", "openai/codex", headers=dict(NATIVE))
def compacted(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "session-1"
    talk.items = [user("<environment_context>")]
    grown(talk, 6)
    summary: Json = {"type": "compaction", "encrypted_content": text("gAAAA", 3000)}
    talk.items.append({"type": "compaction_trigger"})
    talk.turn("hit", say="", replies=[summary])
    talk.items = [user("<environment_context>"), summary]
    talk.turn("context_compacted", ["context_compacted", "input_changed"], reads=3584)
    talk.turn("hit")


@labelled("a compacted history that begins with its summary", "anomalyco/opencode#43249", headers=dict(NATIVE))
def compacted_whole(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "session-1"
    grown(talk, 6)
    talk.items = [{"type": "compaction_summary", "encrypted_content": text("gAAAA", 3000)}]
    talk.turn("context_compacted", ["context_compacted", "input_changed"], reads=3072)
    talk.turn("hit")


@labelled("a memory block put into an old message", "NousResearch/hermes-agent#47126")
def old_message_edited(talk: Talk) -> None:
    grown(talk, 6)
    talk.items[4] = user("<memory>A fact.</memory> Question 3.")
    talk.turn("input_changed", ["input_changed"], reads=before(talk, 4), said="input[4] (user message)")


@labelled("the first message edited, all else the same", "NousResearch/hermes-agent#47126")
def first_message_edited(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "session-1"
    grown(talk, 6)
    talk.items[0] = user("<memory>A fact.</memory> Question 1.")
    talk.turn("input_changed", ["input_changed"], reads=3200, said="input[0] (user message)")


@labelled("history cut at its front", "HKUDS/nanobot#5540")
def cut_at_front(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "session-1"
    grown(talk, 8)
    del talk.items[:4]
    talk.turn("input_changed", ["input_changed"], reads=3200, said="input[0] (user message)")


@labelled("history cut at its front, behind the environment", "HKUDS/nanobot#5540")
def cut_behind_environment(talk: Talk) -> None:
    talk.items = [developer("<permissions>"), user("<environment_context>")]
    grown(talk, 8)
    del talk.items[2:8]
    talk.turn("input_changed", ["input_changed"], reads=before(talk, 2), said="input[2] (user message)")


@labelled("items reordered", "sgl-project/sglang#36877")
def reordered(talk: Talk) -> None:
    talk.members["prompt_cache_key"] = "session-1"
    grown(talk, 6)
    talk.items[6], talk.items[7] = talk.items[7], talk.items[6]
    talk.turn("input_changed", ["input_changed"], reads=before(talk, 6), said="input[6] (assistant message)")


@labelled("an item inserted in the middle", "sgl-project/sglang#36877")
def inserted(talk: Talk) -> None:
    grown(talk, 6)
    talk.items.insert(3, developer("<reminder>"))
    talk.turn("input_changed", ["input_changed"], reads=before(talk, 3), said="input[3] (developer message)")
    talk.turn("hit")


@labelled("reasoning dropped from the history", "damianvtran/local-operator#326")
def reasoning_dropped(talk: Talk) -> None:
    for number in range(6):
        replies = [reasoning(str(number)), assistant(f"Answer {number}.")]
        talk.turn("hit" if number else "cold", replies=replies)
    talk.items = [item for item in talk.items if item != reasoning("3")]
    talk.turn("input_changed", ["input_changed"], reads=before(talk, 10), said="input[10] (assistant message)")


@labelled("the output of a call shortened afterwards", "router-for-me/CLIProxyAPI#5727")
def output_shortened(talk: Talk) -> None:
    talk.turn("cold", replies=[call("1")])
    talk.items.append(output("1", "a long list of files"))
    talk.turn("hit", say="", replies=[assistant("These are all.")])
    for _ in range(4):
        talk.turn("hit")
    talk.items[2] = output("1", "(shortened)")
    talk.turn("input_changed", ["input_changed"], reads=before(talk, 2), said="input[2] (function_call_output)")


@labelled("a picture at the front, and an edit behind it", "openai/codex", paths=HTTP)
def picture(talk: Talk) -> None:
    image: Json = {"type": "input_image", "image_url": "data:image/png;base64," + "iVBO" * 250_000}
    talk.items = [{"type": "message", "role": "user", "content": [image]}]
    talk.turn("cold", input_tokens=6000)
    for number in range(1, 8):
        talk.turn("hit", input_tokens=6000 + 2100 * number)
    talk.items[8] = user("Another question.")
    talk.turn("input_changed", ["input_changed"], reads=11008, input_tokens=22800, said="input[8]")


@labelled("a call's id made anew on each turn", "router-for-me/CLIProxyAPI#5727")
def call_ids(talk: Talk) -> None:
    talk.turn("cold", replies=[call("1")])
    talk.items.append(output("1"))
    talk.turn("hit", say="")
    talk.turn("hit")
    talk.items[1:3] = [call("renamed"), output("renamed")]
    talk.turn("input_changed", ["input_changed"], reads=before(talk, 1), said="input[1] (function_call)")


@labelled("ids and notes made anew beside a real edit", "openai/codex#51156")
def ids_beside_an_edit(talk: Talk) -> None:
    grown(talk, 4)
    talk.items = [with_id(item, str(uuid.UUID(int=place))) for place, item in enumerate(talk.items)]
    talk.items[3] = assistant("Another answer.")
    talk.turn("input_changed", ["input_changed"], reads=before(talk, 3), said="input[3]")


@labelled("the head of the prompt comes before its history", "openai/codex#35416")
def head_first(talk: Talk) -> None:
    grown(talk, 6)
    talk.items[4] = user("Edited.")
    talk.instructions = text("You are another agent.", 8000)
    changed = ["instructions_changed", "input_changed"]
    talk.turn("instructions_changed", changed, reads=1024)
    talk.members["parallel_tool_calls"] = False
    talk.instructions = text("You are a third agent.", 8000)
    changed = ["parallel_tool_calls_changed", "instructions_changed"]
    talk.turn("parallel_tool_calls_changed", changed, reads=NOTHING)
    talk.members["text"] = {"verbosity": "low"}
    talk.members["parallel_tool_calls"] = True
    talk.turn("verbosity_changed", ["verbosity_changed", "parallel_tool_calls_changed"], reads=NOTHING)
    talk.members |= {"reasoning": {"effort": "low"}, "text": {"verbosity": "high"}}
    talk.turn("reasoning_effort_changed", ["reasoning_effort_changed", "verbosity_changed"], reads=NOTHING)
    talk.members |= {"reasoning": {"effort": "high"}, "text": {"verbosity": "high", "format": {"type": "json_object"}}}
    talk.turn("text_format_changed", ["text_format_changed", "reasoning_effort_changed"], reads=NOTHING)
    talk.members["text"] = {"verbosity": "high"}
    talk.tools.pop()
    talk.turn("tools_changed", ["tools_changed", "text_format_changed"], reads=NOTHING)


TALKS = tuple(talk for talk in list(globals().values()) if isinstance(talk, Talk))
