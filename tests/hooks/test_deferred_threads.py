"""A large body is worked on in a thread, a small one at once."""

import asyncio
import gzip
import threading

import pytest
from codexcache.hooks.deferred import LARGE, decode_maybe_in_thread, run_maybe_in_thread
from codexcache.wire.content_encoding import Undecodable


@pytest.mark.parametrize(("size", "goes_on"), [(LARGE, True), (LARGE - 1, False)], ids=["large", "small"])
async def test_the_event_loop_runs_while_a_large_body_is_worked_on(size: int, goes_on: bool) -> None:
    """A small one is worked on without anything in between."""
    gone_on = threading.Event()
    asyncio.get_running_loop().call_soon(gone_on.set)

    assert await run_maybe_in_thread(size, lambda: gone_on.wait(5 if goes_on else 0)) is goes_on


@pytest.mark.parametrize("size", [10, LARGE, 3 * LARGE])
async def test_an_encoded_body_is_decoded_wherever_it_is_done(size: int) -> None:
    assert await decode_maybe_in_thread(gzip.compress(bytes(size)), "gzip", 3 * LARGE) == bytes(size)


@pytest.mark.parametrize(
    ("content", "limit"),
    [(b"no gzip", 100), (gzip.compress(bytes(101)), 100), (gzip.compress(bytes(2 * LARGE + 1)), 2 * LARGE)],
    ids=["damaged", "over a small limit", "over a large limit"],
)
async def test_what_cannot_be_decoded_is_refused_wherever_it_is_tried(content: bytes, limit: int) -> None:
    with pytest.raises(Undecodable):
        await decode_maybe_in_thread(content, "gzip", limit)
