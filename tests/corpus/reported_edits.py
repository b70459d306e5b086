"""Conversations whose prompt changed and that an earlier engine named wrongly, with the backend's counters for them."""

from codexcache.body.json_splice import Json, Object

from corpus.labels import about
from corpus.talk import GATEWAY, KEYED, SOL, Case, labelled, native
from corpus.texts import assistant, call, chinese, developer, is_a, output, reasoning, tool, user, written


def worked(case: Case, calls: int, first: int, a_call: int, every: float = 19) -> None:
    """Let the model call tools, each turn some tokens longer; it reads all but a little of the one before."""
    for number in range(calls):
        at = {"at": every * number} if number else {"gap": 0}
        read = (first + (number - 1) * a_call) // 128 * 128 if number else 0
        case.work(1, input_tokens=first + number * a_call, reads=read, took=4, **at)


@labelled(
    "a gateway drops all reasoning, once", "damianvtran/local-operator#326", key="session-1", headers=GATEWAY, **SOL
)
def reasoning_dropped_once(case: Case) -> None:
    case.items = [user("Find the slow query.", 1300)]
    worked(case, 7, 5003, 1311)
    case.items = [item for item in case.items if not is_a("reasoning", item)]
    case.counted(
        "input_changed",
        13773,
        4864,
        "input_changed",
        say="",
        at=152,
        edit="dropped",
        said=["input[1]", "reasoning"],
        resent=(6200, 8300),
    )


def worked_with_reasoning(case: Case) -> None:
    """Let ten calls pass, each thought about for some 253 tokens, and a last answer."""
    for number in range(11):
        name, is_last = f"{number}-{case.about}", number == 10
        replies = (
            [reasoning(name, 3100), assistant("It is built.", 1000)] if is_last else [reasoning(name, 1400), call(name)]
        )
        case.counted(
            "hit" if number else "cold",
            5590 + 1318 * number,
            (5590 + 1318 * (number - 1)) // 128 * 128 if number else 0,
            say="",
            at=19 * number,
            took=4,
            replies=replies,
            reasoned=560 if is_last else 253,
        )
        case.items += [] if is_last else [output(name, f"Output of {name}.", 3300)]


@labelled(
    "the backend leaves out finished reasoning", "tmustier/pine-of-glass#63", key="session-1", headers=native(), **SOL
)
def backend_drops_reasoning(case: Case) -> None:
    case.members["model"] = "gpt-5.5"
    case.items = [developer("<permissions>", 1700), user("<environment_context>", 800), user("Build it.", 1300)]
    worked_with_reasoning(case)
    case.turn(
        "upstream",
        say=user("And now the tests.", 1300),
        at=209,
        input_tokens=16777,
        reads=5504,
        said="reasoning",
        unsaid="everything comparable is the same",
        resent=about(10736),
    )


@labelled(
    "outputs pruned further back than a lookup goes", "openai/codex#35300", key="session-1", headers=native(), **SOL
)
def pruned_far_back(case: Case) -> None:
    case.items = [developer("<permissions>", 1700), user("<environment_context>", 800), user("Port it.", 1300)]
    worked(case, 50, 5590, 1314)
    for place in range(65, 81, 3):
        case.items[place] = output(f"{(place - 5) // 3 + 1}-{case.about}", "Pruned.", 800)
    case.counted(
        "input_changed",
        65696,
        4992,
        "input_changed",
        say=user("Continue.", 1300),
        at=950,
        edit="shortened",
        said=["input[65]", "6"],
        resent=about(57700),
    )


def _searching(number: int, names: tuple[str, ...]) -> Json:
    properties: Object = {name: {"type": "string", "description": f"The {name}."} for name in names}
    made = tool(f"search_{number}", f"Searches in place {number}.", 850)
    assert isinstance(made, dict)
    return {**made, "parameters": {"type": "object", "properties": properties}}


@labelled(
    "another process writes the schemas in another order",
    "openai/codex#37351",
    key="session-1",
    headers=native(),
    **SOL,
)
def schema_order(case: Case) -> None:
    names = ("path", "pattern", "limit", "offset")
    case.tools = [_searching(number, names) for number in range(10)]
    case.items = [user("<environment_context>", 800), user("Look for it.", 1300)]
    for number in range(3):
        read = 5120 + 512 * (number - 1) if number else 0
        case.counted(
            "hit" if number else "cold",
            5184 + 537 * number,
            read,
            say="" if number == 0 else None,
            at=19 * number,
        )
    case.tools = [_searching(number, tuple(reversed(names))) for number in range(10)]
    case.socket = "socket-2"
    case.counted("tools_changed", 6795, 0, "tools_changed", at=82, said="order", volatile=("order",))


@labelled(
    "the tier differs, but the read ends at an edited item",
    "openai/codex#15099",
    key="session-1",
    headers=GATEWAY,
    **SOL,
)
def tier_differs_but_read_to_an_item(case: Case) -> None:
    case.items = [user("Find the leak.", 1300)]
    worked(case, 9, 5003, 1318)
    case.members["service_tier"] = "default"
    case.counted("hit", 17171, 15488, "service_tier_changed", say=user("Is it this one?", 1300), at=171)
    del case.members["service_tier"]
    case.items[18] = output(f"6-{case.about}", "Cut.", 60)
    changes = ("service_tier_changed", "input_changed")
    said = "input[18]"
    case.counted("input_changed", 16711, 11776, *changes, at=190, said=said, edit="shortened", resent=about(4300))


def growing_without_session(case: Case) -> None:
    """Let four turns read all that they can without a session header."""
    case.members["prompt_cache_key"], case.items = "key-1", [user("Rename it.", 1300)]
    case.counted("cold", 5003, 0, say="", at=0)
    for number in range(1, 4):
        read = (5003 + 537 * (number - 1)) // 128 * 128
        case.counted("hit", 5003 + 537 * number, read, "session_missing", at=19 * number)


@labelled(
    "no session at all, then other instructions", "openclaw/openclaw#100232", headers=KEYED, mode="observe", **SOL
)
def no_session_then_instructions(case: Case) -> None:
    growing_without_session(case)
    case.instructions = "CHANGED " + (case.instructions or "")
    changes = ("session_missing", "instructions_changed")
    case.counted("instructions_changed", 7153, 0, *changes, at=76, unsaid="session")


@labelled("no session at all, then three hours", "openclaw/openclaw#100232", headers=KEYED, mode="observe", **SOL)
def no_session_then_pause(case: Case) -> None:
    growing_without_session(case)
    case.counted("idle", 7151, 0, "session_missing", at=10861, said="180 minutes | 3 hours | 3 h")


@labelled("a Chinese history, its first message shortened", "NousResearch/hermes-agent#47126", key="session-1", **SOL)
def chinese_history(case: Case) -> None:
    case.items = [written("user", chinese("a", 3200)), written("user", chinese("b", 600))]
    case.counted("cold", 6823, 0, say="", at=0, replies=[written("assistant", chinese("answer 0", 100))])
    given = 8499
    for number in range(1, 7):
        say = written("user", chinese(f"question {number}", 3100 if number == 1 else 400))
        read, replies = (
            (6823 if number == 1 else given - 1600) // 128 * 128,
            [written("assistant", chinese(f"{number}", 100))],
        )
        case.counted("hit", given, read, say=say, at=19 * number, replies=replies)
        given += 1600
    case.items[0] = written("user", chinese("c", 700))
    say = written("user", chinese("question 7", 400))
    case.counted("input_changed", 16935, 4608, "input_changed", say=say, at=133, said="input[0]")


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
