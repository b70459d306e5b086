"""Every turn of every labelled conversation is named right, over each way on which it can come."""

import pytest
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.verdicts import VERDICTS
from corpus import TALKS
from corpus.player import play
from corpus.talk import Path, Step, Talk
from corpus.wander import wander

CASES = [pytest.param(talk, path, id=f"{talk.about}, {path}") for talk in TALKS for path in talk.paths]


@pytest.mark.parametrize(("talk", "path"), CASES)
def test_every_turn_is_named_right(talk: Talk, path: Path) -> None:
    findings = play(talk, path)

    assert [_label(step, findings) for step in talk.steps] == [_found(diagnosis) for diagnosis in findings]


@pytest.mark.parametrize(("talk", "path"), CASES)
def test_every_sentence_says_what_it_should(talk: Talk, path: Path) -> None:
    because = [diagnosis.verdict.because for diagnosis in play(talk, path)]

    assert [sentence for sentence, step in zip(because, talk.steps, strict=True) if step.said not in sentence] == []
    assert all(because)


@pytest.mark.parametrize("path", ["http", "websocket"])
@pytest.mark.parametrize("seed", range(25))
def test_no_miss_is_named_by_a_cause_that_it_did_not_have(seed: int, path: Path) -> None:
    talk, causes = wander(seed, 16)
    found = [diagnosis.verdict.name for diagnosis in play(talk, path)]
    wrong = [(n, name, cause) for n, (name, cause) in enumerate(zip(found, causes, strict=True)) if name != cause]

    assert [case for case in wrong if case[1] != "hit" and case[0] > 0] == []
    assert found[0] == "cold"


def test_the_corpus_holds_every_verdict_and_cites_a_source_for_each_conversation() -> None:
    assert {step.verdict for talk in TALKS for step in talk.steps} == set(VERDICTS)
    assert [talk.about for talk in TALKS if "/" not in talk.source] == []
    assert len({talk.about for talk in TALKS}) == len(TALKS)


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
