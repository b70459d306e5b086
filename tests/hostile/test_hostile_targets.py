"""What has to hold of each parser holds for the seeds of the fuzzer, and for seeds with a few edits."""

import pytest
from codex_fuzz.mutations import mutated
from codex_fuzz.patient import lines_reached
from codex_fuzz.targets import TARGETS, Target
from hypothesis import given
from hypothesis import strategies as st

each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


@each_target
def test_it_holds_for_what_clients_and_strangers_send(target: Target) -> None:
    for text in target.seeds():
        target.check(text)


@each_target
@given(st.data())
def test_it_holds_for_what_is_almost_that(target: Target, data: st.DataObject) -> None:
    target.check(data.draw(mutated(target.seeds())))


REACHED = {
    "splice": "edited",
    "known-head": "remember",
    "turn": "seal",
    "frames": "read_event",
    "fields": "with_fields",
    "claims": "read_caller",
    "events": "feed",
    "response": "read_event",
    "whole-response": "read_body",
    "damaged-response": "decoder_for",
    "coding": "decode",
    "journal": "read_row",
    "page": "describe",
    "capture": "recall_request",
    "saved": "recall_socket",
    "portrait": "parts_of",
    "excerpt": "first_difference",
}


@each_target
def test_the_seeds_reach_what_is_to_be_tested(target: Target) -> None:
    """A seed behind too few choices, or too many, would be refused at the door."""
    with lines_reached() as lines:
        for text in target.seeds():
            target.check(text)

    assert REACHED[target.name] in {code.co_name for code, _ in lines}


@each_target
def test_every_target_says_what_it_promises(target: Target) -> None:
    assert target.promise.endswith(".")
    assert target.seeds()


def test_targets_have_names_that_a_file_can_begin_with() -> None:
    names = [target.name for target in TARGETS]

    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalpha() for name in names)
