"""What can be asked of the benchmark, and what it makes of that."""

from pathlib import Path

import pytest
from codex_bench import plan
from codex_bench.plan import SCRIPTS, parse

AT_ONCE = ("40 kB", "1 MB", "10 MB")


def test_everything_is_measured_unless_something_else_is_asked_for() -> None:
    request = parse([])
    sizes = ["10 kB", "40 kB", "100 kB", "1 MB", "10 MB"]

    assert list(request.arms) == ["bare", "naive", "ours"]
    assert [one.name for one in request.scenarios] == [
        *(f"{size} {spelling}" for size in sizes for spelling in ("compact", "spaced", "indented")),
        *(f"{size} {spelling}, at once" for size in sizes if size in AT_ONCE for spelling in ("spaced", "indented")),
        "40 kB compact, WebSocket",
        "start",
    ]
    assert {one.events for one in request.scenarios if one.kind != "frames"} == {100}


def test_more_effort_means_more_rounds_and_never_fewer_than_a_second_best_needs() -> None:
    asked = [parse(given).scenarios for given in (["--quick"], [], ["--long"])]
    rounds = [sum(one.rounds for one in scenarios) for scenarios in asked]

    assert rounds == sorted(set(rounds))
    assert min(one.rounds for scenarios in asked for one in scenarios) >= 4


def test_a_quick_run_has_each_spelling_at_one_size_unless_spellings_are_asked_for() -> None:
    quick, asked = parse(["--quick"]), parse(["--quick", "--spellings", "compact", "--sizes", "10k,1m"])

    names = ", ".join(one.name for one in quick.scenarios if one.kind == "turns")
    assert names == "40 kB spaced, 1 MB compact, 1 MB spaced, 1 MB indented, 10 MB spaced"
    assert [one.name for one in asked.scenarios if one.kind == "turns"] == ["10 kB compact", "1 MB compact"]


def test_other_checkouts_are_arms_named_like_their_folders_and_the_bare_proxy_is_always_measured(
    tmp_path: Path,
) -> None:
    old, older = checkout(tmp_path / "old"), checkout(tmp_path / "older")

    assert parse(["--arms", "ours", "--against", f"{tmp_path}/old", "--against", f"{tmp_path}/older"]).arms == {
        "bare": SCRIPTS["bare"],
        "ours": SCRIPTS["ours"],
        "old": old,
        "older": older,
    }


def test_two_checkouts_of_one_name_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkout(tmp_path / "old"), checkout(tmp_path / "ours")
    for given in (["old", "old"], ["ours"]):
        with pytest.raises(SystemExit):
            parse([word for name in given for word in ("--against", str(tmp_path / name))])

        assert f"another arm is called '{given[0]}'; rename the folder" in capsys.readouterr().err


def checkout(folder: Path) -> Path:
    """Return the addon of a checkout that is made in a folder."""
    addon = folder / "addons" / SCRIPTS["ours"].name
    addon.parent.mkdir(parents=True)
    addon.touch()
    return addon


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(["--arms", "fast"], "'fast' is none of bare, naive, ours", id="an unknown arm"),
        pytest.param(["--spellings", "tidy"], "'tidy' is none of compact, spaced, indented", id="an unknown spelling"),
        pytest.param(["--against", "/nowhere"], "no /nowhere/addons/codex_continuity.py", id="no checkout"),
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
