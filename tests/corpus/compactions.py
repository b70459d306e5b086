"""Histories that were made shorter on purpose: by the backend's item, by /compact, by the client; and what is none."""

from typing import Any

from codexcache.body.json_splice import Json

from corpus.talk import CODEX, HTTP, NATIVE, NOTHING, OFFICIAL, Case, labelled, native
from corpus.texts import assistant, compaction, developer, text, tool, user, weight, written

ENVIRONMENT = [developer("<permissions>"), user("<environment_context>")]


def summarized(case: Case) -> str:
    """Have the model write a summary at the end of the history; return it."""
    made = text(f"Summary of {case.about}: the parser is written, its tests are not.", 3000)
    case.turn("hit", say="Summarize all that was said.", replies=[written("assistant", made)])
    return made


def head(case: Case) -> int:
    """Return the tokens of tools and instructions, in steps of 128."""
    return case.before(0)


@labelled("the backend's summary, triggered in the input", "openai/codex#27520", **CODEX, turns=5)
def in_band(case: Case) -> None:
    made = compaction("first")
    case.items.append({"type": "compaction_trigger"})
    case.turn("hit", say="", replies=[made])
    case.items = [*ENVIRONMENT, made]
    case.miss("context_compacted", "input_changed", reads=case.before(2), resent=0, blame="")
    case.turn("hit")


@labelled("the backend's summary, and not even the head is read", "openai/codex#27520", **CODEX, turns=5)
def in_band_and_nothing_read(case: Case) -> None:
    made = compaction("first")
    case.items.append({"type": "compaction_trigger"})
    case.turn("hit", say="", replies=[made])
    case.items = [*ENVIRONMENT, made]
    owed = case.before(2)
    case.miss("context_compacted", "input_changed", resent=(owed - 256, owed + 256), blame="expected")
    case.turn("hit")


@labelled("compacted twice", "openai/codex#27520", **CODEX, turns=4)
def compacted_twice(case: Case) -> None:
    for name in ("first", "second"):
        case.items = [*ENVIRONMENT, compaction(name)]
        case.miss("context_compacted", "input_changed", reads=case.before(2))
        case.turn("hit")
        case.turn("hit")


@labelled(
    "/compact at its own endpoint, then the window that it returned", "openai/codex#17815", **CODEX, paths=HTTP, turns=5
)
def compact_endpoint(case: Case) -> None:
    made = compaction("window")
    case.turn("hit", say="", endpoint="compact", replies=[made])
    case.items = [*ENVIRONMENT, user("Question 5."), made]
    case.miss("context_compacted", "input_changed", reads=case.before(2))
    case.turn("hit")


@labelled("the model is switched, then the history compacted", "openai/codex#11659", **CODEX, turns=5)
def switched_and_compacted(case: Case) -> None:
    made = compaction("for the new model")
    case.items.append({"type": "compaction_trigger"})
    case.turn("hit", say="", replies=[made])
    case.members["model"], case.tools = "gpt-5.6-sol", [tool("shell"), tool("web_search")]
    case.instructions, case.items = text("You are another model.", 7000), [*ENVIRONMENT, made]
    changes = ["model_changed", "tools_changed", "instructions_changed", "input_changed"]
    case.turn("context_compacted", ["context_compacted", *changes], reads=NOTHING, blame="expected")
    case.turn("hit")


@labelled("the tools are rendered otherwise behind a compaction", "openai/codex#35925", **CODEX, turns=5)
def compacted_with_other_tools(case: Case) -> None:
    case.items, case.tools = [*ENVIRONMENT, compaction("first")], [*case.tools, tool("web_search")]
    case.turn("context_compacted", ["context_compacted", "tools_changed", "input_changed"], reads=NOTHING)
    case.turn("hit")


@labelled("opencode begins again, with the summary as an answer", "anomalyco/opencode#43249", key="s-1", turns=8)
def summary_as_an_answer(case: Case) -> None:
    made = summarized(case)
    case.items = [user("What did we do so far?", 30), written("assistant", made)]
    case.miss("context_compacted", "input_changed", reads=head(case), unsaid=["others", "only append"])
    case.turn("hit")


@labelled("pi summarizes the older half, and keeps the rest", "irisworks/iris-core#160", key="session-1", turns=10)
def summary_and_tail(case: Case) -> None:
    kept = case.items[14:]
    told = f"The history before this point was compacted into this summary:\n<summary>\n{summarized(case)}\n</summary>"
    case.items = [written("user", told), *kept]
    case.miss("context_compacted", "input_changed", reads=head(case), unsaid="others")
    case.turn("hit")


@labelled("Codex summarizes by itself and keeps the user's messages", "openai/codex#27016", **CODEX, turns=6)
def codex_local_summary(case: Case) -> None:
    asked = [item for item in case.items[2:] if isinstance(item, dict) and item.get("role") == "user"]
    told = written("user", "Another model began this work. Its summary:\n" + summarized(case))
    case.items = [*ENVIRONMENT, *asked, told]
    case.miss("context_compacted", "input_changed", reads=case.before(3))
    case.turn("hit")


