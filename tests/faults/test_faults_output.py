"""What is printed and written of faults."""

import orjson
from codex_faults import output
from codex_faults.fault import SHORT, Fault, Outcome
from codex_faults.fault_run import FaultRun
from codex_faults.footprint import Footprint, Return
from codex_faults.observation import Observation

SEEN = Observation(status=200, body=b"event", end="cut")
BACK = Return(
    base=Footprint(memory=100, descriptors=10, tasks=("a",)), after=Footprint(memory=103, descriptors=10, tasks=("a",))
)


async def trigger(run: FaultRun) -> list[Observation]:
    """Trigger nothing."""
    return []


FAULT = Fault("backend-cut", "It holds.", trigger)
KEPT = Outcome(fault=FAULT, repeats=2, observed=[SEEN, SEEN], verdicts={"no_usage": 2}, addon=BACK, bare=BACK)
BROKEN = Outcome(fault=FAULT, client=["turn 1: it differs"], journal=[f"line {number}" for number in range(9)])


def test_a_promise_that_was_kept_is_one_line() -> None:
    assert output.line(KEPT).split() == [
        *("backend-cut", "ok", "200,", "5", "bytes,", "cut", "ok", "2", "no_usage"),
        *("ok", "x", "1.03,", "10", "descriptors,", "1", "tasks"),
    ]


def test_what_was_not_kept_stands_out_and_is_said_at_the_end() -> None:
    assert "DIFFERS" in output.line(BROKEN)
    assert "WRONG" in output.line(BROKEN)
    assert output.closing([KEPT, BROKEN], SHORT).splitlines()[1:8] == [
        "backend-cut: It holds.",
        "  turn 1: it differs",
        *(f"  line {number}" for number in range(4)),
        "  and 5 more",
    ]
    assert "\n1 of 2 promises were kept." in output.closing([KEPT, BROKEN], SHORT)


def test_a_fault_that_could_not_be_triggered_says_why_and_is_not_counted_as_kept() -> None:
    skipped = Outcome(fault=FAULT, skipped="it can be brought about on linux only")

    assert "skipped: it can be brought about on linux only" in " ".join(output.line(skipped).split())
    assert "1 of 1 promises" in output.closing([KEPT, skipped], SHORT)
    assert "Not tried here: backend-cut." in output.closing([KEPT, skipped], SHORT)


def test_cells_that_are_too_long_do_not_run_into_the_next() -> None:
    long = Outcome(fault=FAULT, verdicts={"a" * 50: 1})

    assert f"{'a' * 50}  ok" in output.line(long)


def test_the_file_has_everything() -> None:
    document = orjson.loads(output.to_json([KEPT, BROKEN], SHORT))
    first, second = document["faults"]

    assert (document["format"], document["parallel"]) == (output.FORMAT, SHORT.parallel)
    assert (first["name"], first["kept"], second["kept"]) == ("backend-cut", True, False)
    assert first["seen"] == [{"what": "200, 5 bytes, cut", "times": 2}]
    assert first["footprint"]["addon"]["after"] == {"memory": 103, "descriptors": 10, "tasks": ["a"]}
    assert second["footprint"]["addon"] is None
    assert len(second["journal"]) == 9
