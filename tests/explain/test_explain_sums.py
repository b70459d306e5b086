"""The counters of a log: every response once, those of a fork's parent not again, compactions with the others."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from codex_explain.replay import Replay
from codex_explain.rollouts import Library, find
from codexcache.output.counter_names import CACHED, INPUT
from support.rollouts import SECRET, RolloutFile, thread_id

type Rows = list[dict[str, Any]]

VERSIONS = pytest.mark.parametrize("version", ["0.98.0", "0.130.0", "0.155.0", "0.171.0"])


def explained(folder: Path, since: float = 0) -> tuple[Rows, Replay]:
    """Return the journal's rows of all rollouts in a folder."""
    lines = list[bytes]()
    known = find([folder])
    replay = Replay(Library(known), since, lines.append)
    replay.run(known)
    assert not replay.faults
    return [orjson.loads(line) for line in lines], replay


def sums(rows: Rows) -> tuple[int, int]:
    """Return all input tokens, and those that were read from the cache."""
    return sum(row[INPUT] for row in rows), sum(row[CACHED] for row in rows)


def one(folder: Path, version: str, number: int = 1) -> RolloutFile:
    """Write a session of three responses."""
    file = RolloutFile(folder, number, version=version).begin().ask("Begin.")
    return (
        file.call((9_000, 0, 20)).say("Done so far.", (9_400, 8_960, 30)).ask("Go on.").say("All.", (9_500, 9_344, 9))
    )


@VERSIONS
def test_every_response_counts_once(tmp_path: Path, version: str) -> None:
    """However often its counters are repeated."""
    one(tmp_path, version)

    rows, _ = explained(tmp_path)

    assert sums(rows) == (27_900, 18_304)
    assert [row["verdict"] for row in rows] == ["cold", "hit", "hit"]


def test_an_output_before_the_counters_belongs_to_the_next_request(tmp_path: Path) -> None:
    file = RolloutFile(tmp_path, version="0.155.0").begin().ask("Begin.")
    file.call((9_000, 0, 20), early=True).say("Done.", (9_400, 0, 30))

    rows, _ = explained(tmp_path)

    assert [(row["verdict"], row["resent_tokens"]) for row in rows] == [("cold", 0), ("upstream", 9_000)]


def test_a_fork_does_not_count_what_was_copied_into_its_file(tmp_path: Path) -> None:
    """Up to 0.130 a fork's file begins with the lines of its parent's, counters included."""
    parent = one(tmp_path, "0.130.0")
    fork = RolloutFile(tmp_path, 2, version="0.130.0", at=parent.at + 60)
    fork.begin(forked_from_id=parent.thread).copy(parent).count((0, 0, 0), repeats=1)
    fork.ask("And now?").say("That.", (9_700, 0, 8)).ask("And then?").say("This.", (9_800, 9_600, 8))

    rows, _ = explained(tmp_path)

    assert sums(rows) == (27_900 + 19_500, 18_304 + 9_600)
    assert rows[3]["verdict"] == "prompt_cache_key_changed"
    assert rows[3]["blame"] == "expected"


def test_a_fork_without_its_parent_counts_what_did_not_come_at_once(tmp_path: Path) -> None:
    """The parent's file is gone: what was copied was written within a moment, and no response comes as fast."""
    parent = one(tmp_path, "0.98.0")
    fork = RolloutFile(tmp_path, 2, version="0.98.0", at=parent.at + 60)
    fork.begin(forked_from_id=parent.thread).copy(parent).ask("And now?").say("That.", (9_700, 0, 8))
    parent.path.unlink()

    assert sums(explained(tmp_path)[0]) == (9_700, 0)


def test_a_fork_that_names_its_base_continues_it(tmp_path: Path) -> None:
    """From 0.155 on a fork's file has its own lines only, and says where those of its parent end."""
    parent = one(tmp_path, "0.171.0")
    end = parent.lines
    parent.ask("Elsewhere.").say("There.", (9_600, 9_472, 5))
    fork = RolloutFile(tmp_path, 2, version="0.171.0", at=parent.at + 60)
    fork.begin(history_base={"thread_id": parent.thread, "end_ordinal_exclusive": end})
    fork.ask("And now?").say("That.", (9_700, 9_472, 8))

    rows, _ = explained(tmp_path)

    assert [row["verdict"] for row in rows] == ["cold", "hit", "hit", "hit", "hit"]
    assert "prompt_cache_key_changed" in rows[-1]["changes"]


