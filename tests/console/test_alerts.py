"""What a newcomer is told where flows are listed: at the start, at the first miss, of a turn that is held."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from codexcache.console.alerts import Alerts, releasing, turn_held
from codexcache.console.keys import Keys
from codexcache.hooks.notify import FinishedTurn
from codexcache.output.journal import Entries, Pseudonyms
from mitmproxy.addons.view import View
from mitmproxy.log import ALERT
from mitmproxy.test import taddons
from mitmproxy.tools.console import defaultkeys
from mitmproxy.tools.console.keymap import Keymap
from support.diagnoses import Harness
from support.turns import conversation

ENTRIES = Entries(Pseudonyms(b"0" * 32), "run-1")
FITS = 58
"""Characters of an alert that the console shows at 80 columns, behind its name and the time."""


@pytest.fixture
async def context(caplog: pytest.LogCaptureFixture) -> AsyncIterator[taddons.context]:
    """mitmproxy with a list of flows, and what it logs."""
    caplog.set_level("INFO")
    with taddons.context(View()) as opened:
        yield opened


async def console(context: taddons.context) -> Keymap:
    """Give mitmproxy the keys of its console, with those of the addon; return its keymap."""
    keymap, keys = Keymap(context.master), Keys()
    context.master.keymap, context.master.codex_keys = keymap, keys  # type: ignore[attr-defined]
    defaultkeys.map(keymap)
    keys.running()
    await asyncio.sleep(0)
    return keymap


def alerts(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == ALERT]


def turns() -> list[FinishedTurn]:
    """Return a first turn, and two that miss."""
    harness = Harness()
    texts = ("a", "b", "c")
    made = [harness.end(harness.send(input=conversation(*texts[: n + 1]))) for n in range(3)]
    return [FinishedTurn(each, ENTRIES) for each in made]


async def test_the_console_says_at_the_start_what_the_mark_means_and_which_key_says_why(
    context: taddons.context, caplog: pytest.LogCaptureFixture
) -> None:
    await console(context)
    Alerts().running()
    await asyncio.sleep(0)

    assert alerts(caplog) == ["⚠ marks a miss of the cache: y says why, N finds the next"]
    assert len(alerts(caplog)[0]) <= FITS


async def test_the_keys_are_named_as_they_are_bound_and_a_command_without_a_key_by_its_name(
    context: taddons.context, caplog: pytest.LogCaptureFixture
) -> None:
    keymap = await console(context)
    for key in "yYNT":
        keymap.add(key, "view.focus.next", ["global"])
    Alerts().running()
    await asyncio.sleep(0)

    assert alerts(caplog) == ["⚠ marks a miss of the cache: :codex.why says why, :codex.nextmiss finds the next"]


async def test_the_first_miss_is_told_once(context: taddons.context, caplog: pytest.LogCaptureFixture) -> None:
    await console(context)
    told = Alerts()
    for turn in turns():
        told.turn_marked(turn, None)

    assert alerts(caplog) == ["Turn 2 missed the cache: N goes there, y says why"]
    assert len(alerts(caplog)[0]) <= FITS


async def test_a_held_turn_is_told_with_the_keys_that_release_it(
    context: taddons.context, caplog: pytest.LogCaptureFixture
) -> None:
    await console(context)
    turn_held()

    assert alerts(caplog) == ["Turn held: N goes there; a resumes, e edits, X kills it"]
    assert len(alerts(caplog)[0]) <= FITS
    assert releasing() == "a resumes, e edits, X kills it"


async def test_mitmweb_is_told_where_to_look(context: taddons.context, caplog: pytest.LogCaptureFixture) -> None:
    Alerts().running()
    await asyncio.sleep(0)
    turn_held()
    start, held = alerts(caplog)

    assert (
        start
        == '⚠ marks a miss of the cache: the comment says why, and the view "Codex cache" of its request or response'
    )
    assert held.startswith("Turn held: Resume and Abort are in the menu Flow")


async def test_where_no_flows_are_listed_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with taddons.context():
        Alerts().running()
        await asyncio.sleep(0)

    assert alerts(caplog) == []
