"""`status`: a line on today, of a journal or of the store."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from codex_status import sources
from codex_status.__main__ import main
from codexcache.output.counter_names import CACHED, INPUT
from codexcache.state.sqlite_store import STATE_FILE, SqliteStore
from codexcache.state.today import DayTotals, Miss, Today, day_of
from codexcache.state.vault import SECRET_FILE, Vault

SECRET = b"s" * 32
MISS: dict[str, Any] = {
    "verdict": "tools_changed",
    "because": "A tool was added.",
    "blame": "avoidable",
    "resent_tokens": 40,
}


def row(turn: int, ago: float = 0, **more: Any) -> bytes:
    """Return a journal's line of a turn that ended some seconds ago."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago))
    entry = {"time": at, "run": "r", "turn": turn, "conversation": "c", "verdict": "hit", INPUT: 100, CACHED: 90}
    return orjson.dumps(entry | more) + b"\n"


type Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """What the command returns and prints."""

    def said(*words: object) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        return status, *capsys.readouterr()

    return said


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_a_journals_turns_of_today_come_to_a_line(journal: Path, say: Say) -> None:
    journal.write_bytes(
        row(1, 3 * 86_400, **MISS) + row(2) + row(3, **MISS | {CACHED: 50}) + b'{"cut' + b"\n" + row(4, warm_up=True)
    )

    status, line, _ = say(journal)

    assert status == 0
    assert line.startswith("codex cache: 70% cached, 2 turns today, last miss ")
    assert line.endswith(" tools_changed: A tool was added.\n")


def test_as_json_there_are_all_figures(journal: Path, say: Say) -> None:
    journal.write_bytes(row(1) + row(2, **MISS | {CACHED: 50}))

    told = json.loads(say(journal, "--json")[1])

    figures = [told[name] for name in ("turns", "input_tokens", "cached_tokens", "resent_tokens", "avoidable_tokens")]
    assert figures == [2, 200, 140, 40, 40]
    assert told["cached_share"] == 0.7
    assert (told["last_miss"]["verdict"], told["last_miss"]["because"]) == ("tools_changed", "A tool was added.")


def test_of_a_long_journal_only_the_end_is_read(journal: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_STEP", 500)
    old = b"".join(row(number, 2 * 86_400) for number in range(200))
    new = b"".join(row(number) for number in range(200, 210))
    journal.write_bytes(old + new)

    assert "10 turns today, no miss" in say(journal)[1]
    assert sources._start_of(journal, day_of(time.time())) > len(old) // 2


def test_a_day_without_turns_says_so(journal: Path, say: Say) -> None:
    journal.write_bytes(row(1, 3 * 86_400))

    assert say(journal)[:2] == (0, "codex cache: no turn today\n")


def test_the_store_knows_what_all_proxies_came_to(tmp_path: Path, say: Say) -> None:
    (tmp_path / SECRET_FILE).write_bytes(SECRET)
    vault, store = Vault(SECRET), SqliteStore(tmp_path / STATE_FILE, 1 << 20, 1_000)
    miss = Miss(time.time(), "expired", "An hour had passed, and " + "more " * 40)
    for run in ("one", "two"):
        entries = Today(run).add(DayTotals(1, 200, 100, 50, 50, miss), vault)
        store.put({name: vault.encrypt(name, value()) for name, value in entries.items()})
    store.close()

    status, line, _ = say("--confdir", tmp_path)

    assert (status, line[:46]) == (0, "codex cache: 50% cached, 2 turns today, last m")
    assert line.endswith(" ...\n"), "a long reason is cut, so that the line stays one"


def test_what_cannot_be_read_is_said(tmp_path: Path, say: Say) -> None:
    status, out, errors = say("--confdir", tmp_path)

    assert (status, out) == (1, "")
    assert "no proxy with the addon has run yet" in errors
    assert str(tmp_path / SECRET_FILE) in errors
    assert errors.endswith("Start one with scripts/run -- codex, or name a journal.\n")
    assert say(tmp_path / "none.jsonl")[2].endswith("none.jsonl: No such file or directory.\n")
    (tmp_path / SECRET_FILE).write_bytes(SECRET)
    assert "it holds nothing; name a journal" in say("--confdir", tmp_path, "--state", "off")[2]
