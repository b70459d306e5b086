"""Conversations in which a change is there and is not the cause, or only a part of it: where the read ended decides."""

from collections.abc import Callable
from typing import Any

from codexcache.body.json_splice import Json

from corpus.labels import ANY
from corpus.talk import CODEX, GATEWAY, HTTP, NOTHING, OFFICIAL, SOL, Case, labelled, native
from corpus.texts import (
    assistant,
    cached,
    call,
    chinese,
    compaction,
    is_a,
    output,
    text,
    tool,
    user,
    written,
)


def given(case: Case, number: int) -> int:
    """Return the input tokens of a turn, in steps of 128."""
    usage = case.steps[number - 1].answer.usage
    assert usage is not None
    counted = usage["input_tokens"]
    assert isinstance(counted, int)
    return cached(counted)


def places(case: Case, kind: str) -> list[int]:
    """Return where items of a type stand."""
    return [at for at, item in enumerate(case.items) if is_a(kind, item)]


def pruned(case: Case, place: int) -> None:
    """Shorten an output to a note."""
    item = case.items[place]
    assert isinstance(item, dict)
    case.items[place] = {**item, "output": "(pruned)"}


@labelled("earlier reasoning dropped and read past, and an output shortened", "jjuraszek/pi-condense#3", key="s", **SOL)
def reasoning_and_output(case: Case) -> None:
    case.members["model"] = "gpt-5.5"
    case.work(14)
    place = places(case, "function_call_output")[10]
    read = case.before(place)
    pruned(case, place)
    del case.items[places(case, "reasoning")[0]]
    said, unsaid = f"a tool output was shortened at input[{place - 1}]", ["does not explain", "reasoning"]
    case.turn("input_changed", ["input_changed"], say="", reads=read, said=said, unsaid=unsaid, edit="shortened")


@labelled("white space that is read past, and a message rewritten later", "BerriAI/litellm#40966", key="s", turns=12)
def spelling_and_message(case: Case) -> None:
    case.items[2] = written("user", "  " + text(f"Question 2 of {case.about}."))
    read = case.before(18)
    case.items[18] = user("Another question altogether.", 2000)
    case.miss("input_changed", reads=read, said=["a user message", "input[18]"], unsaid=["input[2]"])


@labelled("all reasoning dropped, the first half of it read past", "damianvtran/local-operator#326", key="s", **SOL)
def half_of_the_reasoning(case: Case) -> None:
    case.members["model"] = "gpt-5.5"
    case.work(14)
    read = case.before(places(case, "reasoning")[7])
    case.items = [item for item in case.items if not is_a("reasoning", item)]
    case.turn("input_changed", ["input_changed"], say="", reads=read, said="reasoning", edit="dropped", resent=ANY)


@labelled("tools, effort and an old message changed, and the read ends at the message", "rynfar/meridian#367", key="s")
def three_changes(case: Case) -> None:
    case.grow(12)
    case.tools[0], case.members["reasoning"] = tool("apply_patch", "Other words."), {"effort": "high"}
    read = case.before(18)
    case.items[18] = user("Another question altogether.", 1000)
    changes = ["tools_changed", "reasoning_effort_changed", "input_changed"]
    case.turn("input_changed", changes, reads=read, said="input[18]")


@labelled("a late edit, and the read ends where a much earlier turn did", "Soju06/codex-lb#2409", key="s", **SOL)
def late_edit(case: Case) -> None:
    case.members["model"] = "gpt-5.5"
    case.work(30)
    place = places(case, "function_call_output")[27]
    pruned(case, place)
    said = [f"input[{place}]", "the read ends where turn 12 ended"]
    case.turn("upstream", ["input_changed"], say="", reads=given(case, 12), said=said, resent=ANY)


def read_on(name: str, source: str, change: Callable[[Case], None], **told: Any) -> Case:
    """Return a conversation with a first change of routing or of a setting, most of which is read all the same."""

    def script(case: Case) -> None:
        change(case)
        said = ["does not explain", "the read ends where turn 7 ended"]
        case.turn("upstream", [name], reads=given(case, 7), said=said)

    return labelled(f"{name}, and most is read", source, turns=10, **told)(script)


ACCOUNT = read_on(
    "account_changed",
    "Soju06/codex-lb#2234",
    lambda case: case.headers.update({"chatgpt-account-id": "account-2"}),
    headers=GATEWAY,
    key="session-1",
    paths=HTTP,
)
MODEL, EFFORT, TIER, KEY = (
    read_on(name, source, lambda case, member=member: case.members.update(member), **OFFICIAL)  # type: ignore[misc]
    for name, source, member in (
        ("model_changed", "openai/codex#35925", {"model": "gpt-5.6-sol"}),
        ("reasoning_effort_changed", "openai/codex#35416", {"reasoning": {"effort": "high"}}),
        ("service_tier_changed", "openai/codex#15099", {"service_tier": "priority"}),
        ("prompt_cache_key_changed", "openai/codex#33035", {"prompt_cache_key": "session-1-b"}),
    )
)
SESSION = read_on(
    "session_changed",
    "BerriAI/litellm#42014",
    lambda case: case.headers.update({"session-id": "session-2"}),
    mode="observe",
    key="session-1",
    paths=HTTP,
)


