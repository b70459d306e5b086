"""Every turn of every labelled conversation is named right, over each way on which it can come."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import orjson
import pytest
from codexcache.verdicts import VERDICTS
from corpus import CASES
from corpus.player import Found, play
from corpus.random_conversations import random_conversation
from corpus.talk import Case, Path, Step

_CALLER = ("authorization", "chatgpt-account-id")
"""Headers that say who sends a turn."""


def is_found_again(case: Case) -> bool:
    """Return True if a store finds each turn's predecessor: by an answer that is repeated, for the same caller.

    It does not find one by an answer that was given twice, nor without a key or a session in `observe`. It keeps one of
    two branches of a turn that were sent by different starts of the proxy, and not how many turns a key carried.
    """
    pairs = [(step, case.steps[known - 1]) for step in case.steps if isinstance(known := step.label.predecessor, int)]
    has_ids = all({"session-id", "prompt_cache_key"} & {*step.headers, *step.body} for step in case.steps)
    is_known = case.mode != "observe" or has_ids
    is_lost = any("key_overloaded" in step.label.verdicts or not step.remembers for step in case.steps)
    extending = [step for step in case.steps if step.label.predecessor]
    has_branches = len({other.number for _, other in pairs}) < len(extending)
    answers = [orjson.dumps(step.answer.outputs) for step in case.steps if step.answer.outputs]
    if not (pairs and is_known) or is_lost or has_branches or len(set(answers)) < len(answers):
        return False
    return all(_finds(step, other) for step, other in pairs)


def _finds(step: Step, other: Step) -> bool:
    given = step.body["input"]
    repeats = isinstance(given, list) and any(item in given for item in other.answer.outputs)
    return repeats and all(step.headers.get(name) == other.headers.get(name) for name in _CALLER)


PLAYED = [pytest.param(case, path, id=f"{case.about}, {path}") for case in CASES for path in case.paths]


RESTARTED = [case for case in CASES if "http" in case.paths and is_found_again(case)]
"""Conversations of which a store finds each turn's predecessor."""


@pytest.mark.parametrize(("case", "path"), PLAYED)
def test_every_turn_is_named_right_and_its_sentence_says_what_it_should(case: Case, path: Path) -> None:
    findings = play(case, path)
    turns = list(zip(case.steps, findings, strict=True))

    assert [fault for step, found in turns for fault in _faults(step, found, findings)] == []


@pytest.mark.parametrize("case", RESTARTED, ids=lambda case: case.about)
def test_a_restart_between_any_two_turns_changes_no_verdict(case: Case) -> None:
    restarted = replace(case, steps=list(_with_restarts(case.steps)))
    findings = play(restarted, "http")
    turns = list(zip(case.steps, findings, strict=True))

    assert len({step.run for step in restarted.steps}) > 1
    assert [fault for step, found in turns for fault in _misnamed(step, found, findings)] == []


@pytest.mark.parametrize("path", ["http", "websocket"])
@pytest.mark.parametrize("seed", range(25))
def test_no_miss_is_named_by_a_cause_that_it_did_not_have(seed: int, path: Path) -> None:
    case, causes = random_conversation(seed, 20)
    found = [found.diagnosis.verdict.name for found in play(case, path)]
    wrong = [(n, name, cause) for n, (name, cause) in enumerate(zip(found, causes, strict=True)) if name != cause]

    assert [case for case in wrong if case[1] != "hit" and case[0] > 0] == []
    assert found[0] == "cold"


def test_the_corpus_holds_every_verdict_and_cites_a_source_for_each_conversation() -> None:
    labels = [step.label for case in CASES for step in case.steps]

    assert {label.verdicts[0] for label in labels} == set(VERDICTS)
    assert [case.about for case in CASES if "/" not in case.source] == []
    assert len({case.about for case in CASES}) == len(CASES) >= 200


def _with_restarts(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield the turns with a restart of the proxy before each that is sent while no other is in progress."""
    run, busy_until = 0, 0.0
    for step in steps:
        run += step.at >= busy_until
        busy_until = max(busy_until, step.ended_at)
        yield replace(step, run=run, remembers=True)


def _faults(step: Step, found: Found, findings: list[Found]) -> Iterator[str]:
    """Yield what is wrong in what was said of a turn."""
    label, verdict = step.label, found.diagnosis.verdict
    low, high = label.resent or (verdict.resent, verdict.resent)
    pairs = {
        "blame": (verdict.blame, _open(label.blame if verdict.resent else "", verdict.blame)),
        "edit": (verdict.edit, _open(label.edit, verdict.edit)),
        "volatile": (verdict.volatile, _open(label.volatile, verdict.volatile)),
    }
    wrong = [f"{part} is {is_one!r}, not {should!r}" for part, (is_one, should) in pairs.items() if is_one != should]
    resent = [] if low <= verdict.resent <= high else [f"{verdict.resent} re-sent tokens, not {low} to {high}"]
    order = [] if list(verdict.changes) == sorted(verdict.changes, key=VERDICTS.index) else ["changes are in no order"]
    unheard = [f"unsaid: {part!r} in {verdict.because!r}" for part in label.unheard(verdict.because)]
    said = [*wrong, *resent, *order, *unheard, *([] if verdict.because else ["nothing is said"])]
    yield from itertools.chain(_misnamed(step, found, findings), (f"turn {step.number}: {fault}" for fault in said))


def _misnamed(step: Step, found: Found, findings: list[Found]) -> Iterator[str]:
    """Yield what is wrong in a turn's verdict, its changes and its predecessor."""
    label, verdict = step.label, found.diagnosis.verdict
    pairs = {
        "verdict": (verdict.name, verdict.name if verdict.name in label.verdicts else "/".join(label.verdicts)),
        "changes": (set(verdict.changes), _changes(step, found, findings)),
        "predecessor": (found.predecessor, found.predecessor if label.predecessor == "any" else label.predecessor),
    }
    for part, (is_one, should) in pairs.items():
        if is_one != should:
            yield f"turn {step.number}: {part} is {is_one!r}, not {should!r}"


def _open[T](label: T | None, found: T) -> T:
    """Return what a part of a label asks for: what was found, where it is open."""
    return found if label is None else label


def _changes(step: Step, found: Found, findings: list[Found]) -> set[str]:
    """Return the changes to be found. A changed handshake needs a new socket, which is a difference as well."""
    if step.label.changes is None:
        return set(found.diagnosis.verdict.changes)
    if not isinstance(step.label.predecessor, int):
        return set(step.label.changes)
    mine, other = found.diagnosis.record.route, findings[step.label.predecessor - 1].diagnosis.record.route
    return {*step.label.changes, *(["transport_changed"] if mine.socket != other.socket else [])}
