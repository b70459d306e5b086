"""What the counters say: where a read ended decides between causes that were all there."""

from codexcache.body.json_splice import Json, Object

from corpus.labels import about
from corpus.talk import CODEX, GATEWAY, NOTHING, OFFICIAL, SOL, Case, labelled
from corpus.texts import (
    assistant,
    cached,
    call,
    chinese,
    developer,
    dump,
    output,
    picture,
    reasoning,
    text,
    tokens,
    tool,
    user,
    written,
)


def standing(case: Case, place: int) -> int:
    """Return the tokens of what the last turn had sent from a place on."""
    sent = case.steps[-1].body
    return tokens(sent) - tokens(sent, place)


def edited(case: Case, place: int, *others: str) -> None:
    """Rewrite a message, and send a turn whose read ends there, whatever else has changed."""
    owed = standing(case, place + 1)
    case.items[place] = user("Another question altogether.", 2000)
    said, changes = f"input[{place}]", [*others, "input_changed"]
    case.turn("input_changed", changes, reads=case.before(place), said=said, resent=about(owed))


@labelled("a tool's flag changed, but the read ends at an edited message", "rynfar/meridian#367", **OFFICIAL, turns=12)
def tools_and_edit(case: Case) -> None:
    assert isinstance(case.tools[1], dict)
    case.tools[1] = {**case.tools[1], "strict": True}
    edited(case, 16, "tools_changed")


@labelled("the key changed, but the read ends at an edited message", "openai/codex#33035", **OFFICIAL, turns=12)
def key_and_edit(case: Case) -> None:
    case.members["prompt_cache_key"] = "session-1-b"
    edited(case, 16, "prompt_cache_key_changed")


@labelled(
    "the session changed, but the read ends at an edited message",
    "NousResearch/hermes-agent#86733",
    **OFFICIAL,
    turns=12,
)
def session_and_edit(case: Case) -> None:
    case.headers["session-id"] = "session-2"
    edited(case, 16, "session_changed")


@labelled("the tier was spelt out, but the read ends at an edited message", "openai/codex#15099", **OFFICIAL, turns=12)
def tier_and_edit(case: Case) -> None:
    case.members["service_tier"] = "default"
    edited(case, 16, "service_tier_changed")


@labelled("the effort went up, but the read ends at an edited message", "can1357/oh-my-pi#5035", **OFFICIAL)
def effort_and_edit(case: Case) -> None:
    case.members["reasoning"] = {"effort": "low"}
    case.grow(12)
    case.members["reasoning"] = {"effort": "high"}
    edited(case, 16, "reasoning_effort_changed")


@labelled("the host changed, but the read ends at an edited message", "earendil-works/pi#8125", **OFFICIAL, turns=12)
def host_and_edit(case: Case) -> None:
    case.host = "gov.chatgpt.com"
    edited(case, 16, "transport_changed")


@labelled(
    "the instructions and a message changed, and the read ends within the instructions",
    "earendil-works/pi#2013",
    turns=8,
)
def instructions_and_edit(case: Case) -> None:
    case.instructions = text("You are a coding agent.", 4000) + text("You are in a hurry.", 4000)
    case.items[10] = user("Another question altogether.")
    case.miss("instructions_changed", "input_changed", reads=2048)


