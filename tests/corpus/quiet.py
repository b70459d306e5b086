"""Turns that need no explanation: hits, cold starts, refusals, absent counters."""

from codexcache.body.json_splice import Json, Object

from corpus.labels import ANY
from corpus.talk import ABSENT, HTTP, NATIVE, NOTHING, WEBSOCKET, Case, labelled
from corpus.texts import assistant, call, output, reasoning, text, tool, user, with_id


@labelled("a conversation only grows", "openai/codex#24704", turns=1)
def growing(case: Case) -> None:
    for _ in range(8):
        case.turn("hit")


@labelled("a turn of several requests, with calls and their outputs", "router-for-me/CLIProxyAPI#5727")
def tool_loop(case: Case) -> None:
    case.turn("cold", replies=[reasoning("1"), call("1")])
    case.items.append(output("1"))
    case.turn("hit", say="", replies=[reasoning("2"), call("2"), call("3")])
    case.items += [output("2"), output("3")]
    case.turn("hit", say="")
    case.turn("hit")


@labelled("a first input under 1,024 tokens, then more", "openai/openai-cookbook", instructions="Be brief.", tools=[])
def below_minimum(case: Case) -> None:
    case.items = [{"role": "user", "content": "hi"}]
    case.turn("below_minimum", say="", replies=[assistant("Hello.")], predecessor=None, reads=NOTHING)
    case.turn("below_minimum", reads=NOTHING)
    case.turn("hit")


@labelled("a predecessor whose 1,000 tokens were too few to be cached", "openai/openai-cookbook", tools=[])
def small_predecessor(case: Case) -> None:
    case.instructions = "Be brief."
    case.turn("below_minimum", reads=NOTHING, predecessor=None, input_tokens=1000)
    case.turn("below_minimum", reads=NOTHING, input_tokens=2600, resent=0)
    case.turn("hit", reads=2560, input_tokens=5000)


@labelled("an absent counter is no zero", "openai/codex#43615")
def absent_counter(case: Case) -> None:
    case.turn("no_usage", reads=ABSENT, predecessor=None)
    case.turn("hit")
    case.turn("no_usage", reads=ABSENT, said="does not say")


@labelled("usage stripped on the way", "askalf/dario#1234", turns=1)
def stripped_usage(case: Case) -> None:
    case.turn("no_usage", usage=None)
    case.turn("hit", predecessor=1)


@labelled("a stream that is cut, and the turn sent again", "openai/codex#34763", turns=1)
def cut_stream(case: Case) -> None:
    case.turn("no_usage", lost=True, replies=[])
    case.turn("hit", predecessor=1, say="")
    case.turn("hit")


@labelled("refused for a member, named", "lidge-jun/opencodex#2092")
def refused_member(case: Case) -> None:
    case.members["prompt_cache_retention"] = "24h"
    detail: Object = {"detail": "Unsupported parameter: prompt_cache_retention"}
    case.turn("rejected", status=400, error=detail, replies=[], predecessor=None, said="'prompt_cache_retention'")
    del case.members["prompt_cache_retention"]
    case.turn("cold", say="", predecessor=None)
    case.turn("hit")


@labelled("refused in the inner layer's shape", "openai/codex#39397", turns=1)
def refused_inner(case: Case) -> None:
    error: Object = {"error": {"message": "no", "param": "seed", "code": "unknown_parameter", "type": "x"}}
    case.turn("rejected", status=400, error=error, replies=[], said="'seed'")
    case.turn("hit", say="", predecessor=1)


@labelled("refused for its rate", "openai/codex", turns=1)
def refused_for_rate(case: Case) -> None:
    error: Object = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}
    case.turn("rejected", status=429, error=error, replies=[], said="429")
    case.turn("hit", say="", predecessor=1)


@labelled("a response that fails, its tokens counted", "openai/codex#39397", turns=1)
def failed_response(case: Case) -> None:
    error: Object = {"error": {"code": "server_error", "message": "boom"}}
    case.turn("rejected", failed=True, error=error, counted=True, replies=[], said="server_error")
    case.turn("hit", say="")


@labelled("a challenge page instead of an answer", "router-for-me/CLIProxyAPI#3626", paths=HTTP)
def challenge(case: Case) -> None:
    case.turn("rejected", status=403, error={}, challenge=True, replies=[], predecessor=None, said="TLS fingerprint")


@labelled("a changed tool although all was read", "anthropics/claude-code#90953", turns=1)
def harmless_tool(case: Case) -> None:
    case.tools[0] = tool("apply_patch", "Edits files.")
    case.turn("hit", ["tools_changed"])


