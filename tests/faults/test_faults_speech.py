"""The suite's own client, against a running backend without any proxy."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from codex_faults import speech
from codex_faults.talk import Refused, Talk
from codex_faults.turns import broken, cached_tokens
from embedded_backend import Backend, Rules
from embedded_backend.breaks import Break

TURN = broken("key")

Open = Callable[[], Awaitable[Talk]]


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    """A backend for one test."""
    async with Backend(home=tmp_path) as running:
        yield running


@pytest.fixture(params=[speech.http, speech.websocket])
async def talk(request: pytest.FixtureRequest, backend: Backend) -> AsyncIterator[Talk]:
    """A connection of either kind."""
    opened = await request.param(backend.connect_port, ssl.create_default_context(cafile=str(backend.ca_file)))
    yield opened
    await opened.close()


async def test_turns_follow_each_other_on_one_connection(talk: Talk) -> None:
    sizes = []
    for _ in range(2):
        await talk.send(TURN)
        seen = await talk.rest()
        sizes.append((seen.end, cached_tokens(seen.body) > 0))

    assert sizes == [("complete", False), ("complete", True)]


async def test_as_many_events_are_read_as_one_likes(talk: Talk, backend: Backend) -> None:
    backend.breaks.add(TURN.key, Break(hold_after=3))
    await talk.send(TURN)
    await talk.until(3)

    assert (talk.events, talk.seen().end) == (3, "left")


async def test_all_events_are_counted(talk: Talk) -> None:
    await talk.send(TURN)
    await talk.rest()

    assert talk.events == 8 + Rules().deltas


@pytest.mark.parametrize("broken", [Break(cut_after=2, torn=True), Break(unanswered=True)])
async def test_a_cut_is_seen_as_one(talk: Talk, backend: Backend, broken: Break) -> None:
    backend.breaks.add(TURN.key, broken)
    await talk.send(TURN)

    assert (await talk.rest()).end == "cut"


async def test_a_client_that_leaves_is_noticed_at_the_other_end(talk: Talk, backend: Backend) -> None:
    backend.breaks.add(TURN.key, Break(hold_after=1))
    await talk.send(TURN)
    await backend.breaks.held(1)

    assert talk.leave().end == "left"
    await backend.breaks.held(0)


async def test_a_farewell_is_told_from_a_cut(backend: Backend) -> None:
    talk = await speech.websocket(backend.connect_port, ssl.create_default_context(cafile=str(backend.ca_file)))
    backend.breaks.add(TURN.key, Break(cut_after=1))
    await talk.send(TURN)
    seen = await talk.rest()
    await talk.close()

    assert (seen.end, seen.close_code) == ("closed", 1011)


async def test_a_refused_upgrade_is_kept_with_its_body(tmp_path: Path) -> None:
    async with Backend(Rules(upgrade_status=426), home=tmp_path) as backend:
        talk = await speech.websocket(backend.connect_port, ssl.create_default_context(cafile=str(backend.ca_file)))
        await talk.send(TURN)
        seen = await talk.rest()
        await talk.close()

    assert (seen.status, seen.end) == (426, "refused")
    assert b"Upgrade refused." in seen.body


async def test_tls_that_fails_is_a_refusal(backend: Backend) -> None:
    with pytest.raises(Refused, match="SSL"):
        await speech.http(backend.connect_port, ssl.create_default_context())
