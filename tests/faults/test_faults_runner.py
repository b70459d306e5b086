"""Faults at real proxies: promises that hold are kept, those that do not are found out, also in the journal."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from codex_faults import fixture
from codex_faults.catalogue import catalogue
from codex_faults.clients import Observation
from codex_faults.fault import Fault, Profile, audit, run_fault
from codex_faults.fault_run import Expected, FaultRun, Journal
from codexcache.output.journal import Pseudonyms

type Fixtures = tuple[fixture.Fixture, fixture.Fixture]

ONCE = Profile(warm=1, rounds=1, heavy_warm=1, heavy_rounds=1, parallel=5)


@pytest.fixture
async def fixtures(tmp_path: Path) -> AsyncIterator[Fixtures]:
    """Both fixtures, with their proxies."""
    async with AsyncExitStack() as stack:
        addon = await stack.enter_async_context(fixture.running(fixture.ADDON, tmp_path / "addon"))
        yield addon, await stack.enter_async_context(fixture.running(fixture.BARE, tmp_path / "bare"))


async def test_promises_are_kept(fixtures: Fixtures) -> None:
    finished = [
        await run_fault(catalogue()[name], *fixtures, ONCE)
        for name in ("backend-cut-mid-event", "client-gone-mid-socket", "many-streams", "journal-renamed")
    ]
    audit(finished)

    assert [outcome.problems for outcome, _ in finished] == [[]] * 4
    assert [len(outcome.observed) for outcome, _ in finished] == [2, 2, 10, 8]
    assert finished[0][0].verdicts["no_usage"] == 2


async def test_what_is_not_as_it_should_be_is_found_out(fixtures: Fixtures) -> None:
    async def trigger(run: FaultRun) -> list[Observation]:
        observed = await run.whole(run.turn(None, "rejected"))
        return [replace(observed, status=418 if run.fixture.name == fixture.ADDON else observed.status)]

    outcome, _ = await run_fault(Fault("a-lie", "It holds.", trigger), *fixtures, ONCE)

    assert outcome.client[0].startswith("turn 1: 418, ")
    assert outcome.journal == ["a-lie-00001 was told as cold, hit"]


async def test_a_fault_that_does_not_finish_is_not_kept_and_another_systems_is_skipped(
    fixtures: Fixtures,
) -> None:
    async def trigger(run: FaultRun) -> list[Observation]:
        raise TimeoutError

    endless = Fault("no-end", "It holds.", trigger)
    broken, skipped = [(await run_fault(each, *fixtures, ONCE))[0] for each in (endless, replace(endless, system="x"))]

    assert broken.client == [f"it did not finish: TimeoutError ({name})" for name in ("addon", "bare")]
    assert skipped.skipped == "it can be brought about on x only"


PSEUDONYMS = Pseudonyms(b"s" * 32)


def journal(*turns: tuple[str, str]) -> Journal:
    """Return a journal of turns with these keys and verdicts."""
    return Journal(orjson.dumps({"key": PSEUDONYMS.of("key", key), "verdict": verdict}) for key, verdict in turns)


@pytest.mark.parametrize(
    ("entries", "allowed", "verdicts", "problem"),
    [
        (1, ("hit", "cold"), ["hit"], None),
        (2, (), ["hit", "cold"], None),
        (1, (), ["hit", "hit"], "a is in the journal 2 times instead of 1"),
        (1, (), [], "a is in the journal 0 times instead of 1"),
        (0, (), ["hit"], "a is in the journal 1 times instead of 0"),
        (2, ("no_usage",), ["hit", "no_usage"], "a was told as hit, no_usage"),
    ],
)
def test_each_turn_is_there_as_often_as_expected_with_a_verdict_that_is_allowed(
    entries: int, allowed: tuple[str, ...], verdicts: list[str], problem: str | None
) -> None:
    expected = Expected()
    expected.add("a", entries, *allowed)
    written = journal(("another", "miss"), *(("a", verdict) for verdict in verdicts))

    assert list(expected.problems(written, PSEUDONYMS)) == ([problem] if problem else [])


def test_verdicts_are_counted_for_the_turns_that_are_expected() -> None:
    expected = Expected()
    expected.add("a", 2)

    assert expected.verdicts(journal(("a", "hit"), ("a", "hit"), ("b", "hit")), PSEUDONYMS) == {"hit": 2}


def test_lines_that_are_no_entries_are_counted() -> None:
    assert Journal([b'{"key":"x","verdict":"hit"}', b'{"key":"x"', b"[]", b'{"verdict":"hit"}']).torn == 3
