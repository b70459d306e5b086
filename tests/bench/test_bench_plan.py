"""What can be asked of the benchmark, and what it makes of that."""

from pathlib import Path

import pytest
from codex_bench import plan
from codex_bench.plan import SCRIPTS, parse


def test_everything_is_measured_unless_something_else_is_asked_for() -> None:
    request = parse([])

    assert list(request.arms) == ["direct", "bare", "naive", "ours"]
    assert [one.name for one in request.scenarios] == [
        "10 kB",
        "40 kB",
        "100 kB",
        "1 MB",
        "10 MB",
        "40 kB, at once",
        "1 MB, at once",
        "12 kB to 1 MB",
        "40 kB, WebSocket",
    ]
    assert {one.events for one in request.scenarios if one.kind != "frames"} == {100}


def test_the_long_conversation_has_500_turns_unless_it_has_to_be_quick() -> None:
    grown = [next(one for one in parse(given).scenarios if one.until) for given in ([], ["--long"], ["--quick"])]

    assert [1 + one.warm for one in grown] == [500, 500, 100]


def test_more_effort_means_more_rounds() -> None:
    rounds = [sum(one.rounds for one in parse(given).scenarios) for given in (["--quick"], [], ["--long"])]

    assert rounds == sorted(set(rounds))


def test_quick_and_long_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--quick", "--long"])

    assert "not allowed with" in capsys.readouterr().err


def test_the_bare_proxy_is_always_measured() -> None:
    assert parse(["--arms", "ours"]).arms == {"bare": SCRIPTS["bare"], "ours": SCRIPTS["ours"]}


def test_an_addon_of_ones_own_can_be_an_arm(tmp_path: Path) -> None:
    (tmp_path / "mine.py").touch()

    assert parse(["--arms", f"bare, mine={tmp_path / 'mine.py'}"]).arms["mine"] == (tmp_path / "mine.py").resolve()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(["--arms", "fast"], "'fast' is no arm", id="an unknown arm"),
        pytest.param(["--arms", "ours=x.py"], "'ours=x.py' is no arm", id="a name that is taken"),
        pytest.param(["--arms", "mine=/nowhere.py"], "no file '/nowhere.py'", id="a missing script"),
        pytest.param(["--sizes", "40k,big"], "'big' is no size", id="a size in words"),
        pytest.param(["--sizes", "0k"], "'0k' is no size", id="nothing"),
    ],
)
def test_what_cannot_be_measured_is_refused(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(given)

    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("text", "size"), [("10k", 10_000), ("1M", 1_000_000), ("250k", 250_000)])
def test_sizes_are_read_and_spelled(text: str, size: int) -> None:
    assert plan.parse_size(text) == size == plan.parse_size(plan.spelled(size).replace(" ", "").replace("B", ""))
