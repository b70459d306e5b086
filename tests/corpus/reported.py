"""Conversations that an earlier engine named wrongly although their prompt only grew, with the backend's counters."""

from corpus.labels import ANY
from corpus.talk import GATEWAY, SOL, Case, labelled, native
from corpus.texts import developer, user


@labelled("two agents with one key and one environment", "rynfar/meridian#965", key="session-1", headers=GATEWAY, **SOL)
def two_agents_one_key(case: Case) -> None:
    environment = user("<environment_context> A large repository.", 4800)
    first = case.aside(items=[environment, user("Write the documentation.", 20_000)])
    other = case.aside(items=[environment, user("Write the tests.", 15_000)])
    first.counted("cold", 10884, 0, say="")
    other.counted("cold", 9884, 4608, say="", at=19, predecessor=None, said="no earlier")
    first.counted("hit", 11421, 10752, at=38, predecessor=1)


@labelled(
    "every second turn on a key of eight conversations misses", "diegosouzapw/OmniRoute#1643", key="account", **SOL
)
def coarse_key_misses(case: Case) -> None:
    case.headers["session-id"] = "account"
    eight = [case.aside(items=[user(f"Task {number} of many.", 5100)]) for number in range(8)]
    for place, one in enumerate(eight):
        one.counted("cold", 5953, 0, say="", at=24 * place, predecessor=None)
    for place, one in enumerate(eight):
        number = 8 + place
        said = "key | conversations"
        one.counted("upstream/key_overloaded", 6490, 4608, at=24 * number, predecessor=place + 1, said=said)


@labelled(
    "three children work while their parent's turn misses",
    "bman654/clodex#211",
    key="session-1",
    headers=native(),
    **SOL,
)
def children_in_flight(case: Case) -> None:
    case.items = [user("<environment_context>", 800), user("Split the work.", 1300)]
    case.counted("cold", 5184, 0, say="", at=0)
    case.counted("hit", 5721, 5120, at=19)
    for number, at in enumerate((42, 42, 43)):
        child = case.aside(items=case.items[:1], headers=native("session-1", f"thread-{number}"))
        child.counted("cold", 6134, 4608, say=user(f"Part {number}.", 5100), at=at, took=30, predecessor=None)
    said = "at the same time | in flight | parallel | concurrent | at once"
    case.counted("upstream/key_overloaded", 6795, 4608, at=44, predecessor=2, said=said)


@labelled(
    "a retry reads what its own cut attempt had written", "openai/codex#34763", key="session-1", headers=native(), **SOL
)
def retry_reads_own_attempt(case: Case) -> None:
    case.items = [user("Explain the parser.", 1300)]
    case.counted("cold", 5003, 0, say="", at=0)
    case.counted("hit", 5540, 4864, at=19)
    case.turn("no_usage", say=user("And the lexer: " + "code " * 40, 9100), at=38, lost=True, replies=[])
    case.counted("hit", 8027, 7936, say="", at=57, predecessor=2, unsaid="others")


@labelled(
    "an interrupted answer stands in the next turn", "openai/codex#24704", key="session-1", headers=native(), **SOL
)
def interrupted(case: Case) -> None:
    case.items = [user("Explain the parser.", 1300)]
    case.counted("cold", 5003, 0, say="", at=0)
    case.counted("hit", 5540, 4864, at=19)
    case.turn("no_usage", say=user("And the lexer: " + "code " * 40, 9100), at=38, lost=True, replies=[])
    case.items.append(user("<turn_aborted> The user interrupted.", 300))
    case.counted("hit", 8389, 7424, at=57, predecessor=2, unsaid="others")


@labelled(
    "opened again after 51 minutes, on a new socket",
    "IgorWarzocha/howaboua-pi-stuff#335",
    key="session-1",
    headers=native(),
    **SOL,
)
def reconnected_after_51_minutes(case: Case) -> None:
    case.items = [user("<environment_context>", 800), user("Fix the build.", 1300)]
    for number in range(3):
        read = 5120 + 512 * (number - 1) if number else 0
        case.counted("hit" if number else "cold", 5184 + 537 * number, read, say=None if number else "", at=19 * number)
    case.socket = "socket-2"
    case.counted("idle", 6795, 0, at=3102, said=["51 minutes", "likely"])


