"""What can be asked of the benchmark, and what it makes of that."""

from pathlib import Path

import pytest
from codex_bench import plan
from codex_bench.plan import SCRIPTS, parse


def test_everything_is_measured_unless_something_else_is_asked_for() -> None:
    request = parse([])

    assert list(request.arms) == ["bare", "naive", "ours"]
    assert "; ".join(one.name for one in request.scenarios) == (
        "10 kB; 40 kB; 100 kB; 1 MB; 10 MB; 40 kB, at once; 1 MB, at once; 12 kB to 1 MB; 40 kB, WebSocket"
    )
    assert {one.events for one in request.scenarios if one.kind != "frames"} == {100}


def test_more_effort_means_more_rounds_and_a_longer_conversation() -> None:
    asked = [parse(given).scenarios for given in (["--quick"], [], ["--long"])]
    rounds = [sum(one.rounds for one in scenarios) for scenarios in asked]

    assert rounds == sorted(set(rounds))
    assert [1 + one.warm for scenarios in asked for one in scenarios if one.until] == [100, 500, 500]


def test_an_addon_of_ones_own_can_be_an_arm_and_the_bare_proxy_is_always_measured(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.touch()

    assert parse(["--arms", f"ours, mine={mine}"]).arms == {
        "bare": SCRIPTS["bare"],
        "ours": SCRIPTS["ours"],
        "mine": mine.resolve(),
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(["--arms", "fast"], "'fast' is no arm", id="an unknown arm"),
        pytest.param(["--arms", "ours=x.py"], "'ours=x.py' is no arm", id="a name that is taken"),
        pytest.param(["--arms", "mine=/nowhere.py"], "no file '/nowhere.py'", id="a missing script"),
        pytest.param(["--sizes", "40k,big"], "'big' is no size", id="a size in words"),
        pytest.param(["--sizes", "0k"], "'0k' is no size", id="nothing"),
        pytest.param(["--quick", "--long"], "not allowed with", id="less and more"),
    ],
)
def test_what_cannot_be_measured_is_refused(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(given)

    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("text", "size"), [("10k", 10_000), ("1M", 1_000_000), ("250k", 250_000)])
def test_sizes_are_read_and_spelled(text: str, size: int) -> None:
    assert plan.parse_size(text) == size == plan.parse_size(plan.spelled(size).replace(" ", "").replace("B", ""))