@labelled("an effort that was used before reads what its last turn left", "openai/codex#35416", key="session-1")
def effort_there_and_back(case: Case) -> None:
    case.members["reasoning"] = {"effort": "low"}
    case.grow(6)
    case.members["reasoning"] = {"effort": "high"}
    case.miss("reasoning_effort_changed")
    case.turn("hit")
    case.members["reasoning"] = {"effort": "low"}
    case.miss("reasoning_effort_changed", reads=given(case, 6), said="from high to low")


@labelled("an account that was used before reads what its last turn left", "kaitranntt/ccs#1115", headers=GATEWAY)
def account_there_and_back(case: Case) -> None:
    case.members["prompt_cache_key"] = "session-1"
    case.grow(6)
    for account, read in (("account-2", 0), ("account-1", given(case, 6))):
        case.headers["chatgpt-account-id"] = account
        case.miss("account_changed", reads=read)
        case.turn("hit")


@labelled("planning again reads what the last planning turn left", "can1357/oh-my-pi#10786", key="session-1")
def planning_again(case: Case) -> None:
    plan, build = text("You plan. You edit no file.", 8000), text("You build what was planned.", 8000)
    case.instructions = plan
    case.grow(5)
    case.instructions = build
    case.miss("instructions_changed", reads=1152)
    case.turn("hit")
    case.turn("hit")
    case.instructions = plan
    case.miss("instructions_changed", reads=given(case, 5), unsaid="does not explain")


def with_instructions_behind(case: Case, told: int, turns: int = 8) -> int:
    """Send turns of a model with so many tokens of instructions behind the input; return the last one's input."""
    case.members["model"] = "gpt-6.2-sol"
    counted = 12_200
    case.turn("cold", input_tokens=counted)
    for number in range(turns):
        read = cached(counted - told)
        counted += 1010
        case.turn("hit" if number else "hit/upstream", input_tokens=counted, reads=read)
    return counted


@labelled("an edit before instructions that stand behind the input", "earendil-works/pi#12273", key="session-1", **SOL)
def edit_before_the_instructions(case: Case) -> None:
    counted = with_instructions_behind(case, 3000)
    case.items[14] = user("Another question altogether.", 2000)
    read, unsaid = cached(counted - 2020 - 3000), ["not explained", "server"]
    case.turn(
        "input_changed",
        ["input_changed"],
        input_tokens=counted + 500,
        reads=read,
        said="input[14]",
        unsaid=unsaid,
        resent=ANY,
    )


@labelled("Chinese instructions behind the input", "earendil-works/pi#12273", key="session-1", **SOL)
def chinese_behind_the_input(case: Case) -> None:
    case.instructions = chinese("instructions", 5200)
    with_instructions_behind(case, 5200)


@labelled("tools are the floor again and again, of such a model too", "openai/codex#20301", key="session-1", **SOL)
def floor_of_a_new_model(case: Case) -> None:
    case.members["model"] = "gpt-6.2"
    for number in range(5):
        case.counted("upstream" if number else "cold", 16_000 + 2000 * number, 2432 if number else 0)


@labelled("an edit far back at which the read ends all the same", "openai/codex#35300", key="session-1", **SOL)
def far_back_and_read(case: Case) -> None:
    case.work(40)
    place = places(case, "function_call_output")[18]
    read = case.before(place - 2)
    pruned(case, place)
    case.miss("input_changed", say="", reads=read, said=f"input[{place}]", unsaid="further back", resent=ANY)


@labelled(
    "thirty steps with another provider, and the lookup goes not so far",
    "openai/codex#35300",
    paths=("websocket", "saved http"),  # a store finds no answer so far back
    key="session-1",
    **SOL,
)
def more_than_the_lookup(case: Case) -> None:
    case.work(10)
    for number in range(30):
        case.items += [call(f"elsewhere-{number}"), output(f"elsewhere-{number}", "Listing.", 1500)]
    case.turn("upstream", reads=4608, said=["20", "added"], unsaid="server's side")


@labelled(
    "a conversation from before reads far more than one with the same head had sent",
    "openai/codex#24704",
    **CODEX,
    turns=3,
)
def read_from_before(case: Case) -> None:
    headers, members = native("session-2"), {**case.members, "prompt_cache_key": "session-2"}
    other = case.aside(headers=headers, members=members, items=case.items[:2], socket="socket-2")
    for number in range(12):
        other.items += [user(f"Old question {number}."), assistant(f"Old answer {number}.")]
    other.turn("cold", reads=other.before(24), predecessor=None, said="earlier run", unsaid="which turn")


