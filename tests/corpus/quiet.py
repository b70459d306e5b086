"""Turns that need no explanation: hits, cold starts, refusals, absent counters."""

from codexcache.body.json_splice import Json

from corpus.talk import (
    ABSENT,
    HTTP,
    NATIVE,
    NOTHING,
    WEBSOCKET,
    Talk,
    assistant,
    call,
    labelled,
    output,
    reasoning,
    text,
    tokens,
    tool,
    user,
    with_id,
)


@labelled("a conversation only grows", "openai/codex#24704")
def growing(talk: Talk) -> None:
    talk.turn("cold")
    for _ in range(8):
        talk.turn("hit")


@labelled("a turn of several requests, with calls and their outputs", "router-for-me/CLIProxyAPI#5727")
def tool_loop(talk: Talk) -> None:
    talk.turn("cold", replies=[reasoning("1"), call("1")])
    talk.items.append(output("1"))
    talk.turn("hit", say="", replies=[reasoning("2"), call("2"), call("3")])
    talk.items += [output("2"), output("3")]
    talk.turn("hit", say="")
    talk.turn("hit")


@labelled("a first input under 1,024 tokens, then more", "openai/openai-cookbook", instructions="Be brief.", tools=[])
def below_minimum(talk: Talk) -> None:
    talk.items = [{"role": "user", "content": "hi"}]
    talk.turn("below_minimum", say="", replies=[assistant("Hello.")], predecessor=None, reads=NOTHING)
    talk.turn("below_minimum", reads=NOTHING, said="too few")
    talk.turn("hit")


@labelled("a predecessor whose 1,000 tokens were too few to be cached", "openai/openai-cookbook", tools=[])
def small_predecessor(talk: Talk) -> None:
    talk.instructions = "Be brief."
    talk.turn("below_minimum", reads=NOTHING, predecessor=None, input_tokens=1000)
    talk.turn("below_minimum", reads=NOTHING, input_tokens=2600, said="too few")
    talk.turn("hit", reads=2560, input_tokens=5000)


@labelled("an absent counter is no zero", "openai/codex#43615")
def absent_counter(talk: Talk) -> None:
    talk.turn("no_usage", reads=ABSENT, predecessor=None)
    talk.turn("hit")
    talk.turn("no_usage", reads=ABSENT, said="does not say")


@labelled("usage stripped on the way", "askalf/dario#1234")
def stripped_usage(talk: Talk) -> None:
    talk.turn("cold")
    talk.turn("no_usage", usage=None)
    talk.turn("hit", predecessor=1)


@labelled("a stream that is cut, and the turn sent again", "openai/codex#34763")
def cut_stream(talk: Talk) -> None:
    talk.turn("cold")
    talk.turn("no_usage", lost=True, replies=[])
    talk.turn("hit", predecessor=1, say="")
    talk.turn("hit")


@labelled("refused for a member, named", "lidge-jun/opencodex#2092")
def refused_member(talk: Talk) -> None:
    talk.members["prompt_cache_retention"] = "24h"
    detail: dict[str, Json] = {"detail": "Unsupported parameter: prompt_cache_retention"}
    talk.turn("rejected", status=400, error=detail, replies=[], predecessor=None, said="'prompt_cache_retention'")
    del talk.members["prompt_cache_retention"]
    talk.turn("cold", say="", predecessor=None)
    talk.turn("hit")


@labelled("refused in the inner layer's shape", "openai/codex#39397")
def refused_inner(talk: Talk) -> None:
    talk.turn("cold")
    error: dict[str, Json] = {"error": {"message": "no", "param": "seed", "code": "unknown_parameter", "type": "x"}}
    talk.turn("rejected", status=400, error=error, replies=[], said="'seed'")
    talk.turn("hit", say="", predecessor=1)


@labelled("refused for its rate", "openai/codex")
def refused_for_rate(talk: Talk) -> None:
    talk.turn("cold")
    error: dict[str, Json] = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}
    talk.turn("rejected", status=429, error=error, replies=[], said="429")
    talk.turn("hit", say="", predecessor=1)


@labelled("a response that fails, its tokens counted", "openai/codex#39397")
def failed_response(talk: Talk) -> None:
    talk.turn("cold")
    error: dict[str, Json] = {"error": {"code": "server_error", "message": "boom"}}
    talk.turn("rejected", failed=True, error=error, counted=True, replies=[], said="server_error")
    talk.turn("hit", say="")


@labelled("a challenge page instead of an answer", "router-for-me/CLIProxyAPI#3626", paths=HTTP)
def challenge(talk: Talk) -> None:
    talk.turn("rejected", status=403, error={}, challenge=True, replies=[], predecessor=None, said="TLS fingerprint")


@labelled("a changed tool although all was read", "anthropics/claude-code#90953")
def harmless_tool(talk: Talk) -> None:
    talk.turn("cold")
    talk.tools[0] = tool("apply_patch", "Edits files.")
    talk.turn("hit", ["tools_changed"])


@labelled("almost all at once changed although all was read", "jaseci-labs/jac#8821", headers=NATIVE)
def harmless_changes(talk: Talk) -> None:
    talk.turn("cold")
    talk.members |= {"service_tier": "priority", "reasoning": {"effort": "high"}, "text": {"verbosity": "low"}}
    talk.members |= {"model": "gpt-5.6-sol", "parallel_tool_calls": False, "prompt_cache_key": "another"}
    talk.instructions = text("You are someone else.", 8000)
    talk.turn(
        "hit",
        [
            "model_changed",
            "prompt_cache_key_changed",
            "service_tier_changed",
            "reasoning_effort_changed",
            "verbosity_changed",
            "parallel_tool_calls_changed",
            "instructions_changed",
        ],
    )


