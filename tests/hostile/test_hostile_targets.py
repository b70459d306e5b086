"""What has to hold of each parser holds for the seeds of the fuzzer, and for seeds with a few edits.

`pytest --hypothesis-profile=long tests/hostile` tries 10,000 such inputs for each parser.
"""

import sys
from types import FrameType

import pytest
from codex_fuzz.growth import BOUND, CASES, ratio_of
from codex_fuzz.inputs import mutated
from codex_fuzz.targets import TARGETS, Target
from hypothesis import given
from hypothesis import strategies as st

REACHED = {
    "splice": {"edited"},
    "incremental": {"remember"},
    "turn": {"plan_edits"},
    "frames": {"read_event"},
    "fields": {"with_fields"},
    "claims": {"read_caller"},
    "events": {"feed"},
    "response": {"read_event", "read_body"},
    "coding": {"decoder_for"},
    "journal": {"read_row"},
    "page": {"describe"},
    "capture": {"read_saved_request"},
    "saved": {"read_saved_socket"},
    "summary": {"parts_of"},
    "first-difference": {"first_difference"},
}
"""Functions that the seeds of each target have to reach: too few choices before a text would keep them from it."""

each_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


@each_target
def test_it_holds_for_the_seeds_which_reach_what_is_to_be_tested(target: Target) -> None:
    called = set[str]()

    def note(frame: FrameType, event: str, _: object) -> None:
        called.add(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for text in target.seeds:
            target.check(text)
    finally:
        sys.setprofile(before)

    assert REACHED[target.name] <= called


@each_target
@given(st.data())
def test_it_holds_for_what_is_almost_that(target: Target, data: st.DataObject) -> None:
    target.check(data.draw(mutated(target.seeds)))


def test_every_target_has_a_promise_and_a_name_that_a_file_can_begin_with() -> None:
    assert all(target.promise.endswith(".") for target in TARGETS.values())
    assert all(name.replace("-", "").isalpha() for name in TARGETS)


# The time that a hostile input takes grows with its size and no faster: four times the size, about four times.

SMALL = 16 << 10
"""Bytes of the smaller input: enough to tell a square from a line, where each byte costs anything at all."""


@pytest.mark.parametrize("name", CASES)
def test_the_time_grows_with_the_size_and_no_faster(name: str) -> None:
    assert ratio_of(CASES[name], SMALL) <= BOUND


def test_a_square_is_noticed() -> None:
    """Steps for each pair of 256 bytes, say."""
    square = (lambda steps: sum(1 for _ in range(steps**2)), lambda size: size >> 8)

    assert ratio_of(square, 4 * SMALL) > BOUND