def test_a_compaction_counts_where_it_has_counters(tmp_path: Path) -> None:
    file = one(tmp_path, "0.171.0").compact((9_600, 9_472, 1)).ask("What is left?").say("This.", (7_000, 5_000, 5))

    rows, replay = explained(tmp_path)

    assert sums(rows) == (27_900 + 16_600, 18_304 + 14_472)
    assert [row["verdict"] for row in rows][3:] == ["hit", "context_compacted"]
    assert replay.uncounted == 0
    assert file.total == (34_900, 23_304, 64)  # which is why the totals of the log are no sum


def test_a_compaction_without_counters_is_told(tmp_path: Path) -> None:
    one(tmp_path, "0.130.0").compact().ask("What is left?").say("This.", (7_000, 5_000, 5))

    rows, replay = explained(tmp_path)

    assert rows[-1]["verdict"] == "context_compacted"
    assert replay.uncounted == 1


@pytest.mark.parametrize("logs_summary", [True, False], ids=["summary logged", "summary in the compaction alone"])
def test_a_summary_that_was_asked_for_without_tools_is_a_miss(tmp_path: Path, logs_summary: bool) -> None:
    """The log holds no tools; that they were left out shows in the tokens, fewer than the turn before had."""
    file = one(tmp_path, "0.130.0").event("task_started")
    summary, counts = "A made-up summary.", (6_000, 0, 40)
    file = file.say(summary, counts) if logs_summary else file.count(counts)
    file.line("compacted", {"message": summary, "replacement_history": []}).ask("Later.").say("Yes.", (9_300, 0, 9))

    rows, replay = explained(tmp_path)

    assert sums(rows) == (27_900 + 6_000 + 9_300, 18_304)
    assert (rows[3]["verdict"], rows[3]["resent_tokens"]) == ("tools_changed", 6_000)
    assert "not in the log" in rows[3]["because"]
    assert replay.uncounted == 0


@pytest.mark.parametrize(
    "meta",
    [
        {"session_id": thread_id(1), "parent_thread_id": thread_id(1), "source": {"subagent": "review"}},
        {"source": {"subagent": {"thread_spawn": {"parent_thread_id": thread_id(1), "depth": 1}}}},
    ],
    ids=["0.171", "0.130"],
)
def test_a_sub_agent_belongs_to_its_parent(tmp_path: Path, meta: dict[str, object]) -> None:
    one(tmp_path, "0.171.0")
    RolloutFile(tmp_path, 2, version="0.171.0", at=30).begin(**meta).ask("A task.").say("Done.", (8_000, 0, 9))

    rows, replay = explained(tmp_path)

    assert len({row["conversation"] for row in rows}) == 1
    assert rows[-1]["verdict"] == "cold"
    assert replay.agents == {thread_id(2)}


def test_a_turn_that_was_taken_back_is_not_in_the_next_prompt(tmp_path: Path) -> None:
    file = one(tmp_path, "0.130.0").ask("Not this.").say("Oh.", (9_600, 9_472, 5))
    file.event("thread_rolled_back", num_turns=1).ask("But this.").say("Yes.", (9_610, 9_472, 5))

    rows, _ = explained(tmp_path)

    assert rows[-1]["verdict"] == "hit"
    assert rows[-1]["changes"] == ["input_changed"]


def test_a_conversation_is_found_by_the_length_of_its_first_words(tmp_path: Path) -> None:
    """Those of the user, and not of what Codex puts ahead of them."""
    file = RolloutFile(tmp_path).begin().ask("What Codex says of the folder.").ask("Begin.").say("Yes.", (9_000, 0, 9))
    file.ask("Go on.").say("All.", (9_100, 8_960, 9))

    rows, _ = explained(tmp_path)

    assert [row["first_words_length"] for row in rows] == [len(f"Begin. {SECRET}"), 0]
