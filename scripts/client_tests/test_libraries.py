"""Public libraries that speak to the backend, as published: what their turns read from the cache, without and with."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from client_tests import page
from client_tests.environment import Environment, running, unaided
from client_tests.library_cases import LIBRARIES, SAID, Library, converse
from client_tests.login import assert_nothing_private
from client_tests.messages import KEY, identity

pytestmark = pytest.mark.python

MUCH = 2500
"""Tokens: most of what each turn of these conversations repeats."""
NAMES_AN_IMITATOR = "sends the official client's headers, but"


@dataclass(frozen=True)
class Recording:
    """One conversation without the addon and one with it: the cached tokens of each turn, and what was around."""

    library: Library
    without: list[int]
    cached: list[int]
    environment: Environment


@pytest.fixture(scope="module", params=LIBRARIES, ids=str)
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    library: Library = request.param
    return asyncio.run(converse_twice(library, tmp_path_factory.mktemp("without"), tmp_path_factory.mktemp("with")))


async def converse_twice(library: Library, folder: Path, folder_with: Path) -> Recording:
    hears = (library.hears,)
    async with unaided(folder, hears) as environment:
        without = await converse(library, environment)
    async with running(folder_with, ca_variables=hears) as environment:
        cached = await converse(library, environment)
    return Recording(library, without, cached, environment)


def test_a_conversation_has_one_key(recording: Recording) -> None:
    """It leaves in the body and in the header that routes; what an imitator sends before it is recognized is left."""
    first = len(recording.library.misses) - 1
    sent, received = zip(*recording.environment.turns, strict=True)
    places = {identity(turn)[:2] for turn in received[first:]}
    key = received[-1].json[KEY]

    assert places == {(key, key)}
    assert [(turn.headers, turn.body) for turn in sent[:first]] == [
        (turn.headers, turn.body) for turn in received[:first]
    ]


def test_reads_from_the_cache(recording: Recording, record_property: Callable[[str, object], None]) -> None:
    """Every turn reads most of its prompt once the key is known, which without the addon few do or all."""
    turns = [" / ".join(f"{tokens:,}" for tokens in each) for each in (recording.without, recording.cached)]
    record_property("cached tokens", (str(recording.library), *turns))
    assert page.cells(str(recording.library))[-2:] == [*turns]

    assert min(recording.cached[len(recording.library.misses) :]) > MUCH
    if recording.library.keyed:
        assert recording.cached == recording.without
    else:
        assert sum(recording.cached) > sum(recording.without) + 2 * MUCH


def test_journal(recording: Recording) -> None:
    """Each turn is explained, as one conversation."""
    entries, misses = recording.environment.journal, recording.library.misses

    assert [entry["verdict"] for entry in entries] == [*misses, *["hit"] * (len(entries) - len(misses))]
    assert len(entries) == len(recording.cached)
    assert entries[-1]["changed"] == [*recording.library.changes]
    assert len({entry["conversation"] for entry in entries}) == 1


def test_an_imitator_is_named_once(recording: Recording) -> None:
    """No other library is taken for one."""
    names = [line for line in recording.environment.logs.splitlines() if NAMES_AN_IMITATOR in line]

    assert len(names) == ("prompt_cache_key_changed" in recording.library.misses)
    assert all("smolagents-codex/" in line for line in names)


def test_says_nothing_private(recording: Recording) -> None:
    """What the proxy and the journal say names neither who it was nor what was said."""
    assert_nothing_private(recording.environment.logs, *SAID)