def attached(name: str, size: int) -> Json:
    """Return a message with a document of this many characters."""
    file: Object = {
        "type": "input_file",
        "filename": name,
        "file_data": "data:application/pdf;base64," + "JVBE" * (size // 4),
    }
    return {"type": "message", "role": "user", "content": [file]}


@labelled("AGENTS.md edited before a long document", "openai/codex#37305", **OFFICIAL, paths=("http", "saved http"))
def before_a_document(case: Case) -> None:
    case.items = [developer("<permissions>"), user("# AGENTS.md", 6000), attached("manual.pdf", 1_400_000)]
    given = 24_000
    case.turn("cold", input_tokens=given)
    for _ in range(3):
        given += 2010
        case.turn("hit", input_tokens=given)
    case.items[1] = user("# AGENTS.md, with another rule", 6100)
    owed = about(given - 3200 - 1000 - 1530)
    case.miss("input_changed", input_tokens=given + 2030, reads=4096, said="input[1]", resent=owed)


@labelled("a message edited behind a long document", "openai/codex#37305", **OFFICIAL, paths=("http", "saved http"))
def behind_a_document(case: Case) -> None:
    case.items = [developer("<permissions>"), attached("manual.pdf", 1_400_000)]
    case.turn("cold", input_tokens=22_000)
    for number in range(1, 5):
        case.turn("hit", input_tokens=22_000 + 2010 * number)
    case.items[4] = user("Another question altogether.")
    case.miss("input_changed", input_tokens=32_050, reads=22_912, said="input[4]", resent=about(6100))


@labelled("schemas against dense dumps", "maximhq/bifrost#3362", **OFFICIAL)
def dumps(case: Case) -> None:
    case.tools = [tool(f"schema_{number}", f"Part {number} of a large schema.", 6000) for number in range(8)]
    case.turn("cold", replies=[call("0")])
    for number in range(6):
        item = output(f"{number}")
        assert isinstance(item, dict)
        case.items.append({**item, "output": dump(f"file {number}", 24_000)})
        case.turn("hit", say="", replies=[call(f"{number + 1}")])
    case.items.pop()
    owed = standing(case, 7)
    case.items[6] = output("2", "(cut)", 60)
    case.turn(
        "input_changed", ["input_changed"], reads=case.before(6), said="input[6]", edit="shortened", resent=about(owed)
    )


@labelled("Chinese instructions, an English history", "wiseria-ai-labs/pie-ai-agent#378", **OFFICIAL)
def chinese_instructions(case: Case) -> None:
    case.instructions, case.tools = chinese("instructions", 9000), [tool("shell")]
    case.grow(8)
    edited(case, 10)


@labelled("English instructions, a Chinese history", "wiseria-ai-labs/pie-ai-agent#378", **OFFICIAL)
def chinese_questions(case: Case) -> None:
    for number in range(8):
        said = written("user", chinese(f"question {number}", 1500))
        case.turn(
            "hit" if number else "cold", say=said, replies=[written("assistant", chinese(f"answer {number}", 900))]
        )
    edited(case, 8)


@labelled("past reasoning that costs nothing any more, and an edit behind it", "tmustier/pine-of-glass#63", **OFFICIAL)
def weightless_reasoning(case: Case) -> None:
    for number in range(9):
        replies = [reasoning(f"{number}", 12_000), assistant(f"Answer {number}.", 1600)]
        case.turn("hit" if number else "cold", input_tokens=5000 + 1430 * number, replies=replies)
    case.items[15] = user("Another question altogether.")
    case.miss("input_changed", input_tokens=17_870, reads=11_136, said="input[15]", resent=about(4290))


@labelled(
    "encrypted reasoning that is most of the bytes, and an early edit", "damianvtran/local-operator#326", **OFFICIAL
)
def heavy_reasoning(case: Case) -> None:
    case.turn("cold", say=user("Begin.", 9000), replies=[reasoning("0", 30_000), call("0")])
    case.items.append(output("0", "Listing.", 9000))
    for number in range(1, 6):
        case.turn("hit", say="", replies=[reasoning(f"{number}", 30_000), call(f"{number}")])
        case.items.append(output(f"{number}", "Listing.", 9000))
    owed = standing(case, 4)
    case.items[3] = output("0", "(cut)", 100)
    case.miss("input_changed", say="", reads=case.before(3), said="input[3]", edit="shortened", resent=about(owed))


@labelled("an old picture replaced by a note", "cnighswonger/claude-code-cache-fix#60", **OFFICIAL)
def picture_replaced(case: Case) -> None:
    case.items = [user("Look at these."), picture("one"), picture("two"), picture("three")]
    case.grow(6)
    owed = standing(case, 2)
    case.items[1] = user("(a picture was here)", 80)
    case.miss("input_changed", reads=case.before(1), said="input[1]", resent=about(owed))


@labelled("an edit four endings back is looked back past", "openai/codex#35300", key="session-1", **SOL)
def edit_within_the_lookup(case: Case) -> None:
    case.members["model"], case.items = "gpt-5.6-sol", [developer("<permissions>"), user("<environment_context>")]
    case.work(20)
    place = len(case.items) - 10
    owed = standing(case, place + 1)
    case.items[place] = output(f"{case.last - 3}-{case.about}", "(cut)", 100)
    case.miss("input_changed", say="", reads=case.before(place - 2), said=f"input[{place}]", resent=about(owed))


@labelled(
    "an edit further back than a lookup goes leaves the developer messages",
    "openai/codex#35300",
    key="session-1",
    **SOL,
)
def edit_behind_the_lookup(case: Case) -> None:
    case.members["model"] = "gpt-5.6-sol"
    case.items = [developer("<permissions>", 9000), developer("<skills>", 9000), user("<environment_context>", 2000)]
    case.work(45)
    place = 62
    owed = case.before(place) + standing(case, place + 1) - case.before(2)
    case.items[place] = output(f"20-{case.about}", "(cut)", 100)
    case.miss(
        "input_changed", say="", reads=case.before(2), said=f"input[{place}]", unsaid="server", resent=about(owed)
    )


@labelled("the same edit with an older model does not explain the floor", "openai/codex#35300", key="session-1", **SOL)
def late_edit_of_an_older_model(case: Case) -> None:
    case.members["model"], case.items = "gpt-5.5", [developer("<permissions>"), user("<environment_context>")]
    case.work(30)
    place = len(case.items) - 7
    case.items[place] = output(f"{case.last - 2}-{case.about}", "(cut)", 100)
    unsaid = ["everything comparable is the same", "nothing on this side"]
    case.turn("upstream", ["input_changed"], say="", reads=case.before(0), said=f"input[{place}]", unsaid=unsaid)


@labelled("an edit explains most of what was re-sent, not all of it", "jaseci-labs/jac#8821", key="session-1", turns=20)
def mostly_explained(case: Case) -> None:
    place = 20
    owed = standing(case, place + 1)
    case.items[place] = user("Another question altogether.")
    read = case.before(14)
    rest = case.before(place) - read
    case.miss("input_changed", reads=read, said=[f"input[{place}]", "not known"], resent=about(owed + rest))


@labelled("instructions that stand behind the input", "earendil-works/pi#12273", key="session-1", **SOL)
def instructions_behind_the_input(case: Case) -> None:
    case.members["model"] = "gpt-6.2-sol"
    given, told = 9200, 3000
    case.turn("cold", input_tokens=given)
    for number in range(6):
        read = cached(given - told)
        given += 2010
        verdict, said = ("hit", "instructions") if number else ("hit/upstream", ())
        case.turn(verdict, input_tokens=given, reads=read, said=said)


@labelled("other instructions where they stand behind the input", "earendil-works/pi#12273", key="session-1", **SOL)
def instructions_behind_changed(case: Case) -> None:
    case.members["model"] = "gpt-6.2-sol"
    given, told = 9200, 3000
    case.turn("cold", input_tokens=given)
    for number in range(4):
        read = cached(given - told)
        given += 2010
        case.turn("hit" if number else "hit/upstream", input_tokens=given, reads=read)
    case.instructions = text("You are a careful reviewer.", 12_000)
    case.turn("hit", ["instructions_changed"], input_tokens=given + 2010, reads=cached(given - told))


@labelled("an older model falls short by as much as its instructions", "openai/codex#20301", key="session-1", **SOL)
def short_by_the_instructions(case: Case) -> None:
    case.members["model"] = "gpt-5.5"
    case.turn("cold", input_tokens=19_200)
    case.turn("hit", input_tokens=21_200)
    case.turn("upstream", input_tokens=23_200, reads=17_920)


@labelled("the read ends where an earlier turn ended", "Soju06/codex-lb#2409", key="session-1", turns=9)
def ends_where_a_turn_ended(case: Case) -> None:
    usage = case.steps[3].answer.usage
    assert usage is not None
    given = usage["input_tokens"]
    assert isinstance(given, int)
    case.turn("upstream", reads=cached(given), said="turn 4")
    case.turn("hit")


@labelled("1,900 tokens that nobody cached", "HKUDS/nanobot#5632", tools=[], instructions="Be brief.", key="session-1")
def below_what_is_cached(case: Case) -> None:
    case.turn("cold/below_minimum", input_tokens=1500, reads=NOTHING)
    case.turn("below_minimum", input_tokens=1900, reads=NOTHING, resent=0)
    case.turn("below_minimum", input_tokens=2300, reads=NOTHING, resent=0)
    case.turn("upstream", input_tokens=2600, reads=NOTHING)
    case.turn("hit", input_tokens=2900)


@labelled("a read that is rounded down is no miss", "openai/codex#24704", key="session-1", headers=GATEWAY)
def rounded_down(case: Case) -> None:
    case.turn("cold", input_tokens=5247)
    case.turn("hit", input_tokens=7423, reads=5120, resent=0)
    case.turn("hit", input_tokens=9000, reads=7296, resent=0)


@labelled(
    "the read ends with tools and instructions behind a changed first message", "openai/codex#20301", **CODEX, turns=4
)
def ends_with_the_head(case: Case) -> None:
    case.items[0] = developer("<permissions> All is allowed.")
    said = "tools and instructions | input[0]"
    case.turn("input_changed/instructions_changed", None, reads=case.before(0), said=said)


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
