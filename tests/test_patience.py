"""A test that waits for what never comes fails."""

import asyncio
import os
import threading
import time
from collections.abc import Callable

import pytest
from support.patience import at_most


def read_from_empty_pipe() -> None:
    end, other = os.pipe()
    try:
        os.read(end, 1)
    finally:
        os.close(end)
        os.close(other)


async def never() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    "wait", [threading.Event().wait, read_from_empty_pipe, lambda: asyncio.run(never())], ids=["thread", "pipe", "loop"]
)
def test_a_wait_that_is_too_long_fails(wait: Callable[[], object]) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"not at its end after 0\.1 seconds"), at_most(0.1):
        wait()


def wait_after_a_wait_that_ends() -> None:
    with at_most(0.1):
        time.sleep(0)
    threading.Event().wait()


def test_the_limit_around_it_is_still_there_afterwards() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"after 0\.2 seconds"), at_most(0.2):
        wait_after_a_wait_that_ends()
