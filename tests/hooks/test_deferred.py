"""What follows on a turn is done once the bytes have gone on, in order, whatever fails."""

import asyncio
import socket

import pytest
from codexcache.hooks.deferred import DeferredQueue
from codexcache.hooks.errors import InternalErrors


def fail() -> None:
    raise ValueError("canary")


async def test_what_is_asked_for_is_done_in_order_when_nothing_else_is_left() -> None:
    done: list[int] = []
    deferred = DeferredQueue(InternalErrors())
    for number in range(3):
        deferred.do(lambda number=number: done.append(number))  # type: ignore[misc]
    assert done == []
    await asyncio.sleep(0)

    assert done == [0, 1, 2]


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


async def test_what_is_put_by_is_done_before_what_is_asked_for_next() -> None:
    done: list[int] = []
    deferred = DeferredQueue(InternalErrors())
    deferred.enqueue(lambda: done.append(1))
    await asyncio.sleep(0.01)
    assert done == []
    deferred.do(lambda: done.append(2))
    await asyncio.sleep(0)

    assert done == [1, 2]


def test_where_no_loop_runs_it_is_done_at_once() -> None:
    done: list[int] = []
    DeferredQueue(InternalErrors()).do(lambda: done.append(1))

    assert done == [1]


async def test_whoever_cannot_wait_has_it_done_now_and_once() -> None:
    done: list[int] = []
    deferred = DeferredQueue(InternalErrors())
    deferred.do(lambda: done.append(1))
    deferred.catch_up()
    assert done == [1]
    await asyncio.sleep(0)

    assert done == [1]


async def test_what_it_asks_for_itself_is_done_as_well() -> None:
    done: list[int] = []
    deferred = DeferredQueue(InternalErrors())
    deferred.do(lambda: deferred.do(lambda: done.append(1)))
    await asyncio.sleep(0)

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


async def test_at_the_end_nothing_is_put_off_any_more() -> None:
    done: list[int] = []
    deferred = DeferredQueue(InternalErrors())
    deferred.do(lambda: done.append(1))
    deferred.finish()
    assert done == [1]
    deferred.do(lambda: done.append(2))

    assert done == [1, 2]


def test_what_is_asked_for_in_the_middle_of_something_is_done_once_where_nothing_is_put_off() -> None:
    done: list[int] = []
    deferred = DeferredQueue(InternalErrors())
    deferred.finish()

    def ask_for_more() -> None:
        deferred.do(lambda: done.append(1))
        done.append(2)

    deferred.do(ask_for_more)

    assert done == [1, 2]
