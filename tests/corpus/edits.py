"""Edits by their kind: what was done to the history, how often and where, and what varies by itself in a prompt."""

from codexcache.body.json_splice import Json, Object

from corpus.counters import standing
from corpus.labels import about
from corpus.talk import CODEX, NATIVE, OFFICIAL, Case, labelled
from corpus.texts import assistant, call, developer, is_a, output, picture, reasoning, text, tool, user

HEAD = text("You are a coding agent.", 6000)
TAIL = text("You never sleep.", 2000)


def worked(case: Case, calls: int) -> None:
    """Let the model call a tool again and again, behind the messages that open the conversation."""
    case.items = [developer("<permissions>"), user("<environment_context>")]
    case.work(calls)


def cut(case: Case, places: range | list[int], **given: object) -> None:
    """Shorten the outputs at some places, and send a turn whose read ends at the first of them."""
    owed = standing(case, places[0]) - sum(standing(case, place) - standing(case, place + 1) for place in places)
    for place in places:
        item = case.items[place]
        assert isinstance(item, dict)
        case.items[place] = {**item, "output": "[cut]"}
    read = case.before(places[0])
    case.miss("input_changed", say="", reads=read, edit="shortened", resent=about(owed), **given)


def searching(number: int, names: tuple[str, ...]) -> Json:
    """Return a tool whose parameters have these names, in this order."""
    properties: Object = {name: {"type": "string", "description": f"The {name}."} for name in names}
    made = tool(f"search_{number}", f"Searches in place {number}.")
    assert isinstance(made, dict)
    return {**made, "parameters": {"type": "object", "properties": properties}}


@labelled("eight outputs are shortened at once", "anomalyco/opencode#32515", **OFFICIAL)
def eight_outputs(case: Case) -> None:
    worked(case, 14)
    cut(case, range(7, 30, 3), said=["8", "shortened", "input[7]"])
    case.work(2)


@labelled("with each turn, the outputs of all but the latest are shortened", "Yeachan-Heo/gajae-code#508", **OFFICIAL)
def pruned_each_turn(case: Case) -> None:
    worked(case, 6)
    for number in range(4):
        place = 4 + 3 * number
        cut(case, [place], said=["shortened", f"input[{place}]"], replies=[call(f"next {number}")])
        case.items.append(output(f"next {number}", "Next."))


@labelled("three readings of one file are replaced by a note", "ranxianglei/opencode-acp#206", **OFFICIAL)
def readings_replaced(case: Case) -> None:
    worked(case, 10)
    cut(case, [7, 13, 19], said=["3", "input[7]"])


@labelled("reasoning of past turns is dropped with each question", "jjuraszek/pi-condense#3", **OFFICIAL)
def reasoning_dropped_each_question(case: Case) -> None:
    for number in range(4):
        replies = [reasoning(f"{number}", 4000), assistant(f"Answer {number}.")]
        case.turn("hit" if number else "cold", replies=replies)
    case.items = [item for item in case.items if not is_a("reasoning", item)]
    said = ["reasoning", "input[1]"]
    case.miss("input_changed", reads=case.before(1), said=said, edit="dropped", replies=[assistant("The last one.")])
    case.turn("hit")


@labelled("one message is dropped from the middle", "sgl-project/sglang#36877", **OFFICIAL, turns=8)
def one_dropped(case: Case) -> None:
    del case.items[6:8]
    owed = about(standing(case, 8))
    case.miss("input_changed", reads=case.before(6), said="input[6]", edit="dropped", resent=owed)


@labelled("a reminder is inserted before the first question", "NousResearch/hermes-agent#47126", **CODEX, turns=6)
def one_inserted(case: Case) -> None:
    case.items.insert(2, developer("<reminder>", 600))
    owed = about(standing(case, 2))
    case.miss("input_changed", reads=case.before(2), said="input[2]", edit="inserted", resent=owed)


@labelled(
    "a note is inserted behind each of the user's messages", "NousResearch/hermes-agent#47126", **OFFICIAL, turns=6
)
def several_inserted(case: Case) -> None:
    for place in (8, 5, 2):
        case.items.insert(place, developer("<note>", 400))
    case.miss("input_changed", reads=case.before(2), said=["3", "input[2]"], edit="inserted")


@labelled("two messages change places", "sgl-project/sglang#36877", **OFFICIAL, turns=8)
def two_moved(case: Case) -> None:
    case.items[4], case.items[6] = case.items[6], case.items[4]
    case.miss("input_changed", reads=case.before(4), said="input[4]", edit="moved")


@labelled("the environment moves behind the first question", "openai/codex#37305", **CODEX, turns=6)
def environment_moved(case: Case) -> None:
    case.items[1], case.items[2] = case.items[2], case.items[1]
    case.miss("input_changed", reads=case.before(1), said="input[1]", edit="moved")


