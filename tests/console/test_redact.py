"""Credentials are taken out of flows once they were sent, and out of copies that can be passed on."""

import asyncio
from pathlib import Path

import pytest
from codexcache.console.redact import export, remove_secrets
from codexcache.hooks.notify import TURN_SUMMARIES
from codexcache.wire.headers import is_secret, without_secrets
from conftest import Network
from mitmproxy import http
from mitmproxy.test import tflow
from support.client import connected
from support.patience import until
from support.saved import flows_in
from support.sockets import Recorder, opened, talking
from support.talks import SECRETS, Listed, flows, post
from support.turn_summaries import SUMMARY
from support.upstream import responding, whole
from support.wire import JSON, RESPONSES, body, frame

VALUES = ("credential-1", "account-1", "cookie-1", "state-1", "set-1")
SETTING_COOKIES = whole(extra=b"set-cookie: a=set-1\r\nx-codex-turn-state: state-1\r\nx-request-id: r\r\n")


SECRET_FIELDS = """
    authorization Authorization proxy-authorization cookie set-cookie chatgpt-account-id x-api-key api-key
    x-goog-api-key x-codex-turn-metadata x-codex-turn-state x-oai-attestation x-auth-token x-client-secret
"""
OTHER_FIELDS = "session-id user-agent x-client-request-id thread-id content-type x-max-tokens"


def test_fields_that_hold_credentials_are_secret_and_others_stay_as_they_are() -> None:
    """Order, spelling and duplicates included."""
    fields = ((b"X-B", b"1"), (b"AUTHORIZATION", b"x"), (b"x-a", b"2"), (b"Cookie", b"y"), (b"X-B", b"\xff"))

    assert without_secrets(fields) == ((b"X-B", b"1"), (b"x-a", b"2"), (b"X-B", b"\xff"))
    assert [name for name in SECRET_FIELDS.split() if not is_secret(name)] == []
    assert [name for name in OTHER_FIELDS.split() if is_secret(name)] == []


def test_what_mitmproxy_keeps_with_a_flow_is_cleared_too() -> None:
    """The state before an edit, the proxy user's name and password, trailers."""
    flow = tflow.tflow(resp=True)
    flow.request.headers["authorization"] = "credential-1"
    flow.request.trailers = http.Headers([(b"x-api-key", b"credential-1")])
    flow.metadata["proxyauth"] = ("user", "credential-1")
    flow.backup()
    remove_secrets(flow)

    assert "credential-1" not in str(flow.get_state())


def secrets_in(flow: http.HTTPFlow) -> list[str]:
    return [value for value in VALUES if value in str(flow.get_state())]


async def test_a_request_is_redacted_when_it_is_over(net: Network) -> None:
    upstream = await net.upstream(responding(SETTING_COOKIES))
    proxy = await net.proxy(Listed(), codex_redact="on")
    await post(proxy, *SECRETS)
    await until(lambda: not flows(proxy)[0].live)

    assert secrets_in(flows(proxy)[0]) == []
    assert upstream.last.values("authorization") == ["Bearer credential-1"]
    assert upstream.last.values("cookie") == ["sid=cookie-1"]


async def test_by_default_nothing_is_taken_out(net: Network) -> None:
    """A flow can be tried again only with its credentials."""
    await net.upstream(responding(SETTING_COOKIES))
    proxy = await net.proxy(Listed())
    await post(proxy, *SECRETS)

    assert secrets_in(flows(proxy)[0]) == list(VALUES)


async def test_a_request_that_fails_is_redacted(net: Network) -> None:
    await net.upstream(responding(b""))
    proxy = await net.proxy(Listed(), codex_redact="on")
    async with connected(proxy) as connection:
        sending = asyncio.create_task(connection.post(RESPONSES, [JSON, *SECRETS], body()))
        await until(lambda: flows(proxy) and flows(proxy)[0].request.raw_content)
        connection.reset()
        sending.cancel()
        await until(lambda: flows(proxy)[0].error)
    await until(lambda: not secrets_in(flows(proxy)[0]))

    assert "chatgpt.com" in str(flows(proxy)[0].get_state())