@labelled("a request of another shape makes the summary", "can1357/oh-my-pi#10786", key="session-1", turns=8)
def summary_of_another_request(case: Case) -> None:
    items = [user("Summarize: " + text("all that was said", 3000), 9000)]
    other = case.aside(items=items, instructions=text("You summarize.", 5000), tools=[])
    made = text("Summary: the parser is written, its tests are not.", 3000)
    other.turn("cold", say="", reads=NOTHING, predecessor=None, replies=[written("assistant", made)])
    case.items = [written("user", f"What was done so far:\n{made}")]
    case.miss("context_compacted", "input_changed", reads=head(case), predecessor=8, unsaid="others")
    case.turn("hit")


@labelled(
    "the client's own summary, behind which the latest answers stand", "irisworks/iris-core#160", key="s-1", turns=12
)
def summary_by_the_client(case: Case) -> None:
    case.items = [user("The first part is done.", 1200), *case.items[20:]]
    case.turn("context_compacted/input_changed", None, reads=head(case), unsaid="others")
    case.turn("hit")


@labelled("a title that quotes an answer is no compaction", "anomalyco/opencode#43249", key="session-1", turns=4)
def title_that_quotes(case: Case) -> None:
    quoted = "Make a title of this: " + text(f"Answer 4 of {case.about}.")
    other = case.aside(items=[written("user", quoted)], instructions=text("You make titles.", 5000), tools=[])
    other.turn("cold", say="", reads=NOTHING, predecessor=None)
    case.turn("hit", predecessor=4)


@labelled(
    "compacted while another conversation with the key goes on", "diegosouzapw/OmniRoute#1643", key="all", turns=5
)
def compacted_on_a_shared_key(case: Case) -> None:
    other = case.aside(items=[user("Another task.")])
    other.turn("cold", reads=head(case), predecessor=None)
    made = text("Summary of the first task: the parser is written.", 3000)
    case.turn("hit", say="Summarize.", predecessor=5, replies=[written("assistant", made)])
    case.items = [written("user", f"What was done so far:\n{made}")]
    case.miss("context_compacted", "input_changed", reads=head(case), predecessor=7)
    other.turn("hit", predecessor=6)


@labelled("a compaction after a pause of an hour", "anomalyco/opencode#43249", **CODEX, turns=6)
def compacted_after_a_pause(case: Case) -> None:
    case.items = [*ENVIRONMENT, compaction("late")]
    case.miss("context_compacted", "input_changed", gap=3600)


@labelled("a compaction after a restart of the proxy", "openai/codex#27520", **CODEX, turns=5)
def compacted_after_a_restart(case: Case) -> None:
    case.turn("hit", replies=[assistant("The last answer before it.")])
    case.restart()
    case.items = [*ENVIRONMENT, compaction("late"), *case.items[-1:]]
    case.miss("context_compacted", "input_changed", reads=case.before(2))
    case.turn("hit")


@labelled("a compacted history is taken back", "earendil-works/pi#6427", **CODEX, turns=6)
def taken_back(case: Case) -> None:
    whole = list(case.items)
    case.items = [*ENVIRONMENT, compaction("too early")]
    case.miss("context_compacted", "input_changed", reads=case.before(2))
    case.items = whole
    case.turn("hit", predecessor=6)


@labelled("a fork is compacted under its own ids", "openai/codex#44862", headers=NATIVE, key="session-1", turns=5)
def fork_compacted(case: Case) -> None:
    fork = case.aside(headers=native("session-1", "fork"), socket="socket-2")
    fork.turn("hit", predecessor=5)
    fork.items = [compaction("of the fork")]
    fork.miss("context_compacted", "input_changed", reads=head(case), predecessor=6)
    case.turn("hit", predecessor=5)


@labelled("compaction costs the head as well, and only that was re-sent", "torad-labs/splice#136", **OFFICIAL, turns=7)
def head_re_sent(case: Case) -> None:
    case.items = [compaction("first", 9000)]
    owed = weight(case.tools) + weight(case.instructions or "")
    case.miss("context_compacted", "input_changed", resent=(owed - 256, owed + 256), blame="expected")
    case.turn("hit")


LITE: dict[str, Any] = {"headers": NATIVE, "key": "session-1", "tools": [], "instructions": None}


@labelled("compacted in the shape in which tools are an item", "openai/codex#51156", **LITE)
def lite_compacted(case: Case) -> None:
    carried: Json = {"type": "additional_tools", "role": "developer", "tools": [tool("shell"), tool("apply_patch")]}
    case.items = [carried, developer("You are a coding agent."), user("<environment_context>")]
    case.grow(5)
    case.items = [carried, developer("You are a coding agent."), user("<environment_context>"), compaction("lite")]
    case.miss("context_compacted", "input_changed", reads=1792)
    case.turn("hit")


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
