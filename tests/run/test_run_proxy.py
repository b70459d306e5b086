"""The command line of the proxy, why it did not start, and what is kept of the warnings in it."""

import logging
from pathlib import Path

import codexcache
import pytest
from codex_run.arguments import parse
from codex_run.environment import Upstream
from codex_run.in_proxy.control_addon import Warnings
from codex_run.proxy import ADDONS, command, command_alone, environment, url, why_not_started
from codexcache.hooks import connection_stats

WORK_DIR = Path("/certs")


def program(line: str = "") -> str:
    return Path(command(parse([*line.split(), "--", "pi"]), WORK_DIR, None)[0]).name


def words(line: str = "", upstream: Upstream | None = None) -> str:
    """Return all words but the program's own."""
    return " ".join(command(parse([*line.split(), "--", "pi"]), WORK_DIR, upstream)[1:])


def test_it_is_mitmdump_with_both_addons_on_a_free_port_of_loopback() -> None:
    assert program() == "mitmdump"
    assert words() == (
        f"-q -s {ADDONS[0]} -s {ADDONS[1]} --listen-port 0 --listen-host 127.0.0.1 "
        "--set ssl_verify_upstream_trusted_ca=/certs/ca-upstream.pem"
    )


def test_it_is_mitmweb_where_a_page_is_wanted() -> None:
    assert program("--ui web") == "mitmweb"
    assert "--set web_port=" in words("--ui web")
    assert words("--ui web --web-port 5").count("port") == 2


def test_the_users_own_options_come_last_and_take_the_place_of_the_launchers() -> None:
    line = "--listen-host ::1 --set ssl_verify_upstream_trusted_ca=/mine -w flows"

    assert words(line).endswith(f"--listen-port 0 {line}")


def test_the_users_proxy_is_gone_through_and_its_password_is_not_for_all_to_see() -> None:
    upstream = Upstream(url="http://p:1", auth="me:secret")

    assert "--mode upstream:http://p:1" in words(upstream=upstream)
    assert "secret" not in words(upstream=upstream)
    assert environment({}, upstream, WORK_DIR)["CODEX_RUN_UPSTREAM_AUTH"] == "me:secret"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (["127.0.0.1", 5], "http://127.0.0.1:5"),
        (["0.0.0.0", 5], "http://127.0.0.1:5"),
        (["::", 5], "http://[::1]:5"),
        (["::1", 5], "http://[::1]:5"),
    ],
)
def test_a_client_takes_the_address_as_a_url(address: list[object], expected: str) -> None:
    assert url(address) == expected


COLUMNS = " ".join(f"--set web_columns={name}" for name in ("icon", "path", "comment", "status", "size", "time"))


@pytest.mark.parametrize(
    ("line", "program", "words"),
    [
        ("", "mitmdump", "--listen-host 127.0.0.1"),
        ("-w a--b", "mitmdump", "--listen-host 127.0.0.1 -w a--b"),
        ("mitmweb", "mitmweb", f"--listen-host 127.0.0.1 {COLUMNS}"),
        ("mitmweb --set web_columns=path", "mitmweb", "--listen-host 127.0.0.1 --set web_columns=path"),
        ("--port 8081", "mitmdump", "--listen-host 127.0.0.1 --listen-port 8081"),
        ("--listen-host ::1 -q", "mitmdump", "--quiet --listen-host ::1"),
        ("--set listen_host=", "mitmdump", "--set listen_host="),
    ],
)
def test_by_itself_it_has_the_addon_and_listens_on_loopback_unless_told_otherwise(
    line: str, program: str, words: str
) -> None:
    found = command_alone(parse(line.split()))

    assert (Path(found[0]).name, found[1:3]) == (program, ["-s", str(ADDONS[0])])
    assert found[3:] == words.split()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[Errno 98] Address already in use", "Port 8080 is in use by another program. Leave --port out for a free"),
        ("usage: x\nmitmdump: error: no such option\n", "The proxy did not start: no such option"),
        ("ValueError: a\n\nErrors logged during startup, exiting...\n", "The proxy did not start: ValueError: a"),
        ("", "The proxy did not start and said nothing. With the same options, but without the -- and the command,"),
    ],
)
def test_one_that_has_ended_is_quoted_with_its_last_line(written: str, expected: str) -> None:
    assert why_not_started(written, port="8080", has_ended=True).startswith(expected)


def test_one_that_takes_too_long_is_quoted_with_its_last_lines() -> None:
    written = "\n".join(f"line {number}" for number in range(1, 9))

    assert why_not_started(written, port="8080", has_ended=False) == (
        "The proxy did not start within 60 seconds. The last that it said:\n"
        "  line 4\n  line 5\n  line 6\n  line 7\n  line 8"
    )


def test_a_warning_of_any_module_is_kept_once_but_for_what_the_report_says_of_connections() -> None:
    warnings, addons = Warnings(), logging.getLogger(codexcache.__name__)
    addons.addHandler(warnings)
    for sentence in ("one", "two", "one"):
        addons.getChild("any").warning(sentence)
    addons.getChild("any").info("unimportant")
    logging.getLogger("mitmproxy").warning("foreign")
    connection_stats.logger.warning("a client does not trust the CA")
    addons.removeHandler(warnings)

    assert [warnings.take() for _ in range(2)] == [["one", "two"], []]
