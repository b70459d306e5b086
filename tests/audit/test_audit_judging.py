"""What an audit comes to."""

from codex_audit.asking import Advisory, Answer
from codex_audit.judging import forbidden, knows_any, nobody, remarks

HOLE = Advisory(package="leaky 1.0", names=("GHSA-1", "CVE-1"), fixed_in=("1.1",))


def answer(*advisories: Advisory, skipped: tuple[str, ...] = (), asked: int = 3) -> Answer:
    return Answer(database="OSV", asked=asked, skipped=skipped, advisories=advisories)


def test_a_known_vulnerability_is_said_with_what_mends_it() -> None:
    assert forbidden(answer(HOLE), {}) == [
        "leaky 1.0 has the known vulnerability GHSA-1 (CVE-1). It is mended in 1.1: run scripts/lock --upgrade-package "
        "leaky, or name it in requirements/allowed.toml with the reason why it does no harm here."
    ]


def test_one_that_nothing_mends_is_said_so() -> None:
    unmended = Advisory(package="leaky 1.0", names=("GHSA-1",), fixed_in=())

    assert "has the known vulnerability GHSA-1. No version mends it yet:" in forbidden(answer(unmended), {})[0]


def test_an_allowed_one_passes_by_any_of_its_names_and_is_still_said() -> None:
    allowed = {"CVE-1": "Nobody calls it."}

    assert forbidden(answer(HOLE), allowed) == []
    assert list(remarks(answer(HOLE), allowed)) == ["Let pass: leaky 1.0 has CVE-1. Nobody calls it."]


def test_what_is_allowed_for_nothing_is_said() -> None:
    (said,) = remarks(answer(), {"CVE-2": "Nobody calls it."})

    assert said.startswith("CVE-2 is allowed, but nothing that is locked has it")


def test_a_database_that_knows_some_says_which_it_does_not() -> None:
    some = answer(skipped=("b", "c"))

    assert knows_any(some)
    assert list(remarks(some, {})) == ["OSV does not know b, c: not audited."]


def test_a_database_that_knows_nothing_has_not_audited_anything() -> None:
    assert not knows_any(answer(skipped=("a", "b", "c")))


def test_where_nobody_can_be_asked_it_is_not_said_that_all_is_well() -> None:
    said = nobody(["OSV does not answer"])

    assert said.startswith(
        "Not audited: no database of vulnerabilities can be reached from here (OSV does not answer)."
    )
    assert "This says nothing about what is locked" in said
