"""The parts of a prompt, as the model sees them."""

import json
from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.turn.prompt import Prompt, read_outputs, read_prompt
from codexcache.turn.text_digest import EMPTY, digest_text
from support.turns import conversation, said, user

TOOLS: list[Json] = [{"type": "function", "name": "shell", "parameters": {"a": 1, "b": 2}}, {"type": "web_search"}]
CARRIED: Json = {"type": "additional_tools", "role": "developer", "tools": TOOLS}


def items(*given: Json) -> list[int]:
    """Return the digests of an input's items."""
    return read_prompt({"instructions": "i", "input": list(given)}).items.digests()


def facts(prompt: Prompt) -> tuple[Any, ...]:
    """Return all that is compared of a prompt."""
    return (
        prompt.prefix.tools,
        prompt.prefix.instructions,
        prompt.items.digests(),
        [prompt.items[n] for n in range(len(prompt.items))],
        prompt.length,
        prompt.size,
    )


PARTS: list[Json] = [{"type": "input_text", "text": "hi"}]
HI: Object = {"type": "message", "role": "user", "content": PARTS}


@pytest.mark.parametrize(
    "written",
    [
        pytest.param({**HI, "id": "msg_1", "status": "completed"}, id="an id and a status"),
        pytest.param({**HI, "internal_chat_message_metadata_passthrough": {"turn_id": "t"}}, id="a note"),
        pytest.param({**HI, "phase": None}, id="a null"),
    ],
)
def test_what_the_model_does_not_see_is_no_difference(written: Json) -> None:
    assert items(written) == items(HI)


def test_what_the_backend_sent_is_what_the_client_sends_back() -> None:
    part: Object = {"type": "output_text", "text": "yes", "annotations": [], "logprobs": []}

    assert items({"id": "m", "status": "completed", **HI, "role": "assistant", "content": [part]}) == items(
        said("assistant", "yes")
    )


ODD: list[Json] = [None, 7, [], ["x"], {}, {"type": 1, "role": []}, {"\udc00": 1}]
OUT_OF_RANGE: list[Json] = [{"n": 1 << 80}, {"n": float("inf")}, {"s": "\ud83d"}]


@pytest.mark.parametrize("odd", [*ODD, *OUT_OF_RANGE], ids=repr)
def test_every_item_can_be_read(odd: Json) -> None:
    prompt = read_prompt({"input": [odd], "tools": [odd], "instructions": odd})

    assert (len(prompt.items), len(prompt.prefix.tools), prompt.length) == (1, 1, 1)
    assert prompt.size > 0


def test_the_order_of_a_tools_members_counts() -> None:
    reordered: Json = {"parameters": {"b": 2, "a": 1}, "name": "shell", "type": "function"}
    again: Json = json.loads(json.dumps(TOOLS, indent=2))
    tools, same, others = (
        read_prompt({"tools": given}).prefix.tools for given in (TOOLS, again, [reordered, TOOLS[1]])
    )

    assert tools == same != others


def test_tools_have_names_and_kinds_name_a_messages_role() -> None:
    space: Json = {"type": "namespace", "name": "docs", "tools": [{"type": "function", "name": "find"}]}
    tools = read_prompt({"tools": [*TOOLS, {"type": "mcp", "server_label": "m"}, space, {}]}).prefix.tools
    prompt = read_prompt({"instructions": "i", "input": [user("a"), {"type": "reasoning"}, {"role": "x"}, 7]})

    assert [tool.name for tool in tools] == ["shell", "web_search", "m", "docs.find", "?"]
    assert prompt.items.kinds() == ("user message", "reasoning", "message", "message")


def test_tools_and_instructions_carried_in_the_input_are_what_they_are() -> None:
    carried = read_prompt({"input": [CARRIED, said("developer", "Be brief."), user("a")]})
    plain = read_prompt({"tools": TOOLS, "instructions": "Be brief.", "input": [user("a")]})

    assert (carried.prefix.tools, carried.prefix.instructions) == (plain.prefix.tools, plain.prefix.instructions)
    assert carried.items.digests() == plain.items.digests()
    assert (carried.length, carried.items[0].input_index, plain.items[0].input_index) == (3, 2, 0)


