"""A large body is worked on in a thread, a small one at once."""

import asyncio
import gzip
import threading

import pytest
from codexcache.hooks.deferred import LARGE, decode_maybe_in_thread, run_maybe_in_thread
from codexcache.wire.content_encoding import Undecodable


async def test_the_event_loop_goes_on_while_a_large_body_is_worked_on() -> None:
    gone_on = threading.Event()
    asyncio.get_running_loop().call_soon(gone_on.set)

    assert await run_maybe_in_thread(LARGE, lambda: gone_on.wait(5))


async def test_a_small_body_is_worked_on_without_anything_in_between() -> None:
    gone_on = threading.Event()
    asyncio.get_running_loop().call_soon(gone_on.set)

    assert not await run_maybe_in_thread(LARGE - 1, gone_on.is_set)


async def test_what_fails_in_a_thread_is_raised_where_it_is_waited_for() -> None:
    def fail() -> None:
        raise ValueError("it is not JSON")

    with pytest.raises(ValueError, match="it is not JSON"):
        await run_maybe_in_thread(LARGE, fail)


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
