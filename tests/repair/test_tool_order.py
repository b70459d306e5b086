"""Tools in the order and the bytes of an earlier list."""

import json
import random
from collections import Counter

import pytest
from codexcache.repair import tool_order
from codexcache.repair.spelling import value_of
from codexcache.repair.tool_order import arranged
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=4)


def tool(name: str, **members: object) -> dict[str, object]:
    """Return a function tool."""
    return {"type": "function", "name": name, "parameters": {"type": "object", "properties": {}}, **members}


def text(*tools: object, spaced: bool = False) -> bytes:
    """Return a list of tools as a client spells it."""
    return json.dumps(tools, separators=None if spaced else (",", ":")).encode()


READ, WRITE, BASH = tool("read"), tool("write", strict=True), tool("bash", description="Runs a command.")


def space(*tools: object) -> dict[str, object]:
    """Return a namespace."""
    return {"type": "namespace", "name": "files", "tools": list(tools)}


def test_the_same_tools_come_out_as_they_were() -> None:
    found = arranged(text(READ, WRITE, BASH), text(BASH, READ, WRITE))

    assert found.text == text(READ, WRITE, BASH)
    assert set(found.moved) == {"read", "write", "bash"}
    assert (found.sent, found.shown) == (("bash", "read", "write"), ("read", "write", "bash"))


def test_new_tools_follow_behind_the_known_ones_in_the_clients_order() -> None:
    found = arranged(text(READ, WRITE), text(BASH, WRITE, tool("grep"), READ))

    assert found.text == text(READ, WRITE, BASH, tool("grep"))
    assert found.added == ("bash", "grep")


def test_a_tool_that_was_removed_ends_it() -> None:
    found = arranged(text(READ, WRITE), text(WRITE))

    assert (found.text, found.missing) == (text(WRITE), ("read",))


def test_a_tool_that_was_edited_ends_it() -> None:
    found = arranged(text(READ, WRITE), text(tool("write"), READ))

    assert found.missing == ("write",)


def test_tools_without_names_are_each_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of the Chat Completions API, whose names stand in a member; each could be any of them."""
    parsed = list[bytes]()

    def counted(tool: bytes) -> object:
        parsed.append(tool)
        return value_of(tool)

    monkeypatch.setattr(tool_order, "value_of", counted)
    tools = [{"type": "function", "function": {"name": f"t{number}"}} for number in range(20)]
    known, given = text(*tools), text(*(dict(reversed(each.items())) for each in reversed(tools)))

    assert arranged(known, given).text == known
    assert len(parsed) == len({*parsed}) == 40


def test_a_tool_that_comes_twice_has_to_come_twice_again() -> None:
    assert arranged(text(READ, READ, BASH), text(BASH, READ, READ)).text == text(READ, READ, BASH)
    assert arranged(text(READ, READ, BASH), text(BASH, READ)).missing == ("read",)


def test_the_white_space_of_the_earlier_list_is_kept_in_front_of_new_tools() -> None:
    found = arranged(text(READ, WRITE, spaced=True), text(WRITE, READ, BASH))

    assert found.text == text(READ, WRITE, spaced=True)[:-1] + b"," + text(BASH)[1:-1] + b"]"


def test_other_white_space_between_the_tools_alone_is_another_spelling() -> None:
    given_text = text(READ, WRITE).replace(b"},{", b"},\n{")

    found = arranged(text(READ, WRITE), given_text)
    assert (found.text, found.moved, found.respelled) == (text(READ, WRITE), (), ("read", "write"))


def test_the_tools_of_a_namespace_come_out_as_they_were() -> None:
    found = arranged(text(space(READ, WRITE), BASH), text(BASH, space(WRITE, tool("grep"), READ)))

    assert found.text == text(space(READ, WRITE, tool("grep")), BASH)
    assert "grep" in found.added


def test_a_namespace_that_lost_a_tool_ends_it() -> None:
    assert arranged(text(space(READ, WRITE)), text(space(WRITE))).missing == ("files",)


def canonical(tools: bytes) -> Counter[str]:
    """Return tools as a multiset."""
    return Counter(json.dumps(each, sort_keys=True) for each in json.loads(tools))


@given(st.lists(st.dictionaries(st.text(), VALUES) | st.builds(tool, st.text()), max_size=6), st.integers(), st.data())
def test_what_goes_out_holds_the_same_tools_and_begins_as_before(
    tools: list[object], seed: int, data: st.DataObject
) -> None:
    added = data.draw(st.lists(st.builds(tool, st.text(min_size=1)), max_size=3))
    shuffled = [*tools, *added]
    random.Random(seed).shuffle(shuffled)
    known, given_text = text(*tools), text(*shuffled, spaced=True)

    found = arranged(known, given_text)
    assert canonical(found.text) == canonical(given_text)
    assert found.missing == ()
    assert json.loads(found.text)[: len(tools)] == json.loads(known)