@labelled("almost all at once changed although all was read", "jaseci-labs/jac#8821", headers=NATIVE, turns=1)
def harmless_changes(case: Case) -> None:
    case.members |= {"service_tier": "priority", "reasoning": {"effort": "high"}, "text": {"verbosity": "low"}}
    case.members |= {"model": "gpt-5.6-sol", "parallel_tool_calls": False, "prompt_cache_key": "another"}
    case.instructions = text("You are someone else.", 8000)
    members = ("model", "prompt_cache_key", "service_tier", "reasoning_effort", "verbosity", "parallel_tool_calls")
    case.turn("hit", [f"{name}_changed" for name in (*members, "instructions")])


@labelled("the last message edited, and all up to it read", "router-for-me/CLIProxyAPI#5727", turns=10)
def harmless_edit(case: Case) -> None:
    case.items[-2] = user("Another question.")
    case.turn("hit", ["input_changed"], reads=case.before(len(case.items) - 2))


@labelled("the same turn sent again", "openai/codex#34763")
def retry(case: Case) -> None:
    case.turn("cold", replies=[])
    case.turn("hit", say="", full=True)
    case.turn("hit")


@labelled("a rewind to an earlier question", "mweinbach/open-grok#18", turns=4)
def rewind(case: Case) -> None:
    case.items = case.items[:3]
    case.turn("hit", say="", predecessor=2)
    case.turn("hit")


@labelled("a rewind to the middle of what was sent, with nothing more to say", "mweinbach/open-grok#18", turns=5)
def rewind_cut(case: Case) -> None:
    case.items = case.items[:6]
    case.turn("hit", None, say="", predecessor=ANY, reads=case.before(6))


@labelled("the latest question of a long conversation asked in other words", "earendil-works/pi#6427", turns=30)
def rephrased(case: Case) -> None:
    case.items = case.items[:58]
    case.turn("hit", ["input_changed"], reads=case.before(58))


@labelled("a resumed conversation after 20 minutes, still cached", "openai/codex#35300", turns=2)
def resumed_warm(case: Case) -> None:
    case.turn("hit", gap=1200)


@labelled("new item ids on every turn, which the model does not see", "openai/codex#51156")
def new_ids(case: Case) -> None:
    for number in range(4):
        case.items = [with_id(item, f"msg_{number}_{place}") for place, item in enumerate(case.items)]
        case.turn("hit" if number else "cold")


@labelled("a string as input that becomes a list", "openai/openai-python", paths=HTTP)
def string_input(case: Case) -> None:
    question = "What is the answer?" + " Please." * 900
    case.items = question  # type: ignore[assignment]
    case.turn("cold", say="", predecessor=None, replies=[])
    case.items = [{"role": "user", "content": question}]
    case.turn("hit", say="")
    case.turn("hit")


@labelled("messages written in other ways that mean the same", "lidge-jun/opencodex#5178", turns=1)
def other_spellings(case: Case) -> None:
    question: Json = {"text": text(f"Question 1 of {case.about}."), "type": "input_text"}
    answer: Object = {"type": "output_text", "text": text(f"Answer 1 of {case.about}.")}
    completed: Object = {"type": "message", "status": "completed", "role": "assistant"}
    case.items = [
        {"content": [question], "role": "user"},
        {**completed, "content": [{**answer, "annotations": [], "logprobs": []}]},
    ]
    case.turn("hit", full=True)
    case.turn("hit")


@labelled("a warm-up that is named", "openai/codex#48812", paths=WEBSOCKET)
def named_warm_up(case: Case) -> None:
    case.warm_up()
    case.turn("hit", gap=0)
    case.turn("hit")


@labelled("a warm-up with nothing in it, then the first turn", "openai/codex#48812", paths=WEBSOCKET)
def empty_warm_up(case: Case) -> None:
    case.instructions, case.tools = None, []
    case.warm_up(input_tokens=40)
    case.turn("cold", gap=0, reads=NOTHING, input_tokens=9000, predecessor=None, said="first | no earlier")
    case.turn("hit", input_tokens=11000)


@labelled("a warm-up without usage, which can be no predecessor", "openai/codex#48812", paths=WEBSOCKET)
def uncounted_warm_up(case: Case) -> None:
    case.warm_up(verdict="no_usage/warm_up", usage=None)
    case.turn("cold", gap=0, predecessor=None)
    case.turn("hit")


@labelled("a warm-up that nothing names", "openai/codex#48812", paths=WEBSOCKET)
def unnamed_warm_up(case: Case) -> None:
    case.warm_up(say=None)
    case.turn("cold", gap=0, full=True, predecessor=None)
    case.turn("hit")


@labelled("a request for a summary at the old endpoint", "openai/codex#17815", paths=HTTP, turns=2)
def compact_endpoint(case: Case) -> None:
    case.turn("hit", endpoint="compact", say="", replies=[])


CASES = tuple(case for case in list(globals().values()) if isinstance(case, Case))