async def test_a_websocket_is_redacted_while_it_is_open(net: Network) -> None:
    """Its frames go on to have their keys."""
    upstream = await net.upstream(talking(recorder := Recorder()))
    proxy = await net.proxy(Listed(), codex_redact="on")
    async with opened(proxy, [*SECRETS, ("session-id", "s")]) as peer:
        await peer.ask(frame())

        assert secrets_in(flows(proxy)[0]) == []
        assert '"prompt_cache_key":"s"' in str(recorder.messages[0])
    assert upstream.last.values("authorization") == ["Bearer credential-1"]


async def test_other_hosts_are_left_alone(net: Network) -> None:
    """Their credentials are the business of others."""
    await net.upstream(responding(SETTING_COOKIES), host="other.example")
    proxy = await net.proxy(Listed(), codex_redact="on", codex_tunnel="off")
    async with connected(proxy, "other.example") as connection:
        await connection.post(RESPONSES, [JSON, *SECRETS], body())

    assert secrets_in(flows(proxy)[0]) == list(VALUES)


async def test_what_is_saved_unfinished_at_the_end_is_redacted(net: Network, tmp_path: Path) -> None:
    """mitmproxy writes flows that are still open when it ends, after the scripts had their turn."""
    await net.upstream(responding(b""))
    file = tmp_path / "saved"
    proxy = await net.proxy(Listed(), codex_redact="on", save_stream_file=str(file))
    chain = proxy.master.addons.chain
    chain.insert(0, chain.pop())  # where mitmproxy has scripts
    async with connected(proxy) as connection:
        sending = asyncio.create_task(connection.post(RESPONSES, [JSON, *SECRETS], body()))
        await until(lambda: flows(proxy) and flows(proxy)[0].request.raw_content)
        proxy.master.shutdown()
        await until(file.read_bytes)
        sending.cancel()
    saved = file.read_bytes()

    assert b"chatgpt.com" in saved
    assert [value for value in VALUES if value.encode() in saved] == []


def a_flow() -> http.HTTPFlow:
    flow = tflow.tflow(resp=True)
    flow.request.headers["Authorization"] = "Bearer credential-1"
    flow.response = flow.response or http.Response.make()
    flow.response.headers["Set-Cookie"] = "sid=cookie-1"
    flow.metadata[TURN_SUMMARIES] = [SUMMARY]
    return flow


def test_the_copies_have_no_credentials_and_the_originals_keep_them(tmp_path: Path) -> None:
    """What was found of the turns goes along, and ids stay, so that turns name their predecessors."""
    flow, path = a_flow(), tmp_path / "x.mitm"

    assert export([flow], path) == 1
    assert b"credential-1" not in path.read_bytes()
    assert b"cookie-1" not in path.read_bytes()
    assert [(copy.id, copy.metadata[TURN_SUMMARIES]) for copy in flows_in(path)] == [(flow.id, [SUMMARY])]
    assert flow.request.headers["authorization"] == "Bearer credential-1"


def test_a_websocket_is_copied_with_its_messages_and_what_is_no_http_is_left_out(tmp_path: Path) -> None:
    flow, path = tflow.twebsocketflow(), tmp_path / "x"
    flow.request.headers["cookie"] = "cookie-1"
    assert export([tflow.ttcpflow(), flow], path) == 1
    (copy,) = flows_in(path)

    assert copy.websocket is not None
    assert len(copy.websocket.messages) == 3
    assert "cookie" not in copy.request.headers


def test_where_writing_fails_nothing_is_left_behind(tmp_path: Path) -> None:
    """What stood there before stays."""
    path = tmp_path / "x.mitm"
    path.write_bytes(b"before")
    flow = a_flow()
    flow.metadata["odd"] = object()

    with pytest.raises(ValueError, match="unserializable"):
        export([flow], path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
