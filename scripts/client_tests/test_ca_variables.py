"""Which variables a client hears: told the proxy's CA by all the others, it refuses the proxy's certificate.

That each variable that it is said to hear suffices, its conversations show, which are told by that one alone.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest
from toolkit.process import Program

from client_tests.cases import ROWS, Row, parameters
from client_tests.environment import CA_VARIABLES, Environment, distrusting
from client_tests.library_cases import LIBRARIES, Library, converse

REFUSED = r"does not trust mitmproxy's CA for 'chatgpt\.com'"
"""The addon's own words."""


@pytest.mark.parametrize("row", parameters(row for row in ROWS if "regular" in row.ways))
async def test_an_agent_hears_no_other(row: Row, tmp_path: Path) -> None:
    async with distrusting(tmp_path, others(row.hears)) as (environment, proxy):
        await assert_refuses(proxy, environment, row.logged_in(environment).run("Hello to you."))


@pytest.mark.python
@pytest.mark.parametrize("library", LIBRARIES, ids=str)
async def test_a_library_hears_no_other(library: Library, tmp_path: Path) -> None:
    async with distrusting(tmp_path, others((library.hears,))) as (environment, proxy):
        await assert_refuses(proxy, environment, converse(library, environment))


def others(heard: Sequence[str]) -> list[str]:
    """Return the variables but these."""
    return [name for name in CA_VARIABLES if name not in heard]


async def assert_refuses(proxy: Program, environment: Environment, work: Coroutine[Any, Any, object]) -> None:
    """Check that the proxy says so and that no turn came; a client that would try again for long is stopped."""
    run = asyncio.create_task(work)
    try:
        await proxy.says(REFUSED)
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
    assert not (environment.folder / "sent.jsonl").exists() or environment.sent == []
