"""The suite's own client, against a running backend without any proxy."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from codex_faults.clients import HTTP, WEBSOCKET, Client, connect
from codex_faults.requests import cached_tokens, complete
from embedded_backend import Backend, Rules
from embedded_backend.breaks import Break

TURN = complete("key")


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    """A backend for one test."""
    async with Backend(home=tmp_path) as running:
        yield running


@pytest.fixture(params=[HTTP, WEBSOCKET])
async def client(request: pytest.FixtureRequest, backend: Backend) -> AsyncIterator[Client]:
    """A connection of either kind."""
    opened = await connect(backend.connect_port, trusting(backend), request.param)
    yield opened
    await opened.close()


def trusting(backend: Backend) -> ssl.SSLContext:
    """Return TLS settings that trust the backend's CA."""
    return ssl.create_default_context(cafile=str(backend.ca_file))


async def test_turns_follow_each_other_on_one_connection(client: Client) -> None:
    sizes = []
    for _ in range(2):
        await client.send(TURN)
        observed = await client.rest()
        sizes.append((observed.end, cached_tokens(observed.body) > 0))

    assert sizes == [("complete", False), ("complete", True)]


async def test_as_many_events_are_read_as_one_likes(client: Client, backend: Backend) -> None:
    backend.breaks.add(TURN.key, Break(hold_after=3))
    await client.send(TURN)
    await client.until(3)

    assert (client.events, client.observed().end) == (3, "left")


async def test_all_events_are_counted(client: Client) -> None:
    await client.send(TURN)
    await client.rest()

    assert client.events == 8 + Rules().deltas


@pytest.mark.parametrize("broken", [Break(cut_after=2, torn=True), Break(unanswered=True)])
async def test_a_cut_is_observed_as_one(client: Client, backend: Backend, broken: Break) -> None:
    backend.breaks.add(TURN.key, broken)
    await client.send(TURN)

    assert (await client.rest()).end == "cut"


async def test_a_client_that_leaves_is_noticed_at_the_other_end(client: Client, backend: Backend) -> None:
    backend.breaks.add(TURN.key, Break(hold_after=1))
    await client.send(TURN)
    await backend.breaks.held(1)

    assert client.leave().end == "left"
    await backend.breaks.held(0)


async def test_a_close_frame_is_told_from_a_cut(backend: Backend) -> None:
    client = await connect(backend.connect_port, trusting(backend), WEBSOCKET)
    backend.breaks.add(TURN.key, Break(cut_after=1))
    await client.send(TURN)
    observed = await client.rest()
    await client.close()

    assert (observed.end, observed.close_code) == ("closed", 1011)


async def test_a_refused_upgrade_is_kept_with_its_body(tmp_path: Path) -> None:
    async with Backend(Rules(upgrade_status=426), home=tmp_path) as backend:
        client = await connect(backend.connect_port, trusting(backend), WEBSOCKET)
        await client.send(TURN)
        observed = await client.rest()
        await client.close()

    assert (observed.status, observed.end) == (426, "refused")
    assert b"Upgrade refused." in observed.body


async def test_tls_that_fails_is_a_refusal(backend: Backend) -> None:
    with pytest.raises(ssl.SSLError):
        await connect(backend.connect_port, ssl.create_default_context())
