"""The share of its input that an agent reads from the cache, as it sends its turns and as the addon does.

The embedded backend routes by `session-id` alone here, as public reports say of the real one since July 2026
(mcowger/plexus#725). An agent that lacks it is recorded twice, first with `codex_mode=observe`, which changes nothing;
what others lack, this backend does not read.
"""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from client_tests import page
from client_tests.cases import ROWS, Case, Row, parameters
from client_tests.environment import Entry
from client_tests.recordings import Recording, converse

INPUT, CACHED = "gen_ai.usage.input_tokens", "gen_ai.usage.cache_read.input_tokens"


@pytest.mark.parametrize("row", parameters(row for row in ROWS if "regular" in row.ways))
def test_most_is_read_with_the_addon(
    row: Row, tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    """Every agent reads about half of its input and more, and those that it is added for far more than before."""
    modes = ("observe", "fill") if "session-id" in row.adds else ("fill",)
    shares = [share(recorded(row, tmp_path_factory.mktemp(mode), mode)) for mode in modes]
    record_property("cached share", (str(row), f"{shares[0]:.0%}", f"{shares[-1]:.0%}"))
    written = [int(each) / 100 for each in re.findall(r"\d+(?=%)", page.cells(str(row))[-1])]

    assert written == pytest.approx([shares[0], shares[-1]], abs=0.05)  # a prompt holds paths, which differ in length

    assert shares[-1] > 0.4
    assert len(shares) == 1 or shares[1] > shares[0] + 0.2


def recorded(row: Row, folder: Path, mode: str) -> Recording:
    """Record a conversation over the agent's first transport, in one of the addon's modes."""
    rules = {"session_headers": ["session-id"]}
    return asyncio.run(
        converse(Case(row, row.transports[0], "regular"), folder, options={"codex_mode": mode}, rules=rules)
    )


def share(recording: Recording) -> float:
    """Return which part of all input tokens was read from the cache; warm-ups are none."""
    turns = [turn.entry for turn in recording.turns if turn.part != "warm-up"]
    return total(turns, CACHED) / total(turns, INPUT)


def total(entries: list[Entry], field: str) -> int:
    """Return the sum of a counter."""
    return sum(entry[field] for entry in entries)
