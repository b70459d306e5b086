"""Conversations that begin alike and are not one, and what makes a second one of the same opening."""

from codexcache.body.json_splice import Json

from corpus.talk import (
    AGENT,
    CODEX,
    HTTP,
    KEYED,
    NOTHING,
    Case,
    labelled,
    native,
)
from corpus.texts import assistant, cached, developer, message, text, tool, user

SHARED = [developer("<permissions>"), user("<environment_context>"), user("# AGENTS.md of the project")]
"""Messages with which a client begins every conversation in a folder."""

UPDATE: Json = {"type": "configuration_update", "reasoning": {"effort": "high"}}


def opened(case: Case, session: str, **changed: object) -> Case:
    """Return a conversation with the same prompt and ids of its own."""
    other = case.aside(headers=native(session), socket=f"socket of {session}", **changed)
    other.members["prompt_cache_key"] = session
    return other


@labelled("three runs in CI with one prompt", "openai/codex#29377")
def three_runs(case: Case) -> None:
    case.items = list(SHARED)
    runs = [opened(case, f"run-{number}") for number in range(3)]
    for place, run in enumerate(runs):
        floor = run.before(1) if place else NOTHING
        run.turn("cold", reads=floor, predecessor=None, say="Review this.", unsaid=["key", "which others had sent"])
        run.turn("hit")
        run.turn("hit")


@labelled("three runs with one prompt and one answer, by turns", "openai/codex#29377")
def three_runs_by_turns(case: Case) -> None:
    case.items, done = list(SHARED), [assistant("Done.", 5)]
    runs = [opened(case, f"run-{number}") for number in range(3)]
    for run in runs:
        run.turn("cold", reads=NOTHING, predecessor=None, say="Review this.", replies=done)
    for place, run in enumerate(runs):
        run.turn("hit", predecessor=place + 1, say="Again.", replies=done)
    for place, run in enumerate(runs):
        run.turn("hit", predecessor=place + 4, say="Once more.")


@labelled("four samples of one prompt at the same moment", "openai/codex#29377")
def samples_at_once(case: Case) -> None:
    samples = [case.aside(headers=AGENT | {"session-id": f"sample-{number}"}) for number in range(4)]
    for place, sample in enumerate(samples):
        sample.turn("cold", say="Write a poem.", gap=-29 if place else 0, took=30, reads=NOTHING, predecessor=None)
    for place, sample in enumerate(samples):
        sample.turn("hit", predecessor=place + 1)


@labelled("one question to three models, the same key for all", "BerriAI/litellm#42014")
def one_key_three_models(case: Case) -> None:
    for name in ("gpt-5.5", "gpt-5.6-sol", "gpt-6.2-sol"):
        one = case.aside(headers=AGENT | {"session-id": f"session of {name}"})
        one.members["model"] = name
        one.turn("cold", say="Which is right?", predecessor=None, reads=NOTHING)
        one.turn("hit")


@labelled("a second conversation on one key reads nearly all of the first one's prompt", "razzant/ouroboros#1015")
def shared_key_warm_start(case: Case) -> None:
    case.members["prompt_cache_key"], case.items = "install-1", list(SHARED)
    first, second = case.aside(), case.aside()
    first.turn("cold", say="Fix the bug.", predecessor=None)
    first.turn("hit")
    second.turn("cold", say="Write the notes.", reads=case.before(3), predecessor=None, said="no earlier")
    second.turn("hit", predecessor=3)
    first.turn("hit", predecessor=2)


@labelled("a helper extends its parent's first input, after the parent was answered", "router-for-me/CLIProxyAPI#5325")
def helper_extends_first_input(case: Case) -> None:
    case.members["prompt_cache_key"], case.items = "session-1", list(SHARED)
    case.turn("cold", say="Split the work.")
    helper = case.aside(items=case.items[:-1])
    case.turn("hit")
    said, first = "opening of turn 1", case.before(4)
    helper.turn("cold", say="Only the parser.", reads=first, predecessor=None, said=said, unsaid="others had sent")
    helper.turn("hit", predecessor=3)
    case.turn("hit", predecessor=2)


