"""What shows that a conversation goes on: a named response, a thread, an answer, a tail; and what is no turn of it."""

from codexcache.body.json_splice import Json

from corpus.labels import ANY, about
from corpus.talk import (
    CODEX,
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
from corpus.texts import assistant, call, developer, output, reasoning, text, user

USAGE_OF_NOTHING: Json = {"input_tokens": 0, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 0}


@labelled("a response is named over HTTP, and only what is new is sent", "icebear0828/codex-proxy#30", paths=HTTP)
def named_over_http(case: Case) -> None:
    case.members["prompt_cache_key"] = "session-1"
    case.turn("cold", input_tokens=9000)
    for number in range(1, 4):
        case.items, case.members["previous_response_id"] = [], f"resp_{number}"
        given = 9000 + 2000 * number
        case.turn("hit", input_tokens=given, reads=(given - 2000) // 128 * 128, replies=[assistant("Yes.", 3000)])


@labelled("a named response, and then nothing is read", "icebear0828/codex-proxy#30", paths=HTTP)
def named_and_missed(case: Case) -> None:
    case.members["prompt_cache_key"] = "session-1"
    case.turn("cold", input_tokens=9000)
    case.items, case.members["previous_response_id"] = [], "resp_1"
    case.turn("upstream", input_tokens=11_000, reads=NOTHING, predecessor=1)


@labelled(
    "another session, the same thread, nothing else as it was", "openai/codex#44716", headers=NATIVE, key="scope-1"
)
def same_thread(case: Case) -> None:
    case.items = [developer("<permissions>"), user("<environment_context>")]
    case.grow(4)
    case.headers["session-id"] = "session-2"
    case.miss("session_changed", reads=case.before(0))
    case.turn("hit")


@labelled("a gateway writes arguments with other white space", "BerriAI/litellm#40966", key="session-1")
def respelled_arguments(case: Case) -> None:
    case.turn("cold", replies=[call("one", '{"path":"a.py","lines":[1,40]}')])
    case.items.append(output("one", "The lines of a file."))
    case.turn("hit", say="", replies=[call("two", '{"path":"b.py"}')])
    case.items.append(output("two", "Other lines."))
    for _ in range(3):
        case.turn("hit")
    case.items[1] = call("one", '{"path": "a.py", "lines": [1, 40]}')
    read = case.before(1)
    case.miss("input_changed", reads=read, said="input[1]", edit="re-spelled", volatile=("white space",))


@labelled("a key made from the messages that are left", "HKUDS/nanobot#5540", headers=KEYED, paths=HTTP)
def key_of_what_is_left(case: Case) -> None:
    case.members["prompt_cache_key"] = "messages-1"
    case.grow(6)
    case.members["prompt_cache_key"] = "messages-5"
    del case.items[:4]
    changes = ("prompt_cache_key_changed", "session_changed", "input_changed")
    case.miss(*changes, reads=case.before(0), predecessor=6, said="key")
    case.turn("hit")


@labelled(
    "a new key in the afternoon, the whole history stands", "vectorize-io/hindsight#2390", headers=KEYED, paths=HTTP
)
def key_of_the_day(case: Case) -> None:
    case.members["prompt_cache_key"] = "2026-11-20-am"
    case.grow(4)
    case.members["prompt_cache_key"] = "2026-11-20-pm"
    case.miss("prompt_cache_key_changed", "session_changed", predecessor=4)
    case.turn("hit")


@labelled("a window that slides with each turn", "openclaw/openclaw#115273", key="session-1", turns=6)
def sliding_window(case: Case) -> None:
    for _ in range(4):
        del case.items[:2]
        case.miss("input_changed", reads=case.before(0), said="input[0]", edit="dropped")


@labelled("a window that slides by sixteen messages", "HKUDS/nanobot#4568", key="session-1", turns=12)
def sliding_in_blocks(case: Case) -> None:
    del case.items[:16]
    case.miss("input_changed", reads=case.before(0), said=["input[0]", "16"], edit="dropped")
    for _ in range(3):
        case.turn("hit")


@labelled("a window that slides behind what the client says first", "zeroclaw-labs/zeroclaw#10674", key="session-1")
def sliding_behind_the_head(case: Case) -> None:
    case.items = [developer("<permissions>"), user("<environment_context>")]
    case.grow(9)
    for _ in range(2):
        del case.items[2:6]
        case.miss("input_changed", reads=case.before(2), said="input[2]", edit="dropped")


@labelled("a turn that was counted as nothing", "openai/codex#3930", key="session-1")
def counted_as_nothing(case: Case) -> None:
    case.items = [user("A long file.", 150_000)]
    case.turn("cold", say="")
    case.turn("no_usage/below_minimum", usage=USAGE_OF_NOTHING)
    case.turn("upstream", reads=NOTHING, predecessor=1, unsaid="too few")
    case.turn("hit")


@labelled("a turn counted as nothing, and the next one reads all", "openai/codex#3930", key="session-1", turns=3)
def counted_as_nothing_then_hit(case: Case) -> None:
    case.turn("no_usage/below_minimum", usage=USAGE_OF_NOTHING)
    case.turn("hit", predecessor=3)


@labelled("a gateway adds up the counters of several attempts", "openai/codex#4345", key="session-1", turns=3)
def added_up_counters(case: Case) -> None:
    case.turn("hit", input_tokens=96_000, reads=64_000)
    case.turn("hit", predecessor=3)
    case.turn("hit")


@labelled("a counter that was added up is no measure of a miss", "openai/codex#4345", key="session-1", turns=4)
def added_up_counters_then_miss(case: Case) -> None:
    case.turn("hit", input_tokens=96_000, reads=64_000)
    case.turn("upstream", predecessor=4, reads=case.before(0))


@labelled("an empty warm-up, then a first turn of 18,000 tokens", "openai/codex#48812", **CODEX, paths=WEBSOCKET)
def empty_warm_up(case: Case) -> None:
    items, case.items, told, tools = case.items, [], case.instructions, case.tools
    case.instructions, case.tools = None, []
    case.warm_up(input_tokens=2, predecessor=None)
    case.items, case.instructions, case.tools = items, told, tools
    case.turn("cold", gap=0, input_tokens=18_000, reads=NOTHING, predecessor=None, said="first | no earlier")
    case.turn("hit", input_tokens=19_500, reads=17_920)


@labelled(
    "a tiny warm-up that is named, and the head read from another conversation",
    "openai/codex#51156",
    **CODEX,
    paths=WEBSOCKET,
)
def tiny_warm_up(case: Case) -> None:
    items, case.items, told, tools = case.items, case.items[:1], case.instructions, case.tools
    case.instructions, case.tools = None, []
    case.warm_up(input_tokens=620, predecessor=None)
    case.items, case.instructions, case.tools = items, told, tools
    case.turn("cold", gap=0, input_tokens=18_000, reads=4608, predecessor=None, unsaid="below")
    case.turn("hit", input_tokens=19_500, reads=17_920)


@labelled("a warm-up with tools and instructions, named and read", "openai/codex#48812", **CODEX, paths=WEBSOCKET)
def full_warm_up(case: Case) -> None:
    case.warm_up(predecessor=None)
    case.turn("hit", gap=0, predecessor=1)
    case.turn("hit")


@labelled(
    "a warm-up with the whole history of a conversation that is resumed",
    "openai/codex#48812",
    **CODEX,
    turns=4,
    paths=WEBSOCKET,
)
def resumed_warm_up(case: Case) -> None:
    case.socket = "socket-2"
    case.warm_up(reads=case.before(len(case.items)) - 1024, gap=100)
    read = case.before(len(case.items))
    case.turn("hit", None, gap=0, reads=read, predecessor=ANY, unsaid=["others had sent", "no earlier"])
    case.turn("hit")


@labelled(
    "a warm-up of a conversation that is resumed, and the turn sends all of it",
    "openai/codex#48812",
    **CODEX,
    turns=4,
    paths=WEBSOCKET,
)
def resumed_warm_up_not_named(case: Case) -> None:
    case.socket = "socket-2"
    case.warm_up(reads=case.before(len(case.items)) - 1024, gap=100)
    case.turn("hit", gap=0, full=True, predecessor=4)
    case.turn("hit")


@labelled("a restart of the proxy in the middle", "openai/codex#24704", **CODEX, turns=3)
def restarted(case: Case) -> None:
    case.restart()
    case.turn("hit", unsaid="others")
    case.turn("hit")


@labelled("a restart of the proxy, then other instructions", "earendil-works/pi#2013", key="session-1", turns=3)
def restarted_and_told_otherwise(case: Case) -> None:
    case.restart()
    case.instructions = text("You are a coding agent.", 4000) + text("You work at night.", 4000)
    case.miss("instructions_changed", reads=1664 + 384)
    case.turn("hit")


@labelled("a restart of the proxy, then an item is edited", "NousResearch/hermes-agent#47126", **CODEX, turns=6)
def restarted_and_edited(case: Case) -> None:
    case.restart()
    case.items[6] = user("<memory>A fact.</memory> Question 3.")
    case.miss("input_changed", reads=case.before(6), said="input[6]", edit="rewritten")


@labelled("a restart of the proxy and a night", "openai/codex#35300", key="session-1", turns=3)
def restarted_after_a_night(case: Case) -> None:
    case.restart()
    case.turn("idle", gap=36_000, reads=NOTHING, said="10 hours | 600 minutes")


@labelled("a restart, and a first turn that another conversation begins with", "openai/codex#24704", **CODEX, turns=2)
def restarted_and_opened(case: Case) -> None:
    opening = case.items[:3]
    case.restart()
    other = case.aside(headers=native("session-2"), items=opening[:2], socket="socket-2")
    other.members["prompt_cache_key"] = "session-2"
    other.turn("cold", predecessor=None, reads=case.before(1))
    other.turn("hit")
    case.turn("hit", predecessor=2)


@labelled("calls whose outputs come with messages of the user between", "openai/codex#36098", **OFFICIAL)
def calls_and_messages(case: Case) -> None:
    case.turn("cold", replies=[reasoning("1"), call("1"), call("2")])
    case.items += [output("1", "One."), output("2", "Two.")]
    case.turn("hit", say="Be quick.", replies=[reasoning("2"), call("3")])
    case.items.append(output("3", "Three."))
    case.turn("hit", say="")


@labelled(
    "the first message is rewritten by the client, all answers stand", "anomalyco/opencode#32622", key="session-1"
)
def first_message_rewritten(case: Case) -> None:
    case.items = [user("<environment> Monday."), user("Build it.")]
    case.grow(5)
    case.items[0] = user("<environment> Tuesday.")
    whole = case.before(len(case.items)) - case.before(1)
    read = case.before(0)
    case.miss(
        "input_changed", reads=read, said="input[0]", unsaid="others", edit="rewritten", resent=about(whole - 1000)
    )


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
