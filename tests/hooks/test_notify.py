"""Findings are told on mitmdump's terminal, on their flows and in the journal."""

import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import orjson
import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.hooks.notify import (
    SUMMARIES_PER_FLOW,
    TURN_SUMMARIES,
    FinishedTurn,
    Notifier,
    turn_summaries,
)
from codexcache.hooks.state import FlowVisibility, State
from codexcache.output.turn_summary import turn_summary as made
from codexcache.state.vault import SECRET_FILE
from mitmproxy import http
from mitmproxy.test import taddons, tflow
from support.diagnoses import Harness
from support.journals import entries_of
from support.turn_summaries import turn_summary
from support.turns import conversation
from support.wire import said

ITEMS = conversation(*"abcdefgh")
TOOLS: Json = [{"type": "function", "name": "shell"}]


class Mitmproxy(Harness):
    """Hands in turns to a program of mitmproxy's; all of them happen on one flow if there is one."""

    def __init__(self, context: taddons.context) -> None:
        super().__init__()
        self.context, self.state = context, State()
        context.options.add_option("termlog_verbosity", str, "info", "What mitmdump and mitmweb have.")
        self.notifier = Notifier(self.state)
        context.master.addons.add(self.notifier)
        self.notifier.configure(set())
        self.flow: http.HTTPFlow | None = None
        self.diagnosis_service.listeners.append(self.notifier.notify)

    def set(self, **options: str) -> None:
        self.context.options.update(**options)

    def journal(self, path: Path | str) -> None:
        self.state.settings = replace(self.state.settings, journal=str(path))

    def take(self, length: int = 1, given: int = 10_000, cached: int | None = 0, **members: Json) -> None:
        """Have a turn with so many items of the conversation."""
        exchange = self.send(None, input=ITEMS[:length], **members)
        if self.flow and exchange.record:
            self.flow.id = exchange.record.flow
            self.state.flows[self.flow.id] = self.flow
        self.end(exchange, given, cached)


@contextmanager
def opened(*addons: object) -> Iterator[Mitmproxy]:
    with taddons.context() as context:
        context.master.addons.add(*addons)
        yield Mitmproxy(context)


@pytest.fixture
def web() -> Iterator[Mitmproxy]:
    with opened() as made:
        yield made


@pytest.fixture
def dump() -> Iterator[Mitmproxy]:
    with opened(SimpleNamespace(name="dumper")) as made:
        yield made


@pytest.fixture
def flow() -> http.HTTPFlow:
    return tflow.tflow(resp=True)


def test_mitmdump_shows_each_turn_and_a_summary_at_the_end(dump: Mitmproxy, capsys: pytest.CaptureFixture[str]) -> None:
    dump.take()
    first = capsys.readouterr().out
    dump.take(3, 12_000, 10_000)
    second = capsys.readouterr().out
    dump.notifier.done()

    assert [line.split()[1:] for line in (first, second)] == [
        ["agent/1.0", "m", "10,000", "0%", "cold"],
        ["agent/1.0", "m", "12,000", "83%", "hit"],
    ]
    assert (first.count("\n"), second.count("\n")) == (1, 1)
    assert capsys.readouterr().out.splitlines()[:3] == [
        "",
        "2 turns in 1 conversation",
        "45.5% of 22,000 input tokens were read from the prompt cache",
    ]


def test_a_handshake_that_was_refused_is_shown_and_no_turn(dump: Mitmproxy, capsys: pytest.CaptureFixture[str]) -> None:
    dump.refuse()
    dump.notifier.done()

    assert "the WebSocket was refused with status 426" in capsys.readouterr().out
    assert (dump.notifier.recent.count, list(dump.notifier.recent.lines)) == (0, [])


@pytest.mark.parametrize("supported", [True, False])
def test_a_terminal_gets_colours_and_a_file_or_a_pipe_does_not(
    dump: Mitmproxy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, supported: bool
) -> None:
    monkeypatch.setattr("codexcache.hooks.notify.vt_codes.ensure_supported", lambda _: supported)
    dump.take()

    assert ("\x1b[36mcold" in capsys.readouterr().out) is supported