@labelled("the last message edited, and all up to it read", "router-for-me/CLIProxyAPI#5727")
def harmless_edit(talk: Talk) -> None:
    for number in range(10):
        talk.turn("hit" if number else "cold")
    talk.items[-2] = user("Another question.")
    before = tokens({"tools": talk.tools, "instructions": talk.instructions, "input": talk.items[:-2]})
    talk.turn("hit", ["input_changed"], reads=before // 128 * 128)


@labelled("the same turn sent again", "openai/codex#34763")
def retry(talk: Talk) -> None:
    talk.turn("cold", replies=[])
    talk.turn("hit", say="", full=True)
    talk.turn("hit")


@labelled("a rewind to an earlier question", "mweinbach/open-grok#18")
def rewind(talk: Talk) -> None:
    for number in range(4):
        talk.turn("hit" if number else "cold")
    talk.items = talk.items[:3]
    talk.turn("hit", say="", predecessor=2)
    talk.turn("hit")


@labelled("a rewind to the middle of what was sent, with nothing more to say", "mweinbach/open-grok#18")
def rewind_cut(talk: Talk) -> None:
    for number in range(5):
        talk.turn("hit" if number else "cold")
    talk.items = talk.items[:6]
    talk.turn("hit", ["input_changed"], say="", predecessor=5)


@labelled("the latest question of a long conversation asked in other words", "earendil-works/pi#6427")
def rephrased(talk: Talk) -> None:
    for number in range(30):
        talk.turn("hit" if number else "cold")
    talk.items = talk.items[:58]
    before = tokens({"tools": talk.tools, "instructions": talk.instructions, "input": talk.items})
    talk.turn("hit", ["input_changed"], reads=before // 128 * 128)


@labelled("a resumed conversation after 20 minutes, still cached", "openai/codex#35300")
def resumed_warm(talk: Talk) -> None:
    talk.turn("cold")
    talk.turn("hit")
    talk.turn("hit", gap=1200)


@labelled("new item ids on every turn, which the model does not see", "openai/codex#51156")
def new_ids(talk: Talk) -> None:
    for number in range(4):
        talk.items = [with_id(item, f"msg_{number}_{place}") for place, item in enumerate(talk.items)]
        talk.turn("hit" if number else "cold")


@labelled("a string as input that becomes a list", "openai/openai-python", paths=HTTP)
def string_input(talk: Talk) -> None:
    question = "What is the answer?" + " Please." * 900
    talk.items = question  # type: ignore[assignment]
    talk.turn("cold", say="", predecessor=None, replies=[])
    talk.items = [{"role": "user", "content": question}]
    talk.turn("hit", say="")
    talk.turn("hit")


@labelled("messages written in other ways that mean the same", "lidge-jun/opencodex#5178")
def other_spellings(talk: Talk) -> None:
    talk.turn("cold")
    talk.items = [
        {"content": [{"text": text(f"Question 1 of {talk.about}."), "type": "input_text"}], "role": "user"},
        {
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [
                {
                    "type": "output_text",
                    "text": text(f"Answer 1 of {talk.about}."),
                    "annotations": [],
                    "logprobs": [],
                }
            ],
        },
    ]
    talk.turn("hit", full=True)
    talk.turn("hit")


@labelled("a warm-up that is named", "openai/codex#48812", paths=WEBSOCKET)
def named_warm_up(talk: Talk) -> None:
    talk.members["generate"] = False
    talk.turn("cold", say="", replies=[], predecessor=None)
    del talk.members["generate"]
    talk.turn("hit", gap=0)
    talk.turn("hit")


@labelled("a warm-up with nothing in it, then the first turn", "openai/codex#48812", paths=WEBSOCKET)
def empty_warm_up(talk: Talk) -> None:
    talk.instructions, talk.tools = None, []
    talk.members["generate"] = False
    talk.turn("below_minimum", say="", replies=[], predecessor=None, input_tokens=40, reads=NOTHING)
    del talk.members["generate"]
    talk.turn("below_minimum", gap=0, reads=NOTHING, input_tokens=9000, said="too few")
    talk.turn("hit", input_tokens=11000)


@labelled("a warm-up without usage, which can be no predecessor", "openai/codex#48812", paths=WEBSOCKET)
def uncounted_warm_up(talk: Talk) -> None:
    talk.members["generate"] = False
    talk.turn("no_usage", say="", replies=[], predecessor=None, usage=None)
    del talk.members["generate"]
    talk.turn("cold", gap=0, predecessor=None)
    talk.turn("hit")


@labelled("a warm-up that nothing names", "openai/codex#48812", paths=WEBSOCKET)
def unnamed_warm_up(talk: Talk) -> None:
    talk.members["generate"] = False
    talk.turn("cold", replies=[])
    del talk.members["generate"]
    talk.turn("cold", gap=0, full=True, predecessor=None)
    talk.turn("hit")


@labelled("a request for a summary at the old endpoint", "openai/codex#17815", paths=HTTP)
def compact_endpoint(talk: Talk) -> None:
    talk.turn("cold")
    talk.turn("hit")
    talk.turn("hit", endpoint="compact", say="", replies=[])


TALKS = tuple(talk for talk in list(globals().values()) if isinstance(talk, Talk))
