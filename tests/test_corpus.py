"""Every turn of every labelled conversation is named right, over each way on which it can come."""

import pytest
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.verdicts import VERDICTS
from corpus import CASES
from corpus.player import play
from corpus.random_conversations import random_conversation
from corpus.talk import Case, Path, Step

PLAYED = [pytest.param(case, path, id=f"{case.about}, {path}") for case in CASES for path in case.paths]


@pytest.mark.parametrize(("case", "path"), PLAYED)
def test_every_turn_is_named_right_and_its_sentence_says_what_it_should(case: Case, path: Path) -> None:
    findings = play(case, path)
    because = [diagnosis.verdict.because for diagnosis in findings]

    assert [_label(step, findings) for step in case.steps] == [_found(diagnosis) for diagnosis in findings]
    assert [sentence for sentence, step in zip(because, case.steps, strict=True) if step.said not in sentence] == []
    assert all(because)


@pytest.mark.parametrize("path", ["http", "websocket"])
@pytest.mark.parametrize("seed", range(25))
def test_no_miss_is_named_by_a_cause_that_it_did_not_have(seed: int, path: Path) -> None:
    case, causes = random_conversation(seed, 16)
    found = [diagnosis.verdict.name for diagnosis in play(case, path)]
    wrong = [(n, name, cause) for n, (name, cause) in enumerate(zip(found, causes, strict=True)) if name != cause]

    assert [case for case in wrong if case[1] != "hit" and case[0] > 0] == []
    assert found[0] == "cold"


def test_the_corpus_holds_every_verdict_and_cites_a_source_for_each_conversation() -> None:
    assert {step.verdict for case in CASES for step in case.steps} == set(VERDICTS)
    assert [case.about for case in CASES if "/" not in case.source] == []
    assert len({case.about for case in CASES}) == len(CASES)


def _label(step: Step, findings: list[Diagnosis]) -> tuple[int, str, set[str], int | None]:
    """Return what has to be said of a turn. A changed handshake needs a new socket, which is a difference as well."""
    changes = set(step.changes)
    if step.predecessor:
        mine, other = findings[step.number - 1].record.route, findings[step.predecessor - 1].record.route
        changes |= {"transport_changed"} if mine.socket != other.socket else set()
    return step.number, step.verdict, changes, step.predecessor


def _found(diagnosis: Diagnosis) -> tuple[int, str, set[str], int | None]:
    verdict = diagnosis.verdict
    assert list(verdict.changes) == sorted(verdict.changes, key=VERDICTS.index)
    return diagnosis.record.number, verdict.name, set(verdict.changes), verdict.predecessor
