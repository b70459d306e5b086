"""The command: what it prints and writes, what it does with files that are damaged, and that no prompt comes out."""

import io
from pathlib import Path

import pytest
import zstandard
from codex_explain import __main__
from codex_explain.progress import Progress
from codex_explain.replay import in_order
from support.rollouts import SECRET, START, RolloutFile


def session(folder: Path, number: int = 1, *, at: float = 0) -> RolloutFile:
    """Write a session that misses once, because the effort changed."""
    file = RolloutFile(folder, number, at=at).begin().ask("Begin.").say("Done.", (9_000, 0, 20))
    file.ask("Go on.").say("All.", (9_400, 8_960, 30))
    return file.ask("Think.", effort="high").say("Yes.", (9_500, 0, 9))


def test_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session(tmp_path)

    assert __main__.main([str(tmp_path)]) == 0

    printed = capsys.readouterr().out
    assert "3 turns in 1 conversation, 2026-11-30 09:00" in printed
    assert "32.1% of 27,900 input tokens were read from the prompt cache" in printed
    assert "9,400 tokens (33.7%) were re-sent: 9,400 expected" in printed
    assert printed.index("reasoning_effort_changed") < printed.index("cold")
    assert "A log does not hold key, session, transport, account or echo" in printed
    assert "codex-continuity run -- codex" in printed


def test_what_no_log_explains_leads_to_the_proxy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RolloutFile(tmp_path).begin().ask("A.").say("B.", (9_000, 0, 9)).ask("C.").say("D.", (9_100, 0, 9))

    __main__.main([str(tmp_path)])

    printed = " ".join(capsys.readouterr().out.split())
    assert "and may be why 9,000 tokens were re-sent for no reason that a log shows" in printed


def test_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session(tmp_path / "sessions")
    page = tmp_path / "report.html"

    assert __main__.main([str(tmp_path / "sessions"), "-o", str(page)]) == 0

    text = page.read_text("utf-8")
    assert "reasoning_effort_changed" in text
    assert "A log does not hold key, session" in text
    assert SECRET not in text + capsys.readouterr().out


def test_codex_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a path, what is in Codex's home, archived sessions included."""
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    session(tmp_path / "sessions")
    session(tmp_path / "archived_sessions", 2, at=90)

    assert __main__.main([]) == 0
    assert "6 turns in 2 conversations" in capsys.readouterr().out


