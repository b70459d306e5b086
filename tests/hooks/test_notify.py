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
from codexcache.hooks import notify as room
from codexcache.hooks.files import SECRET_FILE
from codexcache.hooks.notify import TURN_SUMMARIES, FinishedTurn, Notifier, turn_summaries
from codexcache.hooks.state import FlowVisibility, State
from codexcache.output.journal import Entries
from codexcache.output.turn_summary import turn_summary as made
from mitmproxy import http
from mitmproxy.test import taddons, tflow
from support.diagnoses import Clerk
from support.turn_summaries import turn_summary
from support.turns import conversation
from support.wire import said

TALK = conversation(*"abcdefgh")
TOOLS: Json = [{"type": "function", "name": "shell"}]


class Dumper:
    """What makes mitmproxy be mitmdump."""

    name = "dumper"


class View:
    """What makes mitmproxy have a list of flows."""

    name = "view"

    def __init__(self) -> None:
        self.updated: list[object] = []

    def update(self, flows: list[object]) -> None:
        self.updated += flows


class Office:
    """Tells of what a clerk finds; all of it happens on one flow if there is one."""

    def __init__(self, context: taddons.context) -> None:
        self.context, self.state, self.clerk = context, State(), Clerk()
        context.options.add_option("termlog_verbosity", str, "info", "What mitmdump and mitmweb have.")
        self.notifier = Notifier(self.state)
        context.master.addons.add(self.notifier)
        self.notifier.configure(set())
        self.flow: http.HTTPFlow | None = None
        self.clerk.diagnosis_service.listeners.append(self.notifier.notify)

    def set(self, **options: str) -> None:
        self.context.options.update(**options)

    def journal(self, path: Path | str) -> None:
        self.state.settings = replace(self.state.settings, journal=str(path))

    def turn(self, length: int = 1, given: int = 10_000, cached: int | None = 0, **members: Json) -> None:
        """Have a turn with so many items of the conversation."""
        exchange = self.clerk.send(None, input=TALK[:length], **members)
        if self.flow and exchange.record:
            self.flow.id = exchange.record.flow
            self.state.flows.add(self.flow)
        self.clerk.end(exchange, given, cached)


@contextmanager
def opened(*addons: object) -> Iterator[Office]:
    with taddons.context() as context:
        context.master.addons.add(*addons)
        yield Office(context)


@pytest.fixture
def office() -> Iterator[Office]:
    """In a program that is not mitmdump."""
    with opened() as made:
        yield made


@pytest.fixture
def dump() -> Iterator[Office]:
    """In mitmdump."""
    with opened(Dumper()) as made:
        yield made


@pytest.fixture
def flow() -> http.HTTPFlow:
    return tflow.tflow(resp=True)


def test_mitmdump_shows_a_line_a_turn_and_a_summary_at_the_end(
    dump: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    dump.turn()
    first = capsys.readouterr().out
    dump.turn(3, 12_000, 10_000)
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
        "45.5% of 22,000 input tokens were read from the prompt cache (median turn 41.7%)",
    ]


def test_a_handshake_that_was_refused_is_shown_and_no_turn(dump: Office, capsys: pytest.CaptureFixture[str]) -> None:
    dump.clerk.refuse()
    dump.notifier.done()

    assert "the WebSocket was refused with status 426" in capsys.readouterr().out
    assert (dump.notifier.recent.count, list(dump.notifier.recent.lines)) == (0, [])


def test_no_turns_need_no_summary(dump: Office, capsys: pytest.CaptureFixture[str]) -> None:
    dump.notifier.done()

    assert capsys.readouterr().out == ""


def test_what_goes_into_a_file_or_a_pipe_is_not_painted(dump: Office, capsys: pytest.CaptureFixture[str]) -> None:
    dump.turn()

    assert "\x1b" not in capsys.readouterr().out


