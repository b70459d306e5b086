"""Which hosts and endpoints take turns."""

import pytest
from codexcache.wire.routes import Endpoint, endpoint_of, is_codex_host, real_target

HOSTS = ("chatgpt.com", "example.org")


@pytest.mark.parametrize("host", ["chatgpt.com", "gov.chatgpt.com", "a.b.chatgpt.com", "ChatGPT.com.", "example.org"])
def test_the_backends_hosts_and_their_subdomains_are_known(host: str) -> None:
    assert is_codex_host(host, HOSTS)


@pytest.mark.parametrize(
    "host", ["notchatgpt.com", "chatgpt.com.evil.org", "chatgpt.org", "com", "", "api.openai.com", "gov-chatgpt.com"]
)
def test_other_hosts_are_not(host: str) -> None:
    assert not is_codex_host(host, HOSTS)


@pytest.mark.parametrize("label", ["\x1b[31m", "a\n", "\u202e", "\udcff"], ids=repr)
def test_a_name_that_could_steer_a_terminal_is_no_host(label: str) -> None:
    assert not is_codex_host(f"{label}.chatgpt.com", HOSTS)


@pytest.mark.parametrize(
    ("target", "endpoint"),
    [
        ("/backend-api/codex/responses", "responses"),
        ("/backend-api/codex/responses?a=b?c", "responses"),
        ("/backend-api/codex/responses/compact", "compact"),
        ("/backend-api/codex/responses/compact?", "compact"),
    ],
)
def test_two_endpoints_take_turns(target: str, endpoint: Endpoint) -> None:
    assert endpoint_of(target) == endpoint


@pytest.mark.parametrize(
    "target",
    [
        *(f"/backend-api/codex/{name}" for name in ("models", "alpha/search", "images/generations", "realtime/calls")),
        "/backend-api/codex/memories/trace_summarize",
        *(f"/backend-api/codex/responses{end}" for end in ("/compact/x", "_x", "/")),
        "/backend-api/wham/usage",
        "/backend-api/codex",
        "/responses",
        "/v1/responses",
        "",
        "*",
    ],
)
def test_the_other_endpoints_take_none(target: str) -> None:
    assert endpoint_of(target) is None


@pytest.mark.parametrize("base", ["", "/v1", "/v1/codex", "/codex"])
@pytest.mark.parametrize("rest", ["/responses", "/responses/compact", "/responses?a=/responses", "/responses?"])
def test_what_clients_append_to_a_base_url_becomes_the_real_path(base: str, rest: str) -> None:
    assert real_target(base + rest) == "/backend-api/codex" + rest


@pytest.mark.parametrize(
    "path",
    [
        "//responses",
        "/responses/",
        "///v1/v1//responses//",
        "/v1/backend-api/codex/responses",
        "/backend-api/codex/v1/responses",
        "/backend-api//codex//responses/",
        "/backend-api/codex/responses",
    ],
)
def test_slashes_and_versions_too_many_make_no_difference(path: str) -> None:
    """The query stays, with all that looks like a path in it."""
    assert real_target(f"{path}?a=//v1/") == "/backend-api/codex/responses?a=//v1/"
    assert real_target(f"{path}/compact") == "/backend-api/codex/responses/compact"


@pytest.mark.parametrize(
    "target",
    [
        "/backend-api/codex/responses",
        "/backend-api//codex/models/",
        "/backend-api/responses",
        "/v1/models/",
        "/v2/responses",
        "//",
        "/",
        "",
        "/responses/x?y",
        "/x?/responses",
        "/Responses",
        "/responses%2F",
    ],
)
def test_any_other_target_stays_as_it_is(target: str) -> None:
    assert real_target(target) == target