@labelled("an answer is thrown away and the question asked with more words", "earendil-works/pi#6427", key="session-1")
def answer_thrown_away(case: Case) -> None:
    case.items = list(SHARED)
    case.turn("cold", say="Split the work.")
    del case.items[-1]
    case.turn("hit", say="Be brief, please.", predecessor=1)
    case.turn("hit")


@labelled(
    "the same first question on another day, no id of any kind",
    "HaseebKhalid1507/SynapsCLI#63",
    headers=KEYED,
    paths=HTTP,
)
def same_question_without_ids(case: Case) -> None:
    other = case.aside()
    case.turn("cold", say="What is in this folder?")
    case.turn("hit")
    other.turn(
        "cold", say="What is in this folder?", reads=NOTHING, gap=40_000, predecessor=None, said="opening of turn 1"
    )
    other.turn("hit", predecessor=3)


@labelled("two conversations share an item of a type that nobody knows", "earendil-works/pi#12273")
def unknown_item_type(case: Case) -> None:
    case.items = list(SHARED)
    for place, session in enumerate(("one", "two")):
        run = opened(case, session)
        run.items += [user(f"Task {session}."), UPDATE]
        run.turn("cold", say="", reads=case.before(3) if place else NOTHING, predecessor=None)
        run.items.append(UPDATE)
        run.turn("hit")


@labelled("agents on one key share an item of a type that nobody knows", "earendil-works/pi#12273", key="session-1")
def unknown_item_type_one_key(case: Case) -> None:
    case.items = list(SHARED)
    first, second = case.aside(), case.aside()
    first.items += [user("Task one."), UPDATE]
    second.items += [user("Task two."), UPDATE]
    first.turn("cold", say="", predecessor=None)
    second.turn("cold", say="", reads=case.before(3), predecessor=None, said="no earlier", unsaid="input[3]")
    first.turn("hit", predecessor=1)
    second.turn("hit", predecessor=2)


@labelled(
    "many messages of the client's at the head, and one task each", "router-for-me/CLIProxyAPI#5325", key="session-1"
)
def many_shared_messages(case: Case) -> None:
    names = ("<permissions>", "<skills>", "<memories>", "<environment_context>", "# AGENTS.md", "# Style guide")
    case.items = [message("developer" if number < 3 else "user", name) for number, name in enumerate(names)]
    agents = [case.aside() for _ in range(3)]
    for place, agent in enumerate(agents):
        floor = case.before(6) if place else NOTHING
        agent.turn("cold", say=f"Task {place}.", reads=floor, predecessor=None, unsaid="input[")
    for place, agent in enumerate(agents):
        agent.turn("hit", predecessor=place + 1)


@labelled("a guardian that quotes the answer it has to judge", "openai/codex#44716", **CODEX, turns=2)
def guardian(case: Case) -> None:
    headers = {**native("session-1", "guardian"), "x-openai-subagent": "guardian"}
    quoted = text(f"Answer 2 of {case.about}.")
    items = [developer("<policy>"), user(f"Judge this: {quoted}", 6000)]
    other = case.aside(headers=headers, items=items, instructions=text("You judge.", 6000), tools=[], socket="socket-2")
    other.members["prompt_cache_key"] = "guardian:session-1"
    other.turn("cold", say="", predecessor=None, reads=NOTHING)
    case.turn("hit", predecessor=2)


@labelled("memories are made from a transcript, with the session's key", "openai/codex#48812", **CODEX, turns=3)
def memories(case: Case) -> None:
    headers = {**native("session-1", "memories"), "x-openai-memgen-request": "true"}
    said = user("Transcript: " + text(f"Answer 1 of {case.about}."), 9000)
    other = case.aside(
        headers=headers, items=[said], instructions=text("You remember.", 5000), tools=[], socket="socket-2"
    )
    other.members["model"] = "gpt-6.1-terra"
    other.turn("cold", say="", predecessor=None, reads=NOTHING)
    case.turn("hit", predecessor=3)