@pytest.mark.parametrize(("verbosity", "turns"), [("error", 1), ("info", 0)], ids=["mitmdump -q", "no turns"])
def test_quiet_is_quiet_and_no_turns_need_no_summary(
    dump: Mitmproxy, capsys: pytest.CaptureFixture[str], verbosity: str, turns: int
) -> None:
    dump.set(termlog_verbosity=verbosity)
    for _ in range(turns):
        dump.take()
    dump.notifier.done()

    assert capsys.readouterr() == ("", "")


def test_other_programs_have_their_lists(
    web: Mitmproxy, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line would be written across the console's screen. Without a path there is no journal, either."""
    monkeypatch.chdir(tmp_path)
    web.take()
    web.notifier.done()

    assert capsys.readouterr() == ("", "")
    assert (web.notifier.summary.turns, [*web.state.flows.values()], list(tmp_path.iterdir())) == (1, [], [])


class Closed(io.StringIO):
    """A pipe whose reader has gone, as with `mitmdump | head`."""

    def flush(self) -> None:
        raise BrokenPipeError


def test_a_closed_pipe_stops_nothing(
    dump: Mitmproxy, flow: http.HTTPFlow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sys.stdout", Closed())
    dump.flow = flow
    dump.take()
    dump.take(3)
    dump.notifier.done()

    assert [turn["turn"] for turn in turn_summaries(flow)] == [1, 2]
    assert said(caplog) == []


SECOND_TURNS: dict[str, tuple[Callable[[Mitmproxy], None], str, str]] = {
    "hit": (lambda web: web.take(3, 12_000, 10_000), ":white_check_mark:", "hit: "),
    "below_minimum": (lambda web: web.take(3, 900), ":small_blue_diamond:", "below_minimum: "),
    "upstream": (lambda web: web.take(3, 12_000), ":warning:", "miss: upstream: "),
    "tools_changed": (lambda web: web.take(3, 12_000, tools=TOOLS), ":warning:", "miss: tools_changed: "),
    "no_usage": (lambda web: web.take(3, 0, None), ":x:", "no_usage: "),
}


@pytest.mark.parametrize("verdict", SECOND_TURNS)
def test_a_flow_gets_a_mark_and_a_comment(web: Mitmproxy, flow: http.HTTPFlow, verdict: str) -> None:
    web.flow, (second, mark, comment) = flow, SECOND_TURNS[verdict]
    web.take()
    assert (flow.marked, flow.comment) == (":snowflake:", f"cold: {turn_summaries(flow)[0]['because']}")
    second(web)

    assert turn_summaries(flow)[1]["verdict"] == verdict
    assert (flow.marked, flow.comment) == (mark, f"{comment}{turn_summaries(flow)[1]['because']}")


def test_a_socket_shows_how_many_of_its_turns_missed_and_the_last_miss(web: Mitmproxy) -> None:
    """Without a miss it shows its last turn."""
    web.flow = flow = tflow.twebsocketflow()
    web.take()
    web.take(3, 12_000, 10_000)
    assert flow.comment == f"2 turns, 0 missed; hit: {turn_summaries(flow)[1]['because']}"
    assert flow.marked == ":white_check_mark:"
    web.take(5, 13_000, tools=TOOLS)
    web.take(7, 14_000, 13_000, tools=TOOLS)

    assert flow.comment == f"4 turns, 1 missed; miss: tools_changed: {turn_summaries(flow)[2]['because']}"
    assert flow.marked == ":warning:"


def test_a_socket_does_not_count_its_warm_up(web: Mitmproxy) -> None:
    """Until its first turn it shows that it was warmed up."""
    web.flow = flow = tflow.twebsocketflow()
    web.take(generate=False)
    assert flow.comment.startswith("warm_up: ")
    web.take(3, 12_000)
    assert flow.comment.startswith("cold: ")
    web.take(5, 13_000, 11_900)

    assert flow.comment.startswith("2 turns, 0 missed; hit: ")
    assert (web.notifier.summary.turns, web.notifier.recent.count, len(web.notifier.recent.lines)) == (2, 2, 3)


@pytest.mark.parametrize("make", [lambda: tflow.tflow(resp=True), tflow.twebsocketflow])
def test_a_comment_and_mark_of_the_users_own_stay(web: Mitmproxy, make: Callable[[], http.HTTPFlow]) -> None:
    """From the beginning, or from when they were made; what the user takes away comes back with the next turn."""
    web.flow = flow = make()
    web.take()
    flow.comment = "mine"
    web.take(3, 12_000)
    assert (flow.comment, flow.marked) == ("mine", ":warning:")
    flow.comment, flow.marked = "", ":heart:"
    web.take(5, 14_000)

    assert "upstream" in flow.comment
    assert flow.marked == ":heart:"
    assert len(turn_summaries(flow)) == 3


@pytest.mark.parametrize("make", [lambda: tflow.tflow(resp=True), tflow.twebsocketflow])
def test_a_flow_carries_a_bounded_number_of_summaries(web: Mitmproxy, make: Callable[[], http.HTTPFlow]) -> None:
    """The latest ones, of a tolerable size; mark and comment extend them."""
    web.flow = make()
    web.take()
    known, flow = turn_summaries(web.flow), make()
    web.flow, flow.metadata[TURN_SUMMARIES] = flow, known * SUMMARIES_PER_FLOW
    web.take(3, 12_000, 10_000)
    assert flow.comment.startswith("the latest 500 turns, 0 missed; hit: " if flow.websocket else "hit: ")
    web.take(5, 13_000, tools=TOOLS)

    assert [turn["turn"] for turn in turn_summaries(flow)] == [1] * (SUMMARIES_PER_FLOW - 2) + [2, 3]
    assert len(orjson.dumps(turn_summaries(flow))) < 1_500_000
    assert flow.marked == ":warning:"
    assert flow.comment.startswith("the latest 500 turns, 1 missed; miss: tools" if flow.websocket else "miss: tools")


def test_lists_of_flows_hear_of_it(flow: http.HTTPFlow) -> None:
    """Each time, so that they show the new mark."""
    updated = list[object]()
    with opened(SimpleNamespace(name="view", update=updated.extend)) as web:
        web.flow = flow
        web.take()
        web.take(3)

    assert updated == [flow, flow]


@pytest.mark.parametrize("known", [{}, {"is_miss": True}, {"verdict": ["hit"], "because": 7}])
def test_a_summary_that_lacks_what_is_shown_does_no_harm(web: Mitmproxy, flow: http.HTTPFlow, known: Object) -> None:
    flow.metadata[TURN_SUMMARIES] = [known]
    web.flow = flow
    web.take()

    assert turn_summaries(flow)[0] == known
    assert flow.comment.startswith("cold: ")


def test_a_summary_is_what_the_flow_carries_and_can_be_saved(web: Mitmproxy, flow: http.HTTPFlow) -> None:
    web.flow = flow
    web.take()
    (diagnosis,) = web.diagnoses

    assert turn_summaries(flow) == [web.notifier.summarize(diagnosis)]
    assert turn_summaries(flow) == [made(diagnosis, web.notifier.entries.entry(diagnosis), web.notifier.pseudonyms)]
    assert turn_summary().keys() - turn_summaries(flow)[0].keys() == set()
    assert http.HTTPFlow.from_state(flow.get_state()).metadata == flow.metadata


def test_a_listener_that_fails_keeps_no_other_from_being_called(web: Mitmproxy) -> None:
    """Its error is counted. The entry is made once, however many listeners ask for it."""
    called = list[FinishedTurn]()

    def fails(turn: FinishedTurn) -> None:
        raise LookupError

    notifier = Notifier(web.state, [fails, called.append])
    web.diagnosis_service.listeners[-1] = notifier.notify
    web.take()

    (turn,) = called
    assert web.diagnoses == [turn.diagnosis]
    assert turn.entry is turn.entry
    assert "notifying of a turn" in web.state.errors.lines()[0]


@pytest.mark.parametrize("is_reported", [True, False])
def test_lines_are_kept_for_a_report_where_somebody_could_ask_for_one(web: Mitmproxy, is_reported: bool) -> None:
    web.state.visibility = cast(FlowVisibility, SimpleNamespace(present=False, is_reported=is_reported))
    web.take()

    assert (web.notifier.recent.count, len(web.notifier.recent.lines)) == (1, is_reported)


def turns(path: Path) -> list[Json]:
    return [entry["turn"] for entry in entries_of(path)]


def test_the_journal_gets_a_line_a_turn_and_is_the_users_alone(web: Mitmproxy, tmp_path: Path) -> None:
    """What was in it stays; one that is gone is made again."""
    path, old = tmp_path / "journal.jsonl", tmp_path / "journal.jsonl.1"
    path.touch(0o600)
    path.write_bytes(b'{"turn": 99}\n')
    web.journal(path)
    web.take()
    path.rename(old)
    web.take(3)

    assert [*entries_of(old)[1:], *entries_of(path)] == [
        web.notifier.entries.entry(diagnosis) for diagnosis in web.diagnoses
    ]
    assert [turns(each) for each in (old, path)] == [[99, 1], [2]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_journal_in_the_users_home(web: Mitmproxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    name = f"journal-of-{id(web)}.jsonl"  # for the place of a path is remembered
    web.journal(f"~/{name}")
    web.take()

    assert turns(tmp_path / name) == [1]


CANNOT = "The journal cannot be written ({}: {}); turns go on, unrecorded, until it can."


def test_a_journal_that_cannot_be_written_is_said_once_and_again_after_it_could(
    web: Mitmproxy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The turns are told elsewhere as ever."""
    web.journal(path := tmp_path / "folder" / "journal.jsonl")
    web.take()
    web.take(3)
    assert said(caplog) == [CANNOT.format("No such file or directory", path)]
    path.parent.mkdir()
    web.take(5)
    path.unlink()
    path.mkdir()
    web.take(7)
    web.take(7)

    assert said(caplog)[1:] == [CANNOT.format("Is a directory", path)]
    assert web.notifier.summary.turns == 5


@pytest.mark.parametrize("path", ["~no-such-user-here/journal.jsonl", "/dev/full"])
def test_a_path_that_never_works_is_said_and_stops_nothing(
    dump: Mitmproxy, flow: http.HTTPFlow, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A home that does not exist; a disk that is full."""
    dump.journal(path)
    dump.flow = flow
    dump.take()

    assert [line.partition(" (")[0] for line in said(caplog)] == ["The journal cannot be written"]
    assert dump.notifier.summary.turns == 1
    assert flow.comment.startswith("cold: ")


def pseudonym(notifier: Notifier) -> str | None:
    return notifier.pseudonyms.of("key", "k")


def test_pseudonyms_of_two_starts_with_one_folder_are_the_same(tmp_path: Path) -> None:
    starts = []
    for _ in range(2):
        with opened() as web:
            web.set(confdir=str(tmp_path))
            web.notifier.running()
            web.take()
            starts.append((pseudonym(web.notifier), web.notifier.entries.entry(web.diagnoses[0])))
    (one, first), (other, second) = starts

    assert one == other
    assert first["key"] == second["key"]
    assert first["run"] != second["run"]


@pytest.mark.parametrize("in_the_way", ["secret", "folder", "device"])
def test_without_a_secret_that_can_be_kept_pseudonyms_hold_for_this_start(
    web: Mitmproxy, tmp_path: Path, caplog: pytest.LogCaptureFixture, in_the_way: str
) -> None:
    """It is said once, and turns are told of as ever."""
    (tmp_path / "file").touch()
    (tmp_path / "home" / SECRET_FILE).mkdir(parents=True)
    (tmp_path / SECRET_FILE).symlink_to(os.devnull)
    places = {"secret": tmp_path / "home", "folder": tmp_path / "file", "device": tmp_path}
    web.set(confdir=str(places[in_the_way]))
    before = pseudonym(web.notifier)
    web.notifier.running()
    web.take()

    assert len(said(caplog)) == 1
    assert said(caplog)[0].startswith("Pseudonyms of this start cannot be compared with others: ")
    assert pseudonym(web.notifier) == before
    assert web.notifier.summary.turns == 1
