"""Several conversations at once, and which turn continues which."""

from corpus.talk import AGENT, CODEX, HTTP, NATIVE, NOTHING, WEBSOCKET, Case, labelled
from corpus.texts import assistant, text, tool, user

CHILD = {**NATIVE, "thread-id": "thread-2", "x-codex-window-id": "thread-2:0", "x-openai-subagent": "collab_spawn"}


@labelled("a title is asked for with the conversation's key", "anomalyco/opencode#43249", key="session-1", turns=1)
def title(case: Case) -> None:
    other = case.aside(items=case.items[:1], instructions=text("You make titles.", 5000), tools=[])
    other.turn("cold", predecessor=None, reads=NOTHING, say="")
    case.turn("hit", predecessor=1)
    case.turn("hit")


@labelled("a title is asked for, overlapping the first turn", "anomalyco/opencode#43249", paths=HTTP)
def title_meanwhile(case: Case) -> None:
    case.turn("cold", took=30)
    other = case.aside(items=[user("Generate a title."), case.items[0]], instructions=text("Titles.", 5000), tools=[])
    other.turn("cold", predecessor=None, reads=NOTHING, say="", gap=-29, took=2)
    case.turn("hit", predecessor=1, gap=40)


@labelled("a child that shares session and key", "openai/codex#33035", **CODEX, turns=2)
def child(case: Case) -> None:
    other = case.aside(items=case.items[:2], headers=CHILD, socket="socket-2")
    other.turn("cold", predecessor=None, reads=NOTHING)
    case.turn("hit", predecessor=2)
    other.turn("hit", predecessor=3)
    case.turn("hit", predecessor=4)


@labelled("a child that starts while its parent has said one thing", "openai/codex#33035", **CODEX, turns=1)
def early_child(case: Case) -> None:
    other = case.aside(items=case.items[:2], headers=CHILD, socket="socket-2")
    other.turn("cold", predecessor=None, reads=2560)
    other.turn("hit", predecessor=2)


@labelled("a child that inherits its parent's history", "openai/codex#44862", **CODEX, turns=2)
def forked_child(case: Case) -> None:
    other = case.aside(headers=CHILD, socket="socket-2")
    other.turn("hit", predecessor=2)
    case.turn("hit", predecessor=2)
    other.turn("hit", predecessor=3)


@labelled("children at once, each with a socket", "bman654/clodex#211", paths=WEBSOCKET, **CODEX, turns=1)
def children(case: Case) -> None:
    shared = case.items[:2]
    asides = [
        case.aside(items=shared, headers={**CHILD, "thread-id": f"thread-{n}"}, socket=f"socket-{n}") for n in (2, 3, 4)
    ]
    for other in asides:
        other.turn("cold", predecessor=None, reads=NOTHING, gap=-4)
    for place, other in enumerate(asides):
        other.turn("hit", predecessor=2 + place)
    case.turn("hit", predecessor=1)


@labelled("a review with instructions of its own", "openai/codex#44716", **CODEX, turns=2)
def review(case: Case) -> None:
    headers = {**NATIVE, "thread-id": "thread-9", "x-openai-subagent": "review"}
    other = case.aside(items=[], headers=headers, socket="socket-9", instructions=text("You review.", 6000))
    other.turn("cold", predecessor=None, reads=NOTHING)
    other.turn("hit", predecessor=3)
    case.turn("hit", predecessor=2)


@labelled("a summary is asked for by a request of another shape", "can1357/oh-my-pi#10786", key="session-1", turns=4)
def summary_request(case: Case) -> None:
    other = case.aside(items=[user("Summarize: " + "all that was said.")], instructions=text("Summarize."), tools=[])
    other.turn("cold", predecessor=None, reads=NOTHING, say="")
    case.turn("hit", predecessor=4)


@labelled("a history compacted while a child with the same key works", "anomalyco/opencode#43249", **CODEX, turns=4)
def compacted_beside_a_child(case: Case) -> None:
    agent = {"headers": CHILD, "socket": "socket-2", "tools": [tool("search")], "instructions": text("Child.")}
    other = case.aside(items=[user("A task.")], **agent)
    other.turn("cold", predecessor=None, reads=NOTHING)
    case.items = [case.items[1], {"type": "compaction", "encrypted_content": text("gAAAA", 3000)}]
    case.miss("context_compacted", "input_changed", predecessor=4)
    other.turn("hit", predecessor=5)


@labelled("many conversations on one coarse key, interleaved", "diegosouzapw/OmniRoute#1643", key="everyone")
def coarse_key(case: Case) -> None:
    cases = [case.aside(items=CODEX["items"][:1]) for _ in range(30)]
    for place, one in enumerate(cases):
        one.turn("cold", predecessor=None, reads=NOTHING, gap=5, say=f"Task {place}.")
    for place, one in enumerate(cases):
        one.turn("hit", predecessor=place + 1)
    for place, one in enumerate(cases[:3]):
        one.turn("hit", predecessor=31 + place)