@labelled("the server knows what a turn without a known predecessor missed", "openai/openai-java#975", key="session-1")
def server_knows_more(case: Case) -> None:
    case.items = [user("An old question."), assistant("An old answer."), user("Another one.")]
    word: dict[str, Json] = {"type": "cache_miss", "reason": "tools_changed", "cache_missed_tokens": 9000}
    case.turn(
        "tools_changed",
        None,
        reads=NOTHING,
        predecessor=None,
        diagnostics=word,
        said="backend itself",
        resent=9000,
        blame="avoidable",
    )


@labelled("the server has a reason of which we know nothing", "openai/openai-java#975", key="session-1", turns=6)
def reason_of_the_servers_own(case: Case) -> None:
    word: dict[str, Json] = {"type": "cache_miss", "reason": "region_changed", "cache_missed_tokens": 14_000}
    case.turn("upstream", reads=NOTHING, diagnostics=word, said="the backend itself says region_changed", resent=14_000)


@labelled("the end of a history is reworded, and what precedes it is read", "BerriAI/litellm#40966", key="s", turns=8)
def end_reworded(case: Case) -> None:
    read = case.before(8)
    for place in range(8, len(case.items)):
        item = case.items[place]
        assert isinstance(item, dict)
        role = str(item["role"])
        case.items[place] = written(role, text(f"What the {role} said at {place}, in other words."))
    case.miss("input_changed", reads=read, said="input[8]", unsaid="goes back", resent=ANY, blame=ANY)


@labelled("a child with its parent's history reads the head only", "openai/codex#44862", **CODEX, turns=4, paths=HTTP)
def child_reads_the_head(case: Case) -> None:
    child = case.aside(headers=native("session-1", "child"), socket="socket-2")
    unsaid = "everything comparable is the same"
    child.turn("upstream", reads=case.before(0), predecessor=4, said="thread", unsaid=unsaid)
    child.turn("hit")
    case.turn("hit", predecessor=4)


@labelled("a rewind, and not even the head is read", "mweinbach/open-grok#18", **CODEX, turns=8)
def rewind_unread(case: Case) -> None:
    case.items = [*case.items[:6], user("Take another way.", 2000)]
    case.turn("upstream", ["input_changed"], say="", reads=1152, predecessor=ANY, unsaid="; ,", resent=ANY)


@labelled(
    "a long question asked in other words, and the turn before it read", "earendil-works/pi#6427", key="s", turns=4
)
def long_question_again(case: Case) -> None:
    case.turn("hit", say=user("A long question.", 9000))
    del case.items[-2:]
    read, said = given(case, 4), "goes back"
    case.turn("hit", ["input_changed"], say=user("In other words.", 9000), reads=read, said=said, resent=0)
    case.turn("hit")


@labelled("two agents with one key and one first answer", "rynfar/meridian#965", key="session-1", paths=HTTP)
def one_first_answer(case: Case) -> None:
    answer = written("assistant", "I will begin by reading the files of the project.")
    one, other = (case.aside(items=[user("Mend it.", 6000)]) for _ in range(2))
    one.turn("cold", at=0, say="", took=30, predecessor=None, replies=[answer])
    other.turn("cold", at=1, say="", took=30, predecessor=None, replies=[answer], reads=case.before(0))
    one.turn("hit", at=40, say=user("Of the one.", 9000), predecessor=ANY, reads=given(case, 1), took=30)
    unsaid = "rewritten"
    other.turn(
        "hit", None, at=80, say=user("Of the other.", 9000), predecessor=ANY, reads=given(case, 1), unsaid=unsaid
    )


@labelled("back to before a compaction, and all of that is read", "earendil-works/pi#6427", **CODEX, turns=6)
def before_a_compaction(case: Case) -> None:
    whole = list(case.items)
    case.items = [*case.items[:2], compaction("too early")]
    case.miss("context_compacted", "input_changed", reads=case.before(0))
    case.turn("hit")
    case.items = whole[:8]
    case.turn("hit", ["input_changed"], predecessor=6, reads=given(case, 3), said="goes back", resent=0)


@labelled("another account, and the gateway drops the reasoning of the first", "jlcodes99/cockpit-tools#827", key="s")
def account_and_reasoning(case: Case) -> None:
    case.headers.update(GATEWAY)
    case.work(6)
    case.headers["chatgpt-account-id"] = "account-2"
    case.items = [item for item in case.items if not is_a("reasoning", item)]
    case.miss("account_changed", "input_changed", say="", resent=ANY)


@labelled("not the compaction but the turn behind it reads nothing", "torad-labs/splice#136", **CODEX, turns=6)
def behind_a_compaction(case: Case) -> None:
    case.items = [*case.items[:2], compaction("first")]
    case.miss("context_compacted", "input_changed", reads=case.before(0))
    case.turn("upstream", reads=NOTHING, unsaid="compacted")


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