@labelled("a counter above the input", "getagentseal/codeburn#21", key="session-1", headers=GATEWAY, **SOL)
def cached_above_input(case: Case) -> None:
    case.items = [user("Count the lines.", 1300)]
    case.counted("cold", 5003, 0, say="", at=0)
    case.counted("hit", 5540, 4864, at=19)
    case.counted("no_usage", 5771, 10771, at=38, said="inconsistent", unsaid="others")
    case.counted("hit", 6614, 5632, at=57, predecessor=ANY, unsaid="others")


@labelled("a little more than the minimum", "HKUDS/nanobot#5632", key="session-1", headers=GATEWAY, **SOL)
def just_above_minimum(case: Case) -> None:
    case.instructions, case.tools = "Be brief.", []
    case.counted("cold/below_minimum", 1180, 0, say=user("Hello.", 500), at=0)
    case.counted("below_minimum", 1420, 0, at=19, resent=0)
    case.counted("hit", 5600, 1152, at=38)


@labelled("nothing but tools and instructions is read, turn after turn", "openai/codex#20301", key="session-1", **SOL)
def tools_floor(case: Case) -> None:
    case.items = [user("Review all of it.", 60_000)]
    case.counted("cold", 20000, 4608, say="", at=0)
    for number in range(1, 4):
        said = "tools | instructions | head"
        case.counted(
            "upstream",
            20000 + 4000 * number,
            4608,
            at=19 * number,
            said=said,
            say=user(f"{number}. More.", 15_000),
        )


@labelled("four minutes and fifty seconds, twice", "openai/codex#35300", key="session-1", headers=native(), **SOL)
def four_minutes_fifty(case: Case) -> None:
    case.members["model"] = "gpt-5.6-luna"
    case.items = [user("<environment_context>", 800), user("All of the logs: ", 520_000)]
    case.counted("cold", 135900, 0, say="", at=0)
    case.counted("hit", 136142, 135808, at=19)
    case.counted("idle", 143985, 0, at=309, said="possibly | likely", say=user("More logs: ", 30_000))
    case.counted("hit", 144080, 143104, at=322)
    case.counted("idle", 144134, 0, at=612, said="possibly | likely")
    case.counted("hit", 144232, 143104, at=625)


@labelled(
    "the same first prompt, in another process", "openai/codex#24704", headers=native("exec-0"), key="exec-0", **SOL
)
def same_first_prompt(case: Case) -> None:
    case.items = [
        developer("<permissions>", 1700),
        user("<environment_context>", 800),
        user("Check the pull request.", 6100),
    ]
    other = case.aside(headers=native("exec-1"), socket="socket-2")
    other.members["prompt_cache_key"] = "exec-1"
    case.counted("cold", 6790, 0, say="", at=0)
    case.counted("hit", 7327, 6656, at=19)
    other.counted("cold", 6790, 4608, say="", at=223, predecessor=None)
    other.counted("hit", 7327, 6656, at=242, predecessor=3)


@labelled(
    "one question to two models",
    "BerriAI/litellm#42014",
    headers=GATEWAY | {"session-id": "eval-0"},
    key="eval-0",
    **SOL,
)
def one_question_two_models(case: Case) -> None:
    case.members["model"], case.items = "gpt-5.5", [user("Which of these proofs is right?", 8100)]
    other = case.aside(headers=GATEWAY | {"session-id": "eval-1"}, socket="socket-2")
    other.members |= {"prompt_cache_key": "eval-1", "model": "gpt-5.6-sol"}
    case.counted("cold", 6703, 0, say="", at=0)
    case.counted("hit", 7240, 6656, at=19)
    other.counted("cold", 6703, 0, say="", at=43, predecessor=None)
    other.counted("hit", 7240, 6656, at=62, predecessor=3)


@labelled(
    "a child that begins with its root's first input", "openai/codex#33035", key="session-1", headers=native(), **SOL
)
def child_extends_first_input(case: Case) -> None:
    case.items = [
        developer("<permissions>", 1700),
        user("<environment_context>", 800),
        user("All of the task.", 20_000),
    ]
    headers = {**native("session-1", "kid"), "x-openai-subagent": "collab_spawn"}
    child = case.aside(headers=headers, socket="socket-2")
    child.items += [developer("You are a helper.", 1700)]
    case.counted("cold", 10290, 0, say="", at=0)
    case.counted("hit", 10827, 10240, at=19)
    child.counted("cold", 11452, 4608, say=user("Only the first part.", 3100), at=38, predecessor=None)
    case.counted("hit", 11364, 10752, at=57, predecessor=2)


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