@labelled("a memory is written into an old question", "TencentCloud/TencentDB-Agent-Memory#587", **OFFICIAL, turns=8)
def memory_written(case: Case) -> None:
    case.items[6] = user("<relevant-memories> He likes tea. </relevant-memories> Question 4.")
    owed = about(standing(case, 7))
    case.miss("input_changed", reads=case.before(6), said="input[6]", edit="rewritten", resent=owed)


@labelled("arguments in another order of members", "maximhq/bifrost#3362", **OFFICIAL)
def arguments_reordered(case: Case) -> None:
    case.turn("cold", replies=[call("1", '{"path":"a.py","limit":40}')])
    case.items.append(output("1", "Lines."))
    for _ in range(4):
        case.turn("hit")
    case.items[1] = call("1", '{"limit":40,"path":"a.py"}')
    case.miss("input_changed", reads=case.before(1), said="input[1]", edit="re-spelled", volatile=("order",))


@labelled("all pictures but the last are dropped", "cloudflare/agents#2200", **OFFICIAL)
def pictures_dropped(case: Case) -> None:
    case.items = [user("Watch the screen.")]
    for number in range(4):
        case.turn("hit" if number else "cold", say=picture(f"screen {number}", 80_000))
    owed = standing(case, 7) + 3000
    del case.items[5], case.items[3], case.items[1]
    case.miss("input_changed", reads=case.before(1), said="input[1]", edit="dropped", resent=(owed // 2, 3 * owed // 2))


@labelled("a first message with the time of day", "HKUDS/nanobot#226", key="session-1")
def time_in_the_first_message(case: Case) -> None:
    opening = "Current time: {}. Directory: /work."
    case.items = [user(opening.format("09:41:07")), user("Find the bug.")]
    case.grow(4)
    case.items[0] = user(opening.format("09:43:55"))
    said = ["input[0]", "time"]
    case.miss("input_changed", reads=case.before(0), said=said, volatile=("time",), blame="avoidable")


def told(case: Case, before: str, after: str, kind: str) -> None:
    """Change what varies in the middle of the instructions, and send a turn whose read ends there."""
    case.instructions = f"{HEAD}\n{before}\n{TAIL}"
    case.grow(3)
    case.instructions = f"{HEAD}\n{after}\n{TAIL}"
    case.miss("instructions_changed", reads=2560, said=kind, volatile=(kind,), blame="avoidable")
    case.turn("hit")


@labelled("a date in the instructions, past midnight", "anomalyco/opencode#32622", key="session-1")
def date_told(case: Case) -> None:
    told(case, "Today's date: 2026-11-20", "Today's date: 2026-11-21", "date")


@labelled("a date in words in the instructions", "anomalyco/opencode#32622", key="session-1")
def date_in_words(case: Case) -> None:
    told(case, "Today is Fri Nov 20 2026.", "Today is Sat Nov 21 2026.", "date")


@labelled("a time in the instructions", "Dicklesworthstone/pi_agent_rust#103", key="session-1")
def time_told(case: Case) -> None:
    told(case, "The time is 03:04:20 PM.", "The time is 03:04:41 PM.", "time")


@labelled("a UUID in the instructions", "cnighswonger/claude-code-cache-fix#60", key="session-1")
def uuid_told(case: Case) -> None:
    one, other = "5f0c1f6e-8f7a-4c1e-9a55-3e1a1b0c7d10", "0b1d9a34-2c44-4d2f-b1d4-96a1a2f3e455"
    told(case, f"Scratch directory of run {one}.", f"Scratch directory of run {other}.", "UUID")


@labelled("a counter in the instructions", "browser-use/browser-use#5542", key="session-1")
def counter_told(case: Case) -> None:
    told(case, "You have used 11 of 40 steps.", "You have used 12 of 40 steps.", "counter")


@labelled("white space in the instructions", "BerriAI/litellm#40966", key="session-1")
def white_space_told(case: Case) -> None:
    told(case, "Be careful.  Be brief.", "Be careful. Be brief.", "white space")


@labelled("a working directory in the instructions", "anomalyco/opencode#5224", key="session-1")
def path_told(case: Case) -> None:
    told(case, "Working directory: /tmp/run-a1/project", "Working directory: /tmp/run-b7/project", "path")


@labelled("instructions that really say something else", "tmoonlight/acecode#20", key="session-1")
def really_told_otherwise(case: Case) -> None:
    case.instructions = f"{HEAD}\nYou may write to all files.\n{TAIL}"
    case.grow(3)
    case.instructions = f"{HEAD}\nYou only plan.\n{TAIL}"
    case.miss("instructions_changed", reads=2560, volatile=(), blame="avoidable")


@labelled(
    "a date in the first developer message of a new client", "openai/codex#51156", headers=NATIVE, key="session-1"
)
def date_in_developer_message(case: Case) -> None:
    carried: Object = {"type": "additional_tools", "role": "developer", "tools": list(case.tools)}
    case.tools, case.instructions = [], None
    case.items = [carried, developer(f"{HEAD} Today's date: 2026-11-20.", 6100), user("<environment_context>")]
    case.grow(3)
    case.items[1] = developer(f"{HEAD} Today's date: 2026-11-21.", 6100)
    case.miss("instructions_changed", reads=2560, said="date", volatile=("date",))


@labelled("a counter in a tool's description", "rynfar/meridian#367", key="session-1")
def counter_in_a_tool(case: Case) -> None:
    case.tools[2] = tool("view_image", "Views an image. 3 of 50 calls left today.", 60)
    case.grow(3)
    case.tools[2] = tool("view_image", "Views an image. 2 of 50 calls left today.", 60)
    case.miss("tools_changed", said=["view_image", "counter"], volatile=("counter",))


@labelled("schemas of tools in another order of members", "openai/codex#2611", key="session-1")
def schema_members(case: Case) -> None:
    case.tools = [searching(number, ("path", "pattern", "limit")) for number in range(4)]
    case.grow(3)
    case.tools = [searching(number, ("limit", "path", "pattern")) for number in range(4)]
    case.miss("tools_changed", said="order", volatile=("order",), unsaid="was edited")


@labelled("a server of tools comes back with one tool more", "esengine/DeepSeek-Reasonix#110", **OFFICIAL, turns=4)
def tool_of_a_server(case: Case) -> None:
    case.tools.append(tool("search_docs"))
    case.miss("tools_changed", said=["search_docs", "added"], blame="avoidable")
    case.turn("hit")


@labelled("tools and model announced at the end of the input", "openai/codex#37417", **CODEX, turns=4)
def announced_at_the_end(case: Case) -> None:
    case.items.append({"type": "additional_tools", "role": "developer", "tools": [tool("late_one"), tool("late_two")]})
    case.turn("hit")
    case.items.append({"type": "configuration_update", "reasoning": {"effort": "high"}})
    case.items.append(developer("<new instructions>"))
    case.turn("hit")


@labelled("a date in a tool's description", "anomalyco/opencode#32622", key="session-1")
def date_in_a_tool(case: Case) -> None:
    case.tools[0] = tool("bash", "Runs a command. Today is 2026-11-20.", 37)
    case.grow(3)
    case.tools[0] = tool("bash", "Runs a command. Today is 2026-11-21.", 37)
    case.miss("tools_changed", said=["bash", "date"], volatile=("date",))


@labelled("a date and a UUID in the instructions", "cnighswonger/claude-code-cache-fix#60", key="session-1")
def date_and_uuid(case: Case) -> None:
    ids = ("5f0c1f6e-8f7a-4c1e-9a55-3e1a1b0c7d10", "0b1d9a34-2c44-4d2f-b1d4-96a1a2f3e455")
    lines = [f"Today: 2026-11-2{number}. Run: {name}." for number, name in enumerate(ids)]
    case.instructions = f"{HEAD}\n{lines[0]}\n{TAIL}"
    case.grow(3)
    case.instructions = f"{HEAD}\n{lines[1]}\n{TAIL}"
    case.miss("instructions_changed", reads=2560, said=["date", "UUID"], volatile=("date", "UUID"))


@labelled("a date in the instructions, and a rule that was added", "tmoonlight/acecode#20", key="session-1")
def date_and_rule(case: Case) -> None:
    case.instructions = f"{HEAD}\nToday's date: 2026-11-20\n{TAIL}"
    case.grow(3)
    case.instructions = f"{HEAD}\nToday's date: 2026-11-21\nNever push to the main branch.\n{TAIL}"
    case.miss("instructions_changed", reads=2560, volatile=())


@labelled("a line of the instructions was moved to their end", "earendil-works/pi#2013", key="session-1")
def line_moved(case: Case) -> None:
    case.instructions = f"{HEAD}\nUse tabs.\n{TAIL}"
    case.grow(3)
    case.instructions = f"{HEAD}\n{TAIL}\nUse tabs."
    case.miss("instructions_changed", reads=2560)


@labelled("a time that stands in the middle of each old question", "dimagi/open-chat-studio#3649", key="session-1")
def times_in_questions(case: Case) -> None:
    for number in range(5):
        case.turn("hit" if number else "cold", say=f"At 10:0{number}:00 the clock of question {number} was read.")
    for number in range(5):
        case.items[2 * number] = user(f"At 11:3{number}:09 the clock of question {number} was read.")
    said = ["5", "input[0]", "time"]
    case.miss("input_changed", reads=case.before(0), said=said, volatile=("time",), edit="rewritten")


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
