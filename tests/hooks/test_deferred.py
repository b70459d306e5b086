"""What follows on a turn is done once the bytes have gone on, in order, and a large body is worked on in a thread."""

import asyncio
import gzip
import socket
import threading

import pytest
from codexcache.body.slices import Steps
from codexcache.hooks.deferred import LARGE, DeferredQueue, decode_maybe_in_thread, run_maybe_in_thread, take_steps
from codexcache.hooks.errors import InternalErrors
from codexcache.wire.content_encoding import Undecodable


@pytest.fixture
def deferred() -> DeferredQueue:
    """With nothing to do."""
    return DeferredQueue(InternalErrors())


def fail() -> None:
    raise ValueError("canary")


async def test_work_is_done_in_order_behind_what_was_put_by_when_nothing_else_is_left(
    deferred: DeferredQueue,
) -> None:
    done: list[int] = []
    deferred.enqueue(lambda: done.append(1))
    await asyncio.sleep(0)
    for number in (2, 3):
        deferred.do(lambda number=number: done.append(number))  # type: ignore[misc]
    assert done == []
    await asyncio.sleep(0)

    assert done == [1, 2, 3]


async def test_it_is_done_before_anything_that_arrives_is_taken_in() -> None:
    loop, heard = asyncio.get_running_loop(), list[str]()
    reading, writing = socket.socketpair()
    with reading, writing:
        writing.send(b"x")
        loop.add_reader(reading, lambda: heard.append("arrived"))
        DeferredQueue(InternalErrors()).do(lambda: heard.append("done"))
        while "arrived" not in heard:
            await asyncio.sleep(0)
        loop.remove_reader(reading)

    assert heard[:2] == ["done", "arrived"]


async def test_a_caller_that_cannot_wait_has_it_done_now_and_once(deferred: DeferredQueue) -> None:
    """What it asks for itself is done as well."""
    done: list[int] = []
    deferred.do(lambda: deferred.do(lambda: done.append(1)))
    deferred.catch_up()
    assert done == [1]
    await asyncio.sleep(0)

    assert done == [1]


def test_where_no_loop_runs_it_is_done_at_once(deferred: DeferredQueue) -> None:
    done: list[int] = []
    deferred.do(lambda: deferred.do(lambda: done.append(1)))

    assert done == [1]


async def test_what_fails_is_noted_and_keeps_nothing_else_from_being_done(caplog: pytest.LogCaptureFixture) -> None:
    done, faults = list[int](), InternalErrors()
    deferred = DeferredQueue(faults)
    for work in (lambda: done.append(1), fail, lambda: done.append(2)):
        deferred.do(work)
    await asyncio.sleep(0)

    assert done == [1, 2]
    assert ["ValueError" in line for line in faults.lines()] == [True]
    assert "canary" not in caplog.text


async def test_at_the_end_nothing_is_put_off_any_more(deferred: DeferredQueue) -> None:
    """What is asked for in the middle of something is done once."""
    done: list[int] = []
    deferred.do(lambda: done.append(1))
    deferred.finish()
    assert done == [1]

    def ask_for_more() -> None:
        deferred.do(lambda: done.append(2))
        done.append(3)

    deferred.do(ask_for_more)

    assert done == [1, 2, 3]


@pytest.mark.parametrize(("size", "goes_on"), [(LARGE, True), (LARGE - 1, False)], ids=["large", "small"])
async def test_the_event_loop_runs_while_a_large_body_is_worked_on(size: int, goes_on: bool) -> None:
    """A small one is worked on without anything in between."""
    gone_on = threading.Event()
    asyncio.get_running_loop().call_soon(gone_on.set)

    assert await run_maybe_in_thread(size, lambda: gone_on.wait(5 if goes_on else 0)) is goes_on


async def test_the_event_loop_runs_between_two_steps_and_while_a_long_one_is_taken() -> None:
    between, gone_on = list[int](), threading.Event()

    def steps() -> Steps[bool]:
        asyncio.get_running_loop().call_soon(between.append, 1)
        yield False
        between.append(2)
        asyncio.get_running_loop().call_soon(gone_on.set)
        yield True
        return gone_on.wait(5)

    assert await take_steps(steps())
    assert between == [1, 2]


async def test_what_a_step_raises_is_raised() -> None:
    def steps(*, is_long: bool) -> Steps[None]:
        yield is_long
        raise LookupError

    for is_long in (True, False):
        with pytest.raises(LookupError):
            await take_steps(steps(is_long=is_long))


@pytest.mark.parametrize("level", [0, 9])
@pytest.mark.parametrize("size", [10, LARGE, 3 * LARGE])
async def test_an_encoded_body_is_decoded_wherever_it_is_done(size: int, level: int) -> None:
    assert await decode_maybe_in_thread(gzip.compress(bytes(size), level), "gzip", 3 * LARGE) == bytes(size)


@pytest.mark.parametrize(
    ("content", "limit"),
    [(b"no gzip", 100), (gzip.compress(bytes(101)), 100), (gzip.compress(bytes(2 * LARGE + 1)), 2 * LARGE)],
    ids=["damaged", "over a small limit", "over a large limit"],
)
async def test_what_cannot_be_decoded_is_refused_wherever_it_is_tried(content: bytes, limit: int) -> None:
    with pytest.raises(Undecodable):
        await decode_maybe_in_thread(content, "gzip", limit)