def test_since(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What came before is not counted, but known: the first turn that counts is no cold one."""
    session(tmp_path).ask("Later.", effort="high").say("No.", (9_600, 9_472, 9))
    moment = START.timestamp() + 9

    assert __main__.main([str(tmp_path), "--since", f"{START:%Y-%m-%d}T09:00:09+00:00"]) == 0
    assert __main__.since(f"{START:%Y-%m-%d}T09:00:09+00:00") == moment

    printed = capsys.readouterr().out
    assert "1 turn in 1 conversation" in printed
    assert "cold" not in printed


@pytest.mark.parametrize("value", ["soon", "30", "d30"])
def test_since_is_a_span_or_a_day(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        __main__.main(["--since", value])
    assert "is neither a span such as 30d nor a day" in capsys.readouterr().err


@pytest.mark.parametrize(
    "end", ['{"timestamp":"2026-11-30T09:01:00.000Z","type":"response_item","payl', "\x00\x00\x00\n", "[1, 2]\n"]
)
def test_a_damaged_file_counts_up_to_there(tmp_path: Path, capsys: pytest.CaptureFixture[str], end: str) -> None:
    file = session(tmp_path)
    with file.path.open("a") as log:
        log.write(end)
    file.ask("Later.").say("No.", (9_600, 9_472, 9))

    assert __main__.main([str(tmp_path)]) == 0

    printed = capsys.readouterr().out
    assert "3 turns in 1 conversation" in printed
    assert "1 file could not be read to the end; what came before counts." in printed


@pytest.mark.parametrize(
    "line",
    [
        '{"timestamp":"2026-11-30T09:01:00.000Z","type":"response_item","payload":[]}',
        '{"timestamp":"2026-11-30T09:01:00.000Z","type":"token_usage_record","payload":null}',
        '{"timestamp":"2026-99-30T09:01:00.000Z","type":"turn_context","payload":{}}',
    ],
)
def test_a_line_of_another_shape_is_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    """It stops its own file, whether it is the first line or a later one, and no other."""
    session(tmp_path)
    with session(tmp_path, 2).path.open("a") as log:
        log.write(f"{line}\n")
    session(tmp_path, 3).path.write_text(f"{line}\n")

    assert __main__.main([str(tmp_path)]) == 0

    printed = capsys.readouterr().out
    assert "6 turns in 2 conversations" in printed
    assert "2 files could not be read to the end; what came before counts." in printed


@pytest.mark.parametrize("strange", [None, 7, [], {}], ids=repr)
def test_an_item_of_an_unknown_kind_is_read_past(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], strange: object
) -> None:
    """Its members are of other types than any version writes."""
    file = session(tmp_path).item({"type": strange, "role": strange})
    file.call((9_600, 9_472, 9)).item({"type": "function_call_output", "call_id": strange, "output": strange})
    file.line("compacted", {"message": "", "replacement_history": [{"type": strange}]})
    file.ask("Later.").say("Yes.", (9_700, 0, 9))

    assert __main__.main([str(tmp_path)]) == 0
    assert "5 turns in 1 conversation" in capsys.readouterr().out


def test_a_compressed_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = session(tmp_path)
    compressed = zstandard.ZstdCompressor().compress(file.path.read_bytes())
    file.path.with_name(f"{file.path.name}.zst").write_bytes(compressed)
    file.path.unlink()

    assert __main__.main([str(tmp_path)]) == 0
    assert "3 turns in 1 conversation" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.mkdir(), "there is no turn in {path}"),
        (lambda path: None, "{path}: there is no such file or folder; Codex keeps its logs in sessions"),
        (lambda path: path.write_text(SECRET), "there is no turn in {path}"),
    ],
    ids=["an empty folder", "nothing", "another file"],
)
def test_nothing_to_explain(tmp_path: Path, capsys: pytest.CaptureFixture[str], make, said: str) -> None:  # type: ignore[no-untyped-def]
    make(path := tmp_path / "logs")

    assert __main__.main([str(path)]) == 1
    assert said.format(path=path) in capsys.readouterr().err


def test_files_are_opened_as_their_time_comes() -> None:
    """So that of thousands only those are read at once that overlap."""
    opened = list[str]()

    def source(name: str, *times: float):  # type: ignore[no-untyped-def]
        opened.append(name)
        yield from ((time, lambda time=time: (name, time, *opened)) for time in times)

    sources = [
        (1.0, lambda: source("a", 1, 4)),
        (2.0, lambda: source("b", 2, 5)),
        (4.5, lambda: source("c", 6)),
    ]

    seen: list[object] = [event() for event in in_order(sources)]

    assert seen == [
        ("a", 1, "a"),
        ("b", 2, "a", "b"),
        ("a", 4, "a", "b"),
        ("b", 5, "a", "b", "c"),
        ("c", 6, "a", "b", "c"),
    ]


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "drawn"), [(Terminal(), True), (io.StringIO(), False)], ids=["terminal", "pipe"])
def test_progress_is_drawn_on_a_terminal_only(stream: io.StringIO, drawn: bool) -> None:
    times = iter((1.0, 1.01, 2.0))
    with Progress(4_000_000, stream, lambda: next(times)) as progress:
        for _ in range(3):
            progress.add(1_000_000)

    assert ("75% of 4 MB" in stream.getvalue()) == drawn
    assert "50%" not in stream.getvalue()  # it is not drawn more often than anyone can see
