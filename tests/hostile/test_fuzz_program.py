"""The fuzzer itself: it finds what is wrong, keeps it, says how to repeat it, and goes on without atheris."""

import signal
from pathlib import Path

import pytest
from codex_fuzz import __main__ as program
from codex_fuzz import findings, guided, patient
from codex_fuzz.arguments import parse
from codex_fuzz.bombs import BODIES, CODED, STREAMS
from codex_fuzz.given import Given, fields_of, head_and_body, pieces
from codex_fuzz.targets import TARGETS, Target, target
from codexcache.body.json_splice import parse as parse_body


def check_no_bell(data: bytes) -> None:
    """There is no bell."""
    parse_body(b"{}")
    assert b"\x07" not in data, "a bell"


BROKEN = Target("broken", check_no_bell, lambda: (b"\x07", b"{}"))
SOUND = Target("sound", lambda data: None, lambda: (b"",))


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(findings, "FOLDER", tmp_path)
    monkeypatch.setattr(patient, "FOLDER", tmp_path)
    monkeypatch.setattr(guided, "is_installed", lambda: False)


def fuzz(monkeypatch: pytest.MonkeyPatch, *arguments: str, targets: tuple[Target, ...]) -> int:
    """Run the program with these arguments and only these targets."""
    monkeypatch.setattr("codex_fuzz.arguments.TARGETS", targets or TARGETS)
    monkeypatch.setattr(
        "codex_fuzz.findings.target", lambda name: {each.name: each for each in targets or TARGETS}[name]
    )
    monkeypatch.setattr("sys.argv", ["fuzz", *arguments])
    return program.main()


def test_a_crash_is_kept_and_said_how_to_repeat(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And hypothesis does the work where atheris is missing, which is said in a sentence."""
    assert fuzz(monkeypatch, "--seconds", "5", targets=(BROKEN,)) == 1

    [crash] = tmp_path.glob("broken.crash-*")
    said = capsys.readouterr().out
    assert said.startswith("atheris is not installed")
    assert "AssertionError: a bell" in said
    assert f"Repeat it with: scripts/fuzz --repeat {crash}" in said
    assert b"\x07" in crash.read_bytes()

    assert fuzz(monkeypatch, "--repeat", str(crash), targets=(BROKEN,)) == 1
    crash.write_bytes(b"{}")
    assert fuzz(monkeypatch, "--repeat", str(crash), targets=(BROKEN,)) == 0
    assert capsys.readouterr().out.endswith("broken: There is no bell. It holds.\n")


def test_nothing_found_is_said_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz(monkeypatch, "--seconds", "1", targets=(SOUND,)) == 0
    assert "nothing found" in capsys.readouterr().out


def press_ctrl_c(data: bytes) -> None:
    """Nobody stops it."""
    signal.raise_signal(signal.SIGINT)


STOPPED = Target("stopped", press_ctrl_c, lambda: (b"",))


def test_an_interrupted_one_says_nothing_of_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fuzz(monkeypatch, "--seconds", "60", targets=(STOPPED, SOUND)) == 130
    assert capsys.readouterr().out.endswith("\nstopped              60 s ... ")
    assert list(tmp_path.glob("*crash*")) == []


def test_ctrl_c_waits_for_the_next_check_and_comes_at_once_when_it_is_pressed_again() -> None:
    """And afterwards it is as it was before."""
    before = signal.getsignal(signal.SIGINT)
    with patient.interruptions() as check:
        check()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_stays_ignored_where_it_was() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with patient.interruptions() as check:
            signal.raise_signal(signal.SIGINT)
            check()
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_lines_that_an_input_reaches_are_counted() -> None:
    with patient.lines_reached() as few:
        parse_body(b"{}")
    with patient.lines_reached() as more:
        parse_body(b'{"a":"\\ud83d"}')

    assert 0 < len(few) < len(more)


def test_all_targets_are_fuzzed_unless_some_are_named() -> None:
    assert parse([]).targets == TARGETS
    assert [each.name for each in parse(["splice", "events"]).targets] == ["splice", "events"]
    assert (parse([]).seconds, parse(["--seconds", "3"]).seconds) == (10, 3)
    assert parse(["--long"]).seconds > parse([]).seconds


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing"], "'nothing' is no target"),
        (["--seconds", "0"], "'0' is no number of seconds"),
        (["--repeat", "nowhere"], "there is no file 'nowhere'"),
        (["--repeat", __file__], "does not begin with a target's"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(arguments)

    assert sentence in capsys.readouterr().err


def test_bytes_are_taken_apart() -> None:
    given = Given(b"\x05\x02\x03rest")

    assert (given.number(4), given.pick("abc"), given.some("xyz"), given.rest) == (1, "c", ["x", "y"], b"rest")
    assert (Given(b"").number(9), Given(b"").some("ab"), Given(b"ab").take(1)) == (0, [], b"a")
    assert list(pieces(b"abcdefg", b"\1\2")) == [b"a", b"bc", b"d", b"ef", b"g"]
    assert list(pieces(b"abc", b"\0")) == list(pieces(b"abc", b"")) == [b"abc"]
    assert fields_of(b"a: b\n\nc") == ((b"a", b"b"), (b"c", b""))
    assert head_and_body(b"a: b\n\n{}\n\n") == (((b"a", b"b"),), b"{}\n\n")


def test_bombs_are_about_as_large_as_they_are_asked_for() -> None:
    size = 1 << 16
    texts = [make(size) for make in (*BODIES.values(), *STREAMS.values())]

    assert all(size * 0.4 < len(text) < size * 2.2 for text in texts)
    assert all(make(size) for _, make in CODED.values())


def test_a_target_is_found_by_its_name() -> None:
    assert target("splice") is TARGETS[0]
