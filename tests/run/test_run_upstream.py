"""The proxy that the user had before."""

import pytest
from codex_run.upstream import CannotChain, Upstream, find_upstream, no_proxy


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
    with pytest.raises(CannotChain) as raised:
        find_upstream({"HTTPS_PROXY": value})

    assert str(raised.value).startswith(said)
    assert "secret" not in str(raised.value)


def test_both_spellings_of_no_proxy_count() -> None:
    assert no_proxy({"no_proxy": "a, b", "NO_PROXY": "b,,c"}) == ["a", "b", "c"]
    assert no_proxy({"no_proxy": "a,*"}) == ["*"]
