"""The fuzzer itself: it says what it found and how to repeat it, and how to get atheris where it is missing."""

import importlib.util
import sys
from pathlib import Path

import pytest
from codex_fuzz import __main__ as program
from codex_fuzz import guided
from codex_fuzz.growth import BODIES, CODED, STREAMS
from codex_fuzz.inputs import head_and_body, pick, pieces, some, split
from codex_fuzz.targets import Target


def check_no_bell(data: bytes) -> None:
    """There is no bell."""
    assert b"\x07" not in data, "a bell"


BROKEN = Target("broken", check_no_bell, (b"\x07", b"{}"))
SOUND = Target("sound", lambda data: None, (b"",))


@pytest.fixture(autouse=True)
def _targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "TARGETS", {"broken": BROKEN, "sound": SOUND})


@pytest.fixture
def crash(tmp_path: Path) -> Path:
    """A file with an input on which a check fails."""
    path = tmp_path / "broken.crash-1"
    path.write_bytes(b"\x07")
    return path


@pytest.fixture
def fuzzed(monkeypatch: pytest.MonkeyPatch, crash: Path) -> list[tuple[str, int]]:
    """The targets and seconds that are asked for; the first of them has a crash."""
    asked = list[tuple[str, int]]()

    def run(name: str, seeds: tuple[bytes, ...], seconds: int) -> set[Path]:
        asked.append((name, seconds))
        return {crash} if name == "broken" else set()

    monkeypatch.setattr(guided, "check_installed", lambda: None)
    monkeypatch.setattr(guided, "run", run)
    return asked


def test_a_crash_is_shown_and_how_to_repeat_it(
    fuzzed: list[tuple[str, int]], crash: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main(["--seconds", "5"]) == 1
    assert fuzzed == [("broken", 5), ("sound", 5)]
    said = capsys.readouterr().out
    assert "AssertionError: a bell" in said
    assert f"Repeat it with: scripts/fuzz --repeat {crash}" in said
    assert said.endswith("nothing found\n")


def test_a_crash_that_is_repeated_fails_until_it_holds(crash: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--repeat", str(crash)]) == 1
    crash.write_bytes(b"{}")
    assert program.main(["--repeat", str(crash)]) == 0
    assert capsys.readouterr().out.endswith("broken: There is no bell. It holds.\n")


def test_only_the_named_targets_are_fuzzed(fuzzed: list[tuple[str, int]]) -> None:
    assert program.main(["sound"]) == 0
    assert fuzzed == [("sound", 10)]


@pytest.mark.usefixtures("fuzzed")
def test_an_interrupted_one_says_nothing_of_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> set[Path]:
        raise KeyboardInterrupt

    monkeypatch.setattr(guided, "run", interrupt)

    assert program.main(["sound"]) == 130
    assert capsys.readouterr().out == "sound                10 s ... "


def test_without_atheris_it_is_said_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert program.main(["sound"]) == 1
    assert capsys.readouterr() == ("", f"scripts/fuzz: {guided.NOT_INSTALLED}\n")


def test_what_libfuzzer_says_is_passed_on_where_it_could_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where this process finds an atheris that cannot be imported."""
    (tmp_path / "atheris.py").write_text("raise ImportError('no such library')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(guided, "FOLDER", tmp_path)

    assert program.main(["sound"]) == 1
    assert "ImportError: no such library" in capsys.readouterr().err
    assert (tmp_path / "words.dict").read_text().startswith('"\\x22\\x70')
    assert (tmp_path / "seeds" / "sound" / "0").read_bytes() == b""


@pytest.mark.parametrize(
    ("arguments", "sentence"), [(["nothing"], "'nothing'"), (["--seconds", "0"], "'0' is no number of seconds")]
)
def test_an_argument_that_cannot_be_is_named(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        program.main(arguments)

    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "sentence"),
    [("broken.nowhere", "No such file"), (__file__, f"the name of {__file__} does not begin with a target")],
)
def test_a_file_that_cannot_be_repeated_is_named(file: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--repeat", file]) == 1
    assert sentence in capsys.readouterr().err


def test_bytes_are_taken_apart() -> None:
    assert (split(b"abcrest", 3), split(b"a", 3)) == ((b"abc", b"rest"), (b"a\0\0", b""))
    assert (pick("abc", 5), some("xyz", 3)) == ("c", ["x", "y"])
    assert list(pieces(b"abcdefg", b"\1\2")) == [b"a", b"bc", b"d", b"ef", b"g"]
    assert list(pieces(b"abc", b"\0")) == [b"abc"]
    assert head_and_body(b"a: b\nc\n\n{}\n\n") == (((b"a", b"b"), (b"c", b"")), b"{}\n\n")


def test_bombs_are_about_as_large_as_they_are_asked_for() -> None:
    size = 1 << 16
    texts = [make(size) for make in (*BODIES.values(), *STREAMS.values())]

    assert all(size * 0.4 < len(text) < size * 2.2 for text in texts)
    assert all(make(size) for make in CODED.values())
