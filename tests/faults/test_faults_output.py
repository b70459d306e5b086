"""What is judged, printed and written of faults."""

import orjson
import pytest
from codex_faults import __main__ as program
from codex_faults.catalogue import catalogue
from codex_faults.clients import Observation
from codex_faults.fault import SHORT, Outcome, Return
from toolkit.probe import Footprint


def footprint(memory: int | None = 100, descriptors: int | None = 10, *tasks: str) -> Footprint:
    """Return a footprint."""
    return Footprint(memory=memory, descriptors=descriptors, tasks=tasks)


@pytest.mark.parametrize(
    ("base", "after", "bare", "expected"),
    [
        ((100, 10), (110, 10), 100, []),
        ((100, 10), (111, 10), 100, ["memory is 1.11 times what it was (at most 1.10)"]),
        ((100, 10), (130, 10), 120, []),
        ((100, 10), (133, 10), 120, ["memory is 1.33 times what it was (at most 1.32)"]),
        ((100, 10), (110, 10), 50, []),
        (
            (100, 10, "a"),
            (100, 12, "a", "a", "b"),
            100,
            ["12 descriptors are open; before there were 10", "2 tasks are left: a, b"],
        ),
        ((None, None, "a"), (None, None, "a"), 100, []),
    ],
)
def test_a_proxy_comes_back_to_what_it_was_but_for_a_tenth_and_what_a_bare_one_grows(
    base: tuple[int, int, str], after: tuple[int, int, str], bare: int, expected: list[str]
) -> None:
    compared = Return(footprint(), footprint(bare))

    assert list(Return(footprint(*base), footprint(*after)).problems(compared)) == expected


FAULT = catalogue()["backend-401"]
SEEN = Observation(status=200, body=b"event", end="cut")
BACK = Return(footprint(100, 10, "a"), footprint(103, 10, "a"))
KEPT = Outcome(fault=FAULT, repeats=2, observed=[SEEN, SEEN], verdicts={"no_usage": 2}, addon=BACK, bare=BACK)
BROKEN = Outcome(fault=FAULT, client=["turn 1: it differs"], journal=[f"line {number}" for number in range(9)])


def test_a_promise_that_was_kept_is_one_line() -> None:
    assert " ".join(program.line(KEPT).split()) == (
        "backend-401 ok 200, 5 bytes, cut ok 2 no_usage ok x 1.03, 10 descriptors, 1 tasks"
    )


def test_what_was_not_kept_stands_out_and_is_said_at_the_end() -> None:
    closing = program.closing([KEPT, BROKEN], SHORT)

    assert "DIFFERS" in program.line(BROKEN)
    assert "WRONG" in program.line(BROKEN)
    assert closing.splitlines()[1:3] == [f"backend-401: {FAULT.promise}", "  turn 1: it differs"]
    assert "  line 3\n  and 5 more\n\n1 of 2 promises were kept." in closing


def test_a_fault_that_could_not_be_triggered_says_why_and_is_not_counted_as_kept() -> None:
    skipped = Outcome(fault=FAULT, skipped="it can be brought about on linux only")

    assert "skipped: it can be brought about on linux only" in " ".join(program.line(skipped).split())
    assert "1 of 1 promises" in program.closing([KEPT, skipped], SHORT)
    assert "Not tried here: backend-401." in program.closing([KEPT, skipped], SHORT)


def test_the_file_has_everything() -> None:
    document = orjson.loads(program.to_json([KEPT, BROKEN], SHORT))
    first, second = document["faults"]

    assert (document["format"], document["parallel"]) == (program.FORMAT, SHORT.parallel)
    assert (first["name"], first["kept"], second["kept"]) == ("backend-401", True, False)
    assert first["seen"] == [{"what": "200, 5 bytes, cut", "times": 2}]
    assert first["footprint"]["addon"]["after"] == {"memory": 103, "descriptors": 10, "tasks": ["a"]}
    assert (second["footprint"]["addon"], len(second["journal"])) == (None, 9)
