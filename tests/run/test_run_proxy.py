"""The command line of the proxy."""

from pathlib import Path

import pytest
from codex_run.arguments import parse
from codex_run.proxy import ADDONS, command, environment, url
from codex_run.trust import bundles_in
from codex_run.upstream import Upstream


def program(line: str = "") -> str:
    return Path(command(parse([*line.split(), "--", "pi"]), bundles_in(Path("/room")), None)[0]).name


def words(line: str = "", upstream: Upstream | None = None) -> str:
    """Return all words but the program's own."""
    return " ".join(command(parse([*line.split(), "--", "pi"]), bundles_in(Path("/room")), upstream)[1:])


def test_it_is_mitmdump_with_both_addons_on_a_free_port_of_loopback() -> None:
    assert program() == "mitmdump"
    assert words() == (
        f"-q -s {ADDONS[0]} -s {ADDONS[1]} --listen-port 0 --listen-host 127.0.0.1 "
        "--set ssl_verify_upstream_trusted_ca=/room/ca-upstream.pem"
    )


@pytest.mark.parametrize("addon", ADDONS, ids=lambda addon: addon.stem)
def test_the_addons_are_there(addon: Path) -> None:
    assert addon.is_file()


def test_it_is_mitmweb_where_a_page_is_wanted() -> None:
    assert program("--ui web") == "mitmweb"
    assert "--set web_port=" in words("--ui web")
    assert words("--ui web --web-port 5").count("port") == 2


def test_the_users_own_options_come_last_and_take_the_place_of_ours() -> None:
    line = "--listen-host ::1 --set ssl_verify_upstream_trusted_ca=/mine -w flows"

    assert words(line).endswith(f"--listen-port 0 {line}")


def test_the_users_proxy_is_gone_through_and_its_password_is_not_for_all_to_see() -> None:
    upstream = Upstream(url="http://p:1", auth="me:secret")

    assert "--mode upstream:http://p:1" in words(upstream=upstream)
    assert "secret" not in words(upstream=upstream)
    assert environment({}, upstream, Path("/room"))["CODEX_RUN_UPSTREAM_AUTH"] == "me:secret"


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
