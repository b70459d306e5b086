"""The turns that the suite sends, its own client against a running backend, and what two clients saw, compared."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest
from codex_faults.clients import (
    HTTP,
    WEBSOCKET,
    Client,
    Observation,
    cached_tokens,
    complete,
    connect,
    differences,
    large,
    ordinary,
)
from embedded_backend import Backend, Rules
from embedded_backend.rules import Break
from support.embedded import trust

TURN = complete("key")


@pytest.fixture(params=[HTTP, WEBSOCKET])
async def client(request: pytest.FixtureRequest, backend: Backend) -> AsyncIterator[Client]:
    """A connection of either kind."""
    opened = await connect(backend.connect_port, trust(backend), request.param)
    yield opened
    await opened.close()


async def test_turns_follow_each_other_on_one_connection(client: Client) -> None:
    sizes = []
    for _ in range(2):
        await client.send(TURN)
        observed = await client.rest()
        sizes.append((observed.end, cached_tokens(observed.body) > 0))

    assert sizes == [("complete", False), ("complete", True)]
    assert client.events == 8 + Rules().deltas


@pytest.mark.parametrize("broken", [Break(cut_after=2, torn=True), Break(unanswered=True)], ids=["torn", "unanswered"])
async def test_a_cut_is_observed_as_one(client: Client, backend: Backend, broken: Break) -> None:
    """A torn answer has half of the next event or frame too."""
    backend.breaks.add(TURN.key, broken)
    await client.send(TURN)
    observed = await client.rest()

    assert (observed.end, client.events) == ("cut", broken.cut_after or 0)
    assert (b"response.output_item.added" in observed.body) is broken.torn


async def test_a_client_may_leave_after_some_events_which_the_other_end_notices(
    client: Client, backend: Backend
) -> None:
    backend.breaks.add(TURN.key, Break(hold_after=3))
    await client.send(TURN)
    await client.until(3)
    await backend.breaks.held(1)

    assert (client.events, client.leave().end) == (3, "left")
    await backend.breaks.held(0)


async def test_a_close_frame_is_told_from_a_cut(backend: Backend) -> None:
    client = await connect(backend.connect_port, trust(backend), WEBSOCKET)
    backend.breaks.add(TURN.key, Break(cut_after=1))
    await client.send(TURN)
    observed = await client.last()

    assert (observed.end, observed.close_code) == ("closed", 1011)


@pytest.mark.parametrize(("status", "part"), [(403, b"Just a moment..."), (426, b"Upgrade refused.")])
async def test_a_refused_upgrade_is_kept_with_its_body(backend: Backend, status: int, part: bytes) -> None:
    backend.rules = Rules(upgrade_status=status)
    client = await connect(backend.connect_port, trust(backend), WEBSOCKET)
    await client.send(TURN)
    observed = await client.last()

    assert (observed.status, observed.end) == (status, "refused")
    assert part in observed.body


async def test_tls_that_fails_is_a_refusal(backend: Backend) -> None:
    with pytest.raises(ssl.SSLError):
        await connect(backend.connect_port, ssl.create_default_context())


def test_a_complete_turn_has_all_that_the_addon_could_add_and_an_ordinary_one_over_http_no_session() -> None:
    turn, over_http, over_socket = complete("key"), ordinary("key", socket=False), ordinary("key", socket=True)

    assert orjson.loads(turn.body)["prompt_cache_key"] == "key"
    assert orjson.loads(turn.frame) == {"type": "response.create"} | orjson.loads(turn.body)
    assert [("session-id", "key") in each.fields for each in (turn, over_http, over_socket)] == [True, False, True]


def test_no_two_keys_have_a_prompt_in_common_and_a_large_answer_is_asked_for_by_a_large_command() -> None:
    for make in (complete, large):
        one, other = (orjson.loads(make(key).body)["input"] for key in ("a", "b"))
        assert one != other

    assert len(large("key").body) > 1_000_000


@pytest.mark.parametrize(
    ("events", "tokens"),
    [
        (b'{"cached_tokens":1}, {"cached_tokens":2048,"x":0}', 2048),
        (b'{"cached_tokens":1}, {"cached_tokens":128}', 128),
        (b"event: error", 0),
    ],
)
def test_cached_tokens_are_the_last_ones_that_were_told(events: bytes, tokens: int) -> None:
    assert cached_tokens(events) == tokens


SEEN = Observation(200, ((b"server", b"x"),), b"event: a\n\n", end="complete")


def test_what_is_made_up_for_each_response_makes_no_difference() -> None:
    one, other = (
        replace(
            SEEN,
            fields=((b"date", date), (b"x-request-id", b"%s0000000-0000-4000-8000-000000000001" % digit)),
            body=b'{"id":"resp_%s","created_at":%d,"via":"127.0.0.1:%d"}' % (digit * 32, second, port),
        )
        for digit, date, second, port in ((b"1", b"Mon", 1763700000, 40001), (b"2", b"Tue", 1763700001, 50002))
    )

    assert differences([one, SEEN], [other, SEEN]) == []
    assert differences([replace(SEEN, body=b"resp_" + b"1" * 32)], [replace(SEEN, body=b"resp_" + b"1" * 31)])


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (
            replace(SEEN, end="cut", body=b"event: a"),
            "200, 8 bytes, cut; without the addon 200, 10 bytes, complete",
        ),
        (replace(SEEN, fields=(*SEEN.fields, (b"via", b"y"))), "the field (b'via', b'y'); without the addon None"),
        (
            replace(SEEN, body=b"event: b\n\n"),
            "byte 7 of the body: b'event: b\\n\\n'; without the addon b'event: a\\n\\n'",
        ),
    ],
)
def test_what_differs_first_is_named(seen: Observation, said: str) -> None:
    assert differences([SEEN, seen], [SEEN, SEEN]) == [f"turn 2: {said}"]


def test_a_turn_that_only_one_of_them_had_is_a_difference() -> None:
    assert differences([SEEN], []) == ["turn 1: seen only with the addon"]
    assert differences([], [SEEN]) == ["turn 1: seen only without the addon"]


def test_what_was_seen_is_summarised() -> None:
    others = Observation(end="refused", note="TLS"), Observation(end="closed", close_code=1000)

    assert [one.in_short() for one in (SEEN, *others)] == ["200, 10 bytes, complete", "refused (TLS)", "closed 1000"]