@labelled(
    "a child of the official client, which quotes its parent in its orders", "openai/codex#33035", **CODEX, turns=3
)
def child_quotes_its_parent(case: Case) -> None:
    headers = {**native("session-1", "child"), "x-openai-subagent": "collab_spawn"}
    child = case.aside(headers=headers, items=case.items[:2], socket="socket-2")
    orders = user("Go on from here: " + text(f"Answer 3 of {case.about}."), 5000)
    child.turn("cold", say=orders, predecessor=None, reads=case.before(2), unsaid="compact")
    child.turn("hit")
    case.turn("hit", predecessor=3)


@labelled("the same opening, other tools", "can1357/oh-my-pi#10786", paths=HTTP)
def same_opening_other_tools(case: Case) -> None:
    one, other = (case.aside(headers=AGENT | {"session-id": name}) for name in "ab")
    other.tools = [tool("search"), tool("fetch")]
    one.turn("cold", say="Find it.", predecessor=None)
    other.turn("cold", say="Find it.", predecessor=None, reads=NOTHING, unsaid="tool")
    one.turn("hit", predecessor=1)
    other.turn("hit", predecessor=2)


@labelled("two users of one gateway with one opening", "grikomsn/openai-oauth-copilot-chat#7", paths=HTTP)
def two_users(case: Case) -> None:
    one, other = (case.aside(headers={"authorization": f"Bearer {name}", "chatgpt-account-id": name}) for name in "ab")
    one.turn("cold", say="Hello.", predecessor=None)
    one.turn("hit")
    other.turn("cold", say="Hello.", predecessor=None, reads=NOTHING, unsaid="account")
    other.turn("hit")


@labelled(
    "what was read by a first turn, after a restart without a store",
    "openai/codex#24704",
    **CODEX,
    turns=3,
    paths=("http", "websocket"),
)
def restarted_without_a_store(case: Case) -> None:
    read = cached(case.before(len(case.items)) - 1200)
    case.restart(remembers=False)
    case.turn("cold", reads=read, predecessor=None, said="earlier run", unsaid="which others had sent")
    case.turn("hit")


@labelled("another user continues a conversation under the same key", "Soju06/codex-lb#2234", key="team", paths=HTTP)
def another_user_goes_on(case: Case) -> None:
    case.grow(3)
    case.headers |= {"authorization": "Bearer of another", "chatgpt-account-id": "account-2"}
    case.miss("account_changed", blame="outside")
    case.turn("hit")


@labelled("another user begins alike, with a key of his own", "Soju06/codex-lb#2234", key="one", paths=HTTP, turns=3)
def another_user_begins(case: Case) -> None:
    headers = {"authorization": "Bearer of another", "chatgpt-account-id": "account-2", "session-id": "two"}
    other = case.aside(headers=headers, items=case.items[:1])
    other.members["prompt_cache_key"] = "two"
    other.turn("cold", say="", predecessor=None, reads=NOTHING, unsaid="account")
    other.turn("hit")


@labelled("a run that failed at once and was begun again under other ids", "openai/codex#34763")
def failed_and_begun_again(case: Case) -> None:
    case.items = list(SHARED)
    first, second = opened(case, "run-1"), opened(case, "run-2")
    first.turn("no_usage", say="Do it.", lost=True, replies=[], predecessor=None)
    second.turn("cold", say="Do it.", reads=NOTHING, predecessor=None)
    second.turn("hit")


@labelled("eight children with one task each, all in flight", "bman654/clodex#209", **CODEX, turns=1)
def eight_children(case: Case) -> None:
    children = [case.aside(items=case.items[:2], socket=f"socket of child {number}") for number in range(8)]
    for place, child in enumerate(children):
        child.headers |= {"thread-id": f"child-{place}", "x-openai-subagent": "collab_spawn"}
        gap = -28 if place else 20
        child.turn("cold", say="Search for the leak.", predecessor=None, reads=case.before(2), gap=gap, took=30)
    for place, child in enumerate(children):
        child.turn("hit", predecessor=2 + place, gap=3)


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