def test_a_terminal_gets_colours(
    dump: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codexcache.hooks.notify.vt_codes.ensure_supported", lambda _: True)
    dump.turn()

    assert "\x1b[36mcold" in capsys.readouterr().out


def test_quiet_is_quiet(dump: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """`mitmdump -q`."""
    dump.set(termlog_verbosity="error")
    dump.turn()
    dump.notifier.done()

    assert capsys.readouterr() == ("", "")


def test_other_programs_have_their_lists(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """A line would be written across the console's screen."""
    office.turn()
    office.notifier.done()

    assert capsys.readouterr() == ("", "")
    assert office.notifier.summary.turns == 1


class Closed(io.StringIO):
    """A pipe whose reader has gone, as with `mitmdump | head`."""

    def flush(self) -> None:
        raise BrokenPipeError


def test_a_closed_pipe_stops_nothing(
    dump: Office, flow: http.HTTPFlow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sys.stdout", Closed())
    dump.flow = flow
    dump.turn()
    dump.turn(3)
    dump.notifier.done()

    assert [turn["turn"] for turn in turn_summaries(flow)] == [1, 2]
    assert said(caplog) == []


MARKS = {
    "cold": (":snowflake:", "cold: "),
    "hit": (":white_check_mark:", "hit: "),
    "below_minimum": (":small_blue_diamond:", "below_minimum: "),
    "upstream": (":warning:", "miss: upstream: "),
    "tools_changed": (":warning:", "miss: tools_changed: "),
    "no_usage": (":x:", "no_usage: "),
}
SECOND_TURNS: dict[str, Callable[[Office], None]] = {
    "hit": lambda office: office.turn(3, 12_000, 10_000),
    "below_minimum": lambda office: office.turn(3, 900),
    "upstream": lambda office: office.turn(3, 12_000),
    "tools_changed": lambda office: office.turn(3, 12_000, tools=TOOLS),
    "no_usage": lambda office: office.turn(3, 0, None),
}


@pytest.mark.parametrize("verdict", MARKS)
def test_a_flow_gets_a_mark_and_a_comment(office: Office, flow: http.HTTPFlow, verdict: str) -> None:
    if verdict != "cold":
        office.turn()
    office.flow = flow
    SECOND_TURNS.get(verdict, Office.turn)(office)
    mark, comment = MARKS[verdict]

    assert turn_summaries(flow)[0]["verdict"] == verdict
    assert flow.marked == mark
    assert flow.comment == comment + str(turn_summaries(flow)[0]["because"])


def test_a_request_that_is_tried_again_shows_its_last_turn(office: Office, flow: http.HTTPFlow) -> None:
    """Each of its turns stays known."""
    office.flow = flow
    office.turn()
    office.turn(3, 12_000, tools=TOOLS)
    office.turn(3, 12_000, 12_000, tools=TOOLS)

    assert [turn["verdict"] for turn in turn_summaries(flow)] == ["cold", "tools_changed", "hit"]
    assert (flow.marked, flow.comment.partition(":")[0]) == (":white_check_mark:", "hit")


def test_a_socket_shows_how_many_of_its_turns_missed_and_the_last_miss(office: Office) -> None:
    office.flow = flow = tflow.twebsocketflow()
    office.turn()
    office.turn(3, 12_000, tools=TOOLS)
    office.turn(5, 13_000, 12_000, tools=TOOLS)

    assert flow.comment == "3 turns, 1 missed; miss: tools_changed: " + str(turn_summaries(flow)[1]["because"])
    assert flow.marked == ":warning:"


def test_a_socket_without_a_miss_shows_its_last_turn(office: Office) -> None:
    office.flow = flow = tflow.twebsocketflow()
    office.turn()
    office.turn(3, 12_000, 10_000)

    assert flow.comment == "2 turns, 0 missed; hit: " + str(turn_summaries(flow)[1]["because"])
    assert flow.marked == ":white_check_mark:"


@pytest.mark.parametrize("make", [lambda: tflow.tflow(resp=True), tflow.twebsocketflow])
def test_a_comment_and_mark_of_the_users_own_stay(office: Office, make: Callable[[], http.HTTPFlow]) -> None:
    """From the beginning, or from when they were made; what the user takes away comes back with the next turn."""
    office.flow = flow = make()
    office.turn()
    flow.comment = "mine"
    office.turn(3, 12_000)
    assert (flow.comment, flow.marked) == ("mine", ":warning:")
    flow.comment, flow.marked = "", ":heart:"
    office.turn(5, 14_000)

    assert "upstream" in flow.comment
    assert flow.marked == ":heart:"
    assert len(turn_summaries(flow)) == 3


@pytest.mark.parametrize("make", [lambda: tflow.tflow(resp=True), tflow.twebsocketflow])
def test_a_flow_carries_a_bounded_number_of_portraits(
    office: Office, make: Callable[[], http.HTTPFlow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The latest ones; mark and comment go on with them."""
    monkeypatch.setattr(room, "_SUMMARIES_PER_FLOW", 3)
    office.flow = flow = make()
    for number in range(5):
        office.turn(number + 1, 10_000 + number, 10_000 if number else 0)
        assert str(turn_summaries(flow)[-1]["because"]) in flow.comment
    office.turn(7, 12_000, tools=TOOLS)

    assert [turn["turn"] for turn in turn_summaries(flow)] == [4, 5, 6]
    assert flow.marked == ":warning:"
    assert flow.comment.startswith("the latest 3 turns, 1 missed; miss: tools" if flow.websocket else "miss: tools")


def test_five_hundred_portraits_are_a_tolerable_size(office: Office, flow: http.HTTPFlow) -> None:
    office.flow = flow
    office.turn()

    assert len(orjson.dumps(turn_summaries(flow))) * room._SUMMARIES_PER_FLOW < 1_500_000


def test_a_flow_that_is_gone_is_not_marked(office: Office) -> None:
    office.turn()

    assert office.state.flows.all() == []


def test_lists_of_flows_hear_of_it(flow: http.HTTPFlow) -> None:
    """Each time, so that they show the new mark."""
    with opened(view := View()) as office:
        office.flow = flow
        office.turn()
        office.turn(3)

    assert view.updated == [flow, flow]


@pytest.mark.parametrize("value", [None, 7, "text", {"turn": 1}, [None, "text", 7]])
def test_what_is_no_list_of_portraits_holds_none(flow: http.HTTPFlow, value: object) -> None:
    """A flow may come from anybody's file."""
    flow.metadata[TURN_SUMMARIES] = value

    assert turn_summaries(flow) == []


@pytest.mark.parametrize("known", [{}, {"is_miss": True}, {"verdict": ["hit"], "because": 7}])
def test_a_portrait_from_a_file_that_lacks_what_is_shown_does_no_harm(
    office: Office, flow: http.HTTPFlow, known: Object
) -> None:
    flow.metadata[TURN_SUMMARIES] = [known]
    office.flow = flow
    office.turn()

    assert turn_summaries(flow)[0] == known
    assert flow.comment.startswith("cold: ")


def test_a_portrait_is_what_the_flow_carries(office: Office, flow: http.HTTPFlow) -> None:
    office.flow = flow
    office.turn()
    (diagnosis,) = office.clerk.diagnoses

    assert turn_summaries(flow) == [office.notifier.summarize(diagnosis)]
    assert turn_summaries(flow) == [
        made(diagnosis, office.notifier.entries.entry(diagnosis), office.notifier.pseudonyms)
    ]
    assert turn_summary().keys() - turn_summaries(flow)[0].keys() == set()


def test_a_portrait_can_be_saved(office: Office, flow: http.HTTPFlow) -> None:
    office.flow = flow
    office.turn(3, tools=TOOLS)

    assert http.HTTPFlow.from_state(flow.get_state()).metadata == flow.metadata


def test_an_entry_is_made_once_for_a_finding(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many listeners ask for it."""
    asked, entry = list[object](), Entries.entry

    def counted(entries: Entries, diagnosis: object) -> Object:
        asked.append(diagnosis)
        return entry(entries, diagnosis)  # type: ignore[arg-type]

    monkeypatch.setattr(Entries, "entry", counted)
    given, listeners = list[Object](), [lambda turn: given.append(turn.entry)] * 2
    notifier = Notifier(office.state, listeners)
    office.clerk.diagnosis_service.listeners[-1] = notifier.notify
    office.turn()

    assert given[0] is given[1]
    assert asked == office.clerk.diagnoses


def test_a_listener_that_fails_keeps_no_other_from_being_called(office: Office) -> None:
    """Its error is counted."""
    called = list[FinishedTurn]()

    def fails(turn: FinishedTurn) -> None:
        raise LookupError

    notifier = Notifier(office.state, [fails, called.append])
    office.clerk.diagnosis_service.listeners[-1] = notifier.notify
    office.turn()

    assert [turn.diagnosis for turn in called] == office.clerk.diagnoses
    assert "notifying of a turn" in office.state.errors.lines()[0]


@pytest.mark.parametrize("present", [True, False])
def test_lines_are_kept_for_a_report_where_somebody_could_ask_for_one(office: Office, present: bool) -> None:
    office.state.visibility = cast(FlowVisibility, SimpleNamespace(present=present))
    office.turn()

    assert (office.notifier.recent.count, len(office.notifier.recent.lines)) == (1, present)


def lines(path: Path) -> list[Object]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def turns(path: Path) -> list[Json]:
    return [entry["turn"] for entry in lines(path)]


def test_without_a_path_there_is_no_journal(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    office.turn()

    assert list(tmp_path.iterdir()) == []


def test_the_journal_gets_a_line_a_turn_and_is_the_users_alone(office: Office, tmp_path: Path) -> None:
    office.journal(path := tmp_path / "journal.jsonl")
    office.turn()
    office.turn(3)

    assert lines(path) == [office.notifier.entries.entry(diagnosis) for diagnosis in office.clerk.diagnoses]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_in_the_journal_stays(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"turn": 99}\n')
    office.journal(path)
    office.turn()

    assert turns(path) == [99, 1]


def test_a_journal_in_the_users_home(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(room, "_expanded", room._expanded.__wrapped__)  # no other test shall know this home
    office.journal("~/journal.jsonl")
    office.turn()

    assert turns(tmp_path / "journal.jsonl") == [1]


@pytest.mark.parametrize("gone", [Path.unlink, lambda path: path.rename(f"{path}.1")], ids=["deleted", "rotated"])
def test_a_journal_that_is_gone_is_made_again(office: Office, tmp_path: Path, gone: Callable[[Path], object]) -> None:
    office.journal(path := tmp_path / "journal.jsonl")
    office.turn()
    gone(path)
    office.turn(3)

    assert turns(path) == [2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


CANNOT = "The journal cannot be written ({}: {}); turns go on, unrecorded, until it can."


def test_a_journal_that_cannot_be_written_is_said_once_and_again_after_it_could(
    office: Office, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The turns are told elsewhere as ever."""
    office.journal(path := tmp_path / "folder" / "journal.jsonl")
    office.turn()
    office.turn(3)
    assert said(caplog) == [CANNOT.format("No such file or directory", path)]
    path.parent.mkdir()
    office.turn(5)
    path.unlink()
    path.mkdir()
    office.turn(7)
    office.turn(7)

    assert said(caplog)[1:] == [CANNOT.format("Is a directory", path)]
    assert office.notifier.summary.turns == 5


@pytest.mark.parametrize("path", ["~no-such-user-here/journal.jsonl", "/dev/full"])
def test_a_path_that_never_works_is_said_and_stops_nothing(
    dump: Office, flow: http.HTTPFlow, path: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """A home that nobody has; a disk that is full."""
    dump.journal(path)
    dump.flow = flow
    dump.turn()

    assert [line.partition(" (")[0] for line in said(caplog)] == ["The journal cannot be written"]
    assert "cold" in capsys.readouterr().out
    assert flow.comment.startswith("cold: ")


def pseudonym(notifier: Notifier) -> str | None:
    return notifier.pseudonyms.of("key", "k")


def test_fingerprints_of_two_starts_with_one_folder_are_the_same(tmp_path: Path) -> None:
    starts = []
    for _ in range(2):
        with opened() as office:
            office.set(confdir=str(tmp_path))
            office.notifier.running()
            office.turn()
            starts.append((pseudonym(office.notifier), office.notifier.entries.entry(office.clerk.diagnoses[0])))
    (one, first), (other, second) = starts

    assert one == other
    assert first["key"] == second["key"]
    assert first["run"] != second["run"]
    assert stat.S_IMODE((tmp_path / SECRET_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("in_the_way", ["secret", "folder", "device"])
def test_without_a_secret_that_can_be_kept_fingerprints_hold_for_this_start(
    office: Office, tmp_path: Path, caplog: pytest.LogCaptureFixture, in_the_way: str
) -> None:
    """It is said once, and turns are told of as ever."""
    (tmp_path / "file").touch()
    (tmp_path / "home" / SECRET_FILE).mkdir(parents=True)
    (tmp_path / SECRET_FILE).symlink_to(os.devnull)
    places = {"secret": tmp_path / "home", "folder": tmp_path / "file", "device": tmp_path}
    office.set(confdir=str(places[in_the_way]))
    before = pseudonym(office.notifier)
    office.notifier.running()
    office.turn()

    assert len(said(caplog)) == 1
    assert said(caplog)[0].startswith("Pseudonyms of this start cannot be compared with others: ")
    assert pseudonym(office.notifier) == before
    assert office.notifier.summary.turns == 1
