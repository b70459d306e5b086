"""The keys of mitmproxy's console: bound in its own keymap, never in place of a key that is bound already."""

import asyncio
from collections.abc import Iterator

import pytest
from codexcache.console.keys import CONVERSATIONS, NEXT_MISS, WHY, Keys, has_keys, key_of
from mitmproxy import flowfilter
from mitmproxy.test import taddons
from mitmproxy.tools.console import defaultkeys
from mitmproxy.tools.console.keymap import Keymap


@pytest.fixture
def keymap() -> Iterator[Keymap]:
    """The keymap of a console, with mitmproxy's own keys."""
    with taddons.context() as context:
        found = Keymap(context.master)
        context.master.keymap = found
        defaultkeys.map(found)
        yield found


async def bound() -> Keys:
    """Return the keys once they are bound."""
    keys = Keys()
    keys.running()
    await asyncio.sleep(0)
    return keys


def listed(keymap: Keymap, context: str) -> dict[str, str]:
    """Return what the help (`?`) lists for a view: the commands of this addon by their keys."""
    return {each.key: each.command for each in keymap.list(context) if "codex" in each.command}


@pytest.mark.parametrize(("context", "onwards"), [("flowlist", "N"), ("flowview", "T")])
async def test_the_commands_have_keys_where_flows_are_looked_at(keymap: Keymap, context: str, onwards: str) -> None:
    """In the details of a flow, `N` searches backwards before any binding is looked at."""
    await bound()

    assert listed(keymap, context) == {"y": WHY, onwards: NEXT_MISS, "c": CONVERSATIONS}
    assert all(each.help.startswith("Codex: ") for each in keymap.list(context) if "codex" in each.command)


async def test_none_of_mitmproxys_own_keys_is_taken(keymap: Keymap) -> None:
    own = {(context, key): keymap.keys[context][key] for context in keymap.keys for key in keymap.keys[context]}
    await bound()

    assert {place: keymap.get(*place) for place in own} == own


@pytest.mark.parametrize("context", ["flowlist", "flowview", "global"])
async def test_a_key_of_the_users_stays_and_another_is_taken(keymap: Keymap, context: str) -> None:
    """The user's keys are read after this addon runs."""
    keys = Keys()
    keys.running()
    keymap.add("y", "view.focus.next", [context])
    await asyncio.sleep(0)

    assert listed(keymap, "flowlist") == {"Y": WHY, "N": NEXT_MISS, "c": CONVERSATIONS}
    assert keymap.keys[context]["y"].command == "view.focus.next"


async def test_where_all_keys_are_taken_none_is_bound_and_the_others_are(keymap: Keymap) -> None:
    for key in "yY":
        keymap.add(key, "view.focus.next", ["global"])
    await bound()

    assert listed(keymap, "flowlist") == {"N": NEXT_MISS, "c": CONVERSATIONS}
    assert key_of(WHY) is None


async def test_a_command_that_the_user_has_bound_gets_no_second_key(keymap: Keymap) -> None:
    keymap.add("ctrl y", "codex.why @focus", ["flowlist"])
    await bound()

    assert key_of(WHY) == "ctrl y"
    assert "y" not in listed(keymap, "flowlist")


@pytest.mark.parametrize("context", ["flowlist", "global"])
async def test_a_key_that_the_user_binds_later_is_the_users(keymap: Keymap, context: str) -> None:
    keys = await bound()
    keymap.add("y", "view.focus.next", [context])

    handled = keymap.get("flowlist", "y") or keymap.get("global", "y")
    assert handled is not None
    assert handled.command == "view.focus.next"
    keys.done()
    assert keymap.keys[context]["y"].command == "view.focus.next"


async def test_at_the_end_the_keys_are_free_again_and_a_reload_binds_them_once(keymap: Keymap) -> None:
    before = len(keymap.bindings)
    (await bound()).done()
    assert len(keymap.bindings) == before

    await bound()
    assert len(keymap.bindings) == before + 4


async def test_there_are_no_keys_where_there_is_no_console() -> None:
    with taddons.context():
        await bound()

        assert (has_keys(), key_of(WHY)) == (False, None)


def test_examples_of_filters_stand_in_mitmproxys_help_and_are_filters() -> None:
    keys, before = Keys(), list(flowfilter.help)
    keys.load(None)
    added = flowfilter.help[len(before) :]
    keys.load(None)

    assert [example.split()[0] for example, _ in added] == ["~marker", "~comment", "~meta"]
    assert all(flowfilter.parse(example) for example, _ in added)
    assert flowfilter.help == [*before, *added]
    keys.done()
    assert flowfilter.help == before
