"""What the client gets to know."""

from pathlib import Path

import pytest
from codex_run.environment import covers, for_client, passes_by
from codex_run.kinds import Kind
from codex_run.trust import bundles_in

BUNDLES = bundles_in(Path("/room"))
PROXY = "http://127.0.0.1:1"


def given(**user: str) -> dict[str, str]:
    return for_client(user, PROXY, BUNDLES, "other")


def test_the_proxy_is_named_for_https_in_both_spellings() -> None:
    assert (given()["HTTPS_PROXY"], given()["https_proxy"]) == (PROXY, PROXY)


@pytest.mark.parametrize(
    ("kind", "told"), [("node", True), ("other", True), ("codex", False), ("pi", False), ("bun", False)]
)
def test_node_is_told_to_heed_the_proxy_unless_the_client_does_so_itself(kind: Kind, told: bool) -> None:
    """It would warn that this is an experiment."""
    assert ("NODE_USE_ENV_PROXY" in for_client({}, PROXY, BUNDLES, kind)) is told


def test_plain_http_stays_as_the_user_has_it() -> None:
    """mitmproxy would hold back a download until it is whole."""
    assert not {"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} & given().keys()
    assert given(http_proxy="http://p:1")["http_proxy"] == "http://p:1"


def test_variables_that_replace_cas_name_all_of_them_and_those_that_add_only_ours() -> None:
    """Codex puts its own variable before SSL_CERT_FILE, so that names all too."""
    replaced = {given()[name] for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}

    assert replaced == {given()["CODEX_CA_CERTIFICATE"]} == {"/room/ca-bundle.pem"}
    assert given()["NODE_EXTRA_CA_CERTS"] == "/room/ca-added.pem"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "a.example"}, "a.example,localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "a", "no_proxy": "b,localhost"}, "b,localhost,a,127.0.0.1,::1"),
        ({"NO_PROXY": "*"}, "localhost,127.0.0.1,::1"),
    ],
)
def test_loopback_is_kept_from_the_proxy_besides_what_the_user_keeps(user: dict[str, str], expected: str) -> None:
    assert (expected, expected) == (given(**user)["NO_PROXY"], given(**user)["no_proxy"])


def test_everything_else_stays() -> None:
    assert given(PATH="/bin", GIT_SSL_CAINFO="/ca")["PATH"] == "/bin"
    assert given(PATH="/bin", GIT_SSL_CAINFO="/ca")["GIT_SSL_CAINFO"] == "/ca"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("chatgpt.com", True),
        (".chatgpt.com", True),
        ("*.com", True),
        ("CHATGPT.com:443", True),
        ("com", True),
        ("gpt.com", False),
        ("www.chatgpt.com", False),
        ("::1", False),
        ("", False),
    ],
)
def test_an_entry_of_no_proxy_means_a_host_and_what_is_below_it(entry: str, expected: bool) -> None:
    assert covers(entry, "chatgpt.com") is expected


def test_what_sends_the_client_past_the_proxy_is_found() -> None:
    assert passes_by({"NO_PROXY": "a.example,.com"}) == ".com"
    assert passes_by({"NO_PROXY": "*"}) is None