def test_only_the_head_of_the_input_carries_tools_and_instructions() -> None:
    """With instructions, a developer message is an item."""
    late: list[Json] = [said("developer", "two"), user("a"), CARRIED, said("developer", "three")]
    prompt = read_prompt({"input": [CARRIED, said("developer", "one"), *late]})
    other = read_prompt({"instructions": "i", "input": [said("developer", "d"), user("a")]})

    assert (len(prompt.prefix.tools), prompt.prefix.instructions) == (2, digest_text("one"))
    assert prompt.items.kinds() == ("developer message", "user message", "additional_tools", "developer message")
    assert (other.prefix.instructions, len(other.items)) == (digest_text("i"), 2)


def test_a_picture_weighs_what_it_is_worth() -> None:
    def picture(size: int) -> Json:
        image: Json = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * size}
        return {"role": "user", "content": [image]}

    one, two = (read_prompt({"input": [picture(size)]}).size for size in (1_000_000, 2_000_000))
    assert one == two < 10_000
    assert items(picture(9000)) != items(picture(9001))


def test_compactions_are_known_by_their_digests() -> None:
    one: Json = {"type": "compaction", "encrypted_content": "x"}

    assert len(read_prompt({"input": [one, user("a"), user("b")]}).items.compactions) == 1
    assert read_prompt({"input": [user("a")]}).items.compactions == frozenset()


DELTA_HEADS = [
    pytest.param({}, [CARRIED, said("developer", "d")], id="lite"),
    pytest.param({"tools": TOOLS, "instructions": "i"}, [], id="plain"),
    pytest.param({"tools": TOOLS}, [CARRIED], id="both"),
    pytest.param({"instructions": "i"}, [CARRIED, said("developer", "d")], id="a developer message besides"),
    pytest.param({}, [], id="neither"),
]
REST: list[Json] = [said("developer", "more"), *conversation("a", "b", "c"), CARRIED, user("d")]


@pytest.mark.parametrize(("members", "head"), DELTA_HEADS)
def test_a_delta_equals_the_whole_prompt_wherever_it_is_cut(members: Object, head: list[Json]) -> None:
    whole = [*head, *REST]
    for cut in range(len(whole) + 1):
        base = read_prompt({**members, "input": whole[:cut]})
        delta = read_prompt({**members, "input": whole[cut:]}, base)

        assert facts(delta) == facts(read_prompt({**members, "input": whole}))


@pytest.mark.parametrize("first", range(1, 8))
def test_a_delta_behind_an_answer_equals_all_three(first: int) -> None:
    given: list[Json] = [user("first"), *REST, {"type": "reasoning", "id": "r"}]
    base = read_prompt({"input": given[:first]})
    for second in range(first, len(given) + 1):
        outputs = read_outputs(given[first:second], base)

        assert facts(read_prompt({"input": given[second:]}, base, outputs)) == facts(read_prompt({"input": given}))


def test_a_delta_has_the_tools_and_instructions_that_it_brings() -> None:
    base = read_prompt({"tools": TOOLS, "instructions": "i", "input": [user("a")]})
    delta = read_prompt({"tools": TOOLS[:1], "input": [user("b")]}, base)

    assert (len(delta.prefix.tools), delta.prefix.instructions) == (1, EMPTY)


def test_the_parameters_of_a_prompt_are_read_and_nothing_else_of_it_is_shown() -> None:
    text: Json = {"verbosity": "low", "format": {"type": "text"}}
    members: Object = {"service_tier": "priority", "reasoning": {"effort": "high"}, "parallel_tool_calls": False}
    head = read_prompt({"model": "m", "text": text, **members}).prefix

    assert (head.model, head.service_tier, head.reasoning_effort) == ("m", "priority", "high")
    assert (head.verbosity, head.parallel_tool_calls) == ("low", False)
    assert head.text_format != read_prompt({}).prefix.text_format
    shown = repr(read_prompt({"model": "m", "instructions": "secret", "input": "secret"}))
    assert shown == "Prompt('m', 0 tools, 1 items)"