@labelled("conversations of one caller with one opening", "HaseebKhalid1507/SynapsCLI#63", paths=HTTP)
def same_opening(case: Case) -> None:
    one = case.aside(headers={**AGENT, "session-id": "a"})
    other = case.aside(headers={**AGENT, "session-id": "b"})
    one.turn("cold", say="Hi.")
    other.turn("cold", say="Hi.", predecessor=None, reads=NOTHING)
    one.turn("hit", predecessor=1)
    other.turn("hit", predecessor=2)
    one.turn("hit", predecessor=3)
    other.turn("hit", predecessor=4)


@labelled("conversations with one opening and one answer", "HaseebKhalid1507/SynapsCLI#63", paths=HTTP)
def same_opening_and_answer(case: Case) -> None:
    one = case.aside(headers={**AGENT, "session-id": "a"})
    other = case.aside(headers={**AGENT, "session-id": "b"})
    hello = [assistant("Hello!")]
    one.turn("cold", say="Hi.", replies=hello)
    other.turn("cold", say="Hi.", replies=hello, predecessor=None, reads=NOTHING)
    one.turn("hit", predecessor=1)
    other.turn("hit", predecessor=2)


@labelled("another caller with the same opening", "grikomsn/openai-oauth-copilot-chat#7", paths=HTTP)
def same_opening_of_others(case: Case) -> None:
    one = case.aside(headers={"authorization": "Bearer a", "session-id": "a"})
    other = case.aside(headers={"authorization": "Bearer b", "session-id": "b"})
    one.turn("cold", say="Hi.")
    other.turn("cold", say="Hi.", predecessor=None, reads=NOTHING)
    one.turn("hit", predecessor=1)
    other.turn("hit", predecessor=2)
    third = case.aside(headers={"authorization": "Bearer c", "session-id": "c"}, items=[user("Hi."), assistant("Yes?")])
    third.turn("cold", predecessor=None, reads=NOTHING)


@labelled(
    "other callers without a key or a session", "grikomsn/openai-oauth-copilot-chat#7", mode="observe", paths=HTTP
)
def keyless_callers(case: Case) -> None:
    opening = list(CODEX["items"])
    one = case.aside(headers={"authorization": "Bearer a"}, items=opening)
    other = case.aside(headers={"authorization": "Bearer b"}, items=opening)
    one.turn("cold")
    other.turn("cold", predecessor=None, reads=NOTHING)
    one.turn("hit", ["session_missing"], predecessor=1)
    other.turn("hit", ["session_missing"], predecessor=2)


@labelled("a new conversation in the same folder", "openai/codex#24704", **CODEX, turns=1)
def new_conversation(case: Case) -> None:
    fresh = {name: value.replace("session-1", "session-2") for name, value in NATIVE.items()}
    other = case.aside(items=case.items[:2], headers=fresh, socket="socket-2")
    other.members["prompt_cache_key"] = "session-2"
    other.turn("cold", predecessor=None, reads=2560)
    other.turn("hit", predecessor=2)


@labelled("a predecessor that had not ended is none", "bman654/clodex#215", paths=HTTP)
def overlapping(case: Case) -> None:
    case.turn("cold", took=60, replies=[])
    case.turn("cold", predecessor=None, gap=-50, took=5, reads=NOTHING, replies=[])
    case.turn("upstream", predecessor=2, gap=1, took=5, reads=NOTHING, replies=[])
    case.turn("hit", predecessor=3, gap=60)


@labelled("a retry while the first attempt is under way", "openai/codex#34763", paths=HTTP, turns=1)
def hasty_retry(case: Case) -> None:
    case.turn("no_usage", took=60, lost=True, replies=[])
    case.turn("hit", predecessor=1, say="", gap=-30, took=5)
    case.turn("hit", gap=40)


@labelled("a resumed conversation in a new process", "openai/codex#24704", **CODEX, turns=4)
def resumed(case: Case) -> None:
    case.headers |= {"x-codex-window-id": "session-1:1"}
    case.turn("hit", gap=900)


@labelled("a history that the addon knows nothing of", "openai/codex#24704", paths=WEBSOCKET)
def unknown_response(case: Case) -> None:
    case.members["previous_response_id"] = "resp_before_the_start"
    case.turn("cold", input_tokens=40_000, predecessor=None, full=True)
    case.items = [user("Something else that is known from here on.")]
    del case.members["previous_response_id"]
    case.turn("cold", predecessor=None, full=True)
    case.turn("hit")


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
