"""What stands before and after `--`."""

import pytest
from codex_run.arguments import Arguments, BadUsage, Plain, parse, parse_plain


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-- codex", Arguments(command=("codex",))),
        ("-- codex exec -- --port 1", Arguments(command=("codex", "exec", "--", "--port", "1"))),
        ("--ui web -- pi", Arguments(command=("pi",), web=True)),
        ("--ui=web -- pi", Arguments(command=("pi",), web=True)),
        ("mitmweb -- pi", Arguments(command=("pi",), web=True)),
        ("mitmdump --ui none -- pi", Arguments(command=("pi",))),
        ("--port 8080 -- pi", Arguments(command=("pi",), port=8080)),
        ("-p 1 -- pi", Arguments(command=("pi",), port=1)),
        ("--listen-port=2 -- pi", Arguments(command=("pi",), port=2)),
        ("-q -- pi", Arguments(command=("pi",), quiet=True)),
        ("--quiet -- pi", Arguments(command=("pi",), quiet=True)),
        (
            "-w f --set codex_mode=pin -- pi",
            Arguments(command=("pi",), passed_on=("-w", "f", "--set", "codex_mode=pin")),
        ),
        ("--quiet=x -- pi", Arguments(command=("pi",), passed_on=("--quiet=x",))),
    ],
)
def test_options_stand_before_and_the_command_after(line: str, expected: Arguments) -> None:
    assert expected == parse(line.split())


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("codex", "After -- goes the command to run: scripts/run"),
        ("--port 1 --", "After -- goes the command to run: scripts/run"),
        ("--port -- pi", "--port takes a value: scripts/run"),
        ("--port x -- pi", "--port is 'x', but it takes a number up to 65535."),
        ("--port 65536 -- pi", "--port is '65536', but it takes a number up to 65535."),
        ("--port ² -- pi", "--port is '²', but it takes a number up to 65535."),
        ("--ui tv -- pi", "--ui is 'tv', but it takes web or none: the terminal belongs to the command."),
        ("mitmproxy -- pi", "--ui is 'console', but it takes web or none: the terminal belongs to the command."),
    ],
)
def test_what_cannot_be_done_is_said(line: str, sentence: str) -> None:
    with pytest.raises(BadUsage) as raised:
        parse(line.split())

    assert str(raised.value).startswith(sentence)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-m regular", True),
        ("--mode regular", True),
        ("--mode=regular", True),
        ("--set mode=regular", True),
        ("--set codex_mode=pin", False),
        ("--set=codex_mode=pin", False),
    ],
)
def test_a_mode_of_the_users_own_is_known(line: str, expected: bool) -> None:
    assert parse([*line.split(), "--", "pi"]).has_mode is expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", Plain(program="mitmdump", passed_on=())),
        ("mitmproxy -w f", Plain(program="mitmproxy", passed_on=("-w", "f"))),
        ("--ui web", Plain(program="mitmweb", passed_on=())),
        ("--port 18091", Plain(program="mitmdump", passed_on=("--listen-port", "18091"))),
        ("--port=0 ~q", Plain(program="mitmdump", passed_on=("--listen-port", "0", "~q"))),
        ("-p 1 -q", Plain(program="mitmdump", passed_on=("--quiet", "--listen-port", "1"))),
    ],
)
def test_without_a_command_they_are_for_a_program_of_mitmproxys(line: str, expected: Plain) -> None:
    assert expected == parse_plain(line.split())


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("--port x", "--port is 'x', but it takes a number up to 65535."),
        ("--ui tv", "--ui is 'tv', but it takes none, web, console."),
        ("--port", "--port takes a value: scripts/run"),
    ],
)
def test_without_a_command_too_what_cannot_be_done_is_said(line: str, sentence: str) -> None:
    with pytest.raises(BadUsage) as raised:
        parse_plain(line.split())

    assert str(raised.value).startswith(sentence)
