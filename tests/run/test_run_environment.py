"""What the client is started with: the proxy, the one that the user had before, and the files of CAs."""

import ssl
from pathlib import Path

import pytest
from codex_run.arguments import Failed
from codex_run.environment import (
    ADDED,
    COMPLETE,
    UPSTREAM,
    Upstream,
    bypass_entry,
    certificates,
    find_upstream,
    for_client,
    write_client,
    write_upstream,
)
from codex_run.kinds import Kind

WORK_DIR = Path("/certs")
PROXY = "http://127.0.0.1:1"


def given(**user: str) -> dict[str, str]:
    return for_client(user, PROXY, WORK_DIR, "other")


def test_the_client_is_given_the_proxy_for_https_and_the_cas_and_everything_else_stays() -> None:
    """Plain http stays too: mitmproxy would hold back a download until it is whole.

    Variables that replace CAs name all of them, and those that add only the proxy's; but Codex puts its own before
    SSL_CERT_FILE, so that names all too. For a WebSocket, aiohttp 3.14 looks at WSS_PROXY alone.
    """
    user = {"PATH": "/bin", "GIT_SSL_CAINFO": "/ca", "http_proxy": "http://p:1"}

    assert given(**user) == user | {
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "WSS_PROXY", "wss_proxy"), PROXY),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1,::1"),
        **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), "/certs/ca-bundle.pem"),
        "CODEX_CA_CERTIFICATE": "/certs/ca-bundle.pem",
        "NODE_EXTRA_CA_CERTS": "/certs/ca-added.pem",
        "NODE_USE_ENV_PROXY": "1",
        "CLINE_SESSION_BACKEND_MODE": "local",
    }


def test_cline_does_its_own_work_unless_the_user_says_where_it_is_done() -> None:
    """A background process that an earlier run left would send the turns by the proxy of that run, or by none."""
    assert given(CLINE_SESSION_BACKEND_MODE="hub")["CLINE_SESSION_BACKEND_MODE"] == "hub"


@pytest.mark.parametrize(
    ("kind", "told"), [("node", True), ("other", True), ("codex", False), ("pi", False), ("bun", False)]
)
def test_node_is_told_to_use_the_proxy_unless_the_client_does_so_by_itself(kind: Kind, told: bool) -> None:
    """It would warn that this is an experiment."""
    assert ("NODE_USE_ENV_PROXY" in for_client({}, PROXY, WORK_DIR, kind)) is told


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"NO_PROXY": "a.example"}, "a.example,localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "b, a", "no_proxy": "b,,localhost"}, "b,localhost,a,127.0.0.1,::1"),
        ({"NO_PROXY": "a, *"}, "localhost,127.0.0.1,::1"),
    ],
)
def test_loopback_is_kept_from_the_proxy_besides_what_the_user_keeps(user: dict[str, str], expected: str) -> None:
    assert (expected, expected) == (given(**user)["NO_PROXY"], given(**user)["no_proxy"])


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        *((entry, True) for entry in ("chatgpt.com", ".chatgpt.com", "*.com", "CHATGPT.com:443", "com")),
        *((entry, False) for entry in ("gpt.com", "www.chatgpt.com", "::1", "*")),
    ],
)
def test_an_entry_that_makes_the_client_bypass_the_proxy_means_its_host_or_one_above(entry: str, found: bool) -> None:
    assert bypass_entry({"NO_PROXY": f"a.example,{entry}"}) == (entry if found else None)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTP_PROXY": "http://p:1"}, None),
        ({"HTTPS_PROXY": "http://p:1"}, Upstream(url="http://p:1")),
        ({"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:2"}, Upstream(url="http://q:2")),
        ({"ALL_PROXY": "http://p:1"}, Upstream(url="http://p:1")),
        ({"all_proxy": "http://p:1", "HTTPS_PROXY": "http://q:2"}, Upstream(url="http://q:2")),
        ({"HTTPS_PROXY": "p:1"}, Upstream(url="http://p:1")),
        ({"HTTPS_PROXY": "http://p/"}, Upstream(url="http://p:80")),
        ({"HTTPS_PROXY": "https://p"}, Upstream(url="https://p:443")),
        ({"HTTPS_PROXY": "http://[::1]:3"}, Upstream(url="http://[::1]:3")),
        ({"HTTPS_PROXY": "http://me:p%40ss@p:1"}, Upstream(url="http://p:1", auth="me:p@ss")),
        ({"HTTPS_PROXY": "http://me@p:1"}, Upstream(url="http://p:1", auth="me:")),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example"}, Upstream(url="http://p:1")),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": "*"}, None),
    ],
)
def test_the_proxy_for_https_is_found_as_clients_find_it(user: dict[str, str], expected: Upstream | None) -> None:
    assert expected == find_upstream(user)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("socks5://me:secret@p:1", "HTTPS_PROXY names a socks5 proxy"),
        ("http://me:secret@p:nan", "HTTPS_PROXY is not the address of a proxy."),
        ("http://", "HTTPS_PROXY is not the address of a proxy."),
    ],
)
def test_a_proxy_that_cannot_be_gone_through_is_said_without_its_password(value: str, said: str) -> None:
    with pytest.raises(Failed) as raised:
        find_upstream({"HTTPS_PROXY": value})

    assert str(raised.value).startswith(said)
    assert "secret" not in str(raised.value)


def made(path: Path, *names: str) -> Path:
    """Write a file with something that looks like a certificate for each name."""
    path.write_text("".join(f"# {name}\n{pem(name)}\n" for name in names))
    return path


def pem(name: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----"


def names_in(path: Path) -> list[str]:
    return [found.decode().splitlines()[1] for found in certificates(path)]


def test_the_users_cas_are_kept_and_the_proxys_is_added(tmp_path: Path) -> None:
    user = {
        "SSL_CERT_FILE": str(made(tmp_path / "a", "one", "two")),
        "REQUESTS_CA_BUNDLE": str(made(tmp_path / "b", "two", "three")),
        "NODE_EXTRA_CA_CERTS": str(made(tmp_path / "c", "four")),
    }
    write_upstream(tmp_path, user)
    write_client(tmp_path, user, made(tmp_path / "ca", "proxy"))

    assert names_in(tmp_path / COMPLETE) == ["one", "two", "three", "four", "proxy"]
    assert names_in(tmp_path / ADDED) == ["four", "proxy"]
    assert names_in(tmp_path / UPSTREAM) == ["one", "two", "three", "four"]


def test_without_any_of_the_users_it_is_the_systems(tmp_path: Path) -> None:
    """A file that is not there counts as none."""
    write_upstream(tmp_path, {"SSL_CERT_FILE": str(tmp_path / "missing")})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(tmp_path / UPSTREAM)

    assert len(context.get_ca_certs()) > 10


def test_a_folder_of_cas_is_read_file_by_file_and_a_key_that_is_there_too_is_not_copied(tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    (folder / "below").mkdir(parents=True)
    made(folder / "a.pem", "one")
    (folder / "b.pem").write_text(f"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n{pem('two')}\n")
    write_upstream(tmp_path, {"REQUESTS_CA_BUNDLE": str(folder)})

    assert (tmp_path / UPSTREAM).read_text() == f"{pem('one')}\n{pem('two')}\n"
