"""Which messages are turns, on the wire: everything else arrives byte for byte as it was sent."""

import ssl
from typing import Any

import pytest
from conftest import Network
from embedded_backend.tunnel import Tunnel
from support.client import connected, plainly_connected, request_bytes
from support.proxy import Proxy, watched
from support.sockets import HANDSHAKE, Recorder, talking, upgraded
from support.talks import post
from support.upstream import responding, running_upstream, whole
from support.wire import COMPACT, JSON, RESPONSES, body, frame, said

STRANGE = (("X-Odd", "1"), ("x-odd", "2"), ("SESSION_ID", ""), ("Idempotency-Key", "abc"), ("Cookie", "a=1; b=2"), JSON)
REVERSE = "reverse:https://chatgpt.com"


@pytest.mark.parametrize("path", [RESPONSES, COMPACT, f"{RESPONSES}?x=1", f"{COMPACT}?client_version=1"])
async def test_a_post_to_responses_or_compact_is_a_turn(net: Network, path: str) -> None:
    """The two endpoints take a key, whatever the query, which stays."""
    upstream = await net.upstream()
    await post(await net.proxy(), path=path, prompt_cache_key="k")

    assert upstream.last.target == path
    assert upstream.last.values("session-id") == ["k"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/backend-api/codex/images/generations"),
        ("POST", "/backend-api/codex/responses/"),
        ("POST", "/backend-api/codex/responses/compact/x"),
        ("POST", "/backend-api/conversation"),
        ("POST", "/v1/responses"),
        ("GET", "/backend-api/codex/models?client_version=1"),
        ("GET", RESPONSES),
        ("PUT", RESPONSES),
    ],
)
async def test_every_other_message_to_the_backend_arrives_byte_for_byte(net: Network, method: str, path: str) -> None:
    """Neither head nor body changes, although the body looks like a turn's."""
    upstream = await net.upstream()
    sent = request_bytes("chatgpt.com", path, STRANGE, body(stream_options={}), method)
    async with connected(await net.proxy()) as connection:
        await connection.send(sent)

    assert upstream.last.raw == sent


async def test_a_path_that_is_nearly_right_is_named_once_with_the_right_one(
    net: Network, caplog: pytest.LogCaptureFixture
) -> None:
    """What the client asked for is what it gets, by HTTP and by WebSocket."""
    paths = ["/backend-api/codex//responses", "/backend-api/codex/v1/responses/compact", "//responses/"]
    upstream = await net.upstream()
    proxy = await net.proxy()
    async with connected(proxy) as connection:
        for path in (*paths, *paths, f"{paths[0]}?x=1"):
            await connection.post(path, [JSON], body())
        await connection.post("/backend-api/codex/v1/responses/", method="GET")

    assert [request.target for request in upstream.requests[:3]] == paths
    assert {request.body for request in upstream.requests[:-1]} == {body()}
    assert said(caplog) == [
        f"A POST to chatgpt.com has the path {path}, which is no turn's, and passes unchanged. The right one is "
        f"{right}: correct the client's base URL."
        for path, right in zip(paths, (RESPONSES, COMPACT, RESPONSES), strict=True)
    ]
    upstream.answer = talking(Recorder())
    async with connected(proxy) as connection:
        await upgraded(connection, [("session_id", "s")], "/backend-api/codex/v1/responses")
    assert upstream.last.values("session-id") == []
    assert said(caplog)[-1].startswith(
        "A WebSocket to chatgpt.com has the path /backend-api/codex/v1/responses, which "
    )


SUBDOMAINS = {"ssl_insecure": True}  # the test server's certificate knows one level of subdomains


@pytest.mark.parametrize(
    ("host", "settings", "connection"),
    [
        pytest.param("gov.chatgpt.com", SUBDOMAINS, {}, id="a subdomain, to which an account is routed"),
        pytest.param("eu.gov.chatgpt.com", SUBDOMAINS, {}, id="a subdomain of one"),
        pytest.param("ChatGPT.com", SUBDOMAINS, {"sni": "chatgpt.com"}, id="in any case"),
        pytest.param("chatgpt.com.", SUBDOMAINS, {"sni": "chatgpt.com"}, id="with a final dot"),
        pytest.param("codex.example", {"codex_hosts": "codex.example, other.example"}, {}, id="a host of codex_hosts"),
        pytest.param("chatgpt.com", {}, {"sni": None}, id="by its address, without a server name"),
        pytest.param("chatgpt.com", {}, {"target": "192.0.2.1"}, id="by its SNI, where a client resolves names itself"),
        pytest.param("chatgpt.com", {}, {"proxy_tls": True}, id="by TLS to the proxy itself, as by HTTPS_PROXY=https:"),
    ],
)
async def test_a_turn_is_seen(net: Network, host: str, settings: dict[str, Any], connection: dict[str, Any]) -> None:
    upstream = await net.upstream(host=connection.get("target", host))
    async with connected(await net.proxy(**settings), host, **connection) as opened_to:
        await opened_to.post(RESPONSES, [JSON], body(prompt_cache_key="k"))

    assert upstream.last.values("session-id") == ["k"]
    assert upstream.last.values("host") == [host]


@pytest.mark.parametrize("host", ["notchatgpt.com", "chatgpt.com.example", "api.openai.com", "chatgpt.co"])
async def test_a_host_that_only_looks_like_the_backend_is_tunnelled(net: Network, host: str) -> None:
    """The client sees the host's own certificate, and its bytes arrive as they were."""
    upstream = await net.upstream(host=host)
    sent = request_bytes(host, RESPONSES, STRANGE, body())
    async with connected(await net.proxy(), host, tls=net.backend_tls()) as connection:
        await connection.send(sent)

    assert upstream.last.raw == sent


async def test_another_address_without_sni_is_tunnelled(net: Network) -> None:
    """Nothing says that the backend is meant, so the connection is left alone."""
    await net.upstream(host="192.0.2.1")
    own = net.backend_tls()
    own.check_hostname = False
    async with connected(await net.proxy(), target="192.0.2.1", tls=own, sni=None) as connection:
        assert (await connection.post(RESPONSES, [JSON], body())).status == 200


async def test_without_codex_tunnel_other_hosts_are_decrypted_and_unchanged(net: Network) -> None:
    """The client then sees a certificate of the proxy, and still nothing is edited."""
    upstream = await net.upstream(host="other.example")
    sent = request_bytes("other.example", RESPONSES, STRANGE, body())
    async with connected(await net.proxy(codex_tunnel="off"), "other.example") as connection:
        await connection.send(sent)

    assert upstream.last.raw == sent


@pytest.mark.parametrize(
    "scope", [{"allow_hosts": [r"^(chatgpt\.com|seen\.example):443$"]}, {"ignore_hosts": [r"^hidden\.example:443$"]}]
)
async def test_the_users_own_scope_is_respected(net: Network, scope: dict[str, Any]) -> None:
    """With allow_hosts or ignore_hosts the user says what is decrypted: seen.example is, hidden.example is not."""
    trusts = {"chatgpt.com": None, "seen.example": None, "hidden.example": net.backend_tls()}
    for host in trusts:
        await net.upstream(host=host)
    proxy = await net.proxy(**scope)
    for host, trust in trusts.items():
        assert await visited(proxy, host, trust) == 200


async def visited(proxy: Proxy, host: str, trust: ssl.SSLContext | None) -> int:
    """Send a turn to a host whose certificate is trusted so; return the status."""
    async with connected(proxy, host, tls=trust) as connection:
        return (await connection.post(RESPONSES, [JSON], body())).status


async def test_other_hosts_are_tunnelled_on_the_way_to_an_upstream_proxy(net: Network) -> None:
    """Their own certificates arrive through both proxies."""
    upstream = await net.upstream(host="other.example")
    async with Tunnel(upstream.port) as tunnel:
        proxy = await net.proxy(mode=f"upstream:http://127.0.0.1:{tunnel.port}")
        assert await visited(proxy, "other.example", net.backend_tls()) == 200


ALIASES = {
    f"{base}/responses{rest}": f"{RESPONSES}{rest}"
    for base in ("", "/v1", "/v1/codex", "/codex")
    for rest in ("", "/compact", "?x=1", "/compact?x=1")
} | {
    "//responses": RESPONSES,
    "/responses/": RESPONSES,
    "//v1//responses//compact/?x=//1/": f"{COMPACT}?x=//1/",
    "/v1/responses/?x=1": f"{RESPONSES}?x=1",
    "/backend-api/codex//responses": RESPONSES,
    "/backend-api/codex/responses/": RESPONSES,
    "/backend-api/codex/v1/responses": RESPONSES,
    "/v1/backend-api/codex/responses": RESPONSES,
    "/backend-api/codex/v1/responses/compact?x=1": f"{COMPACT}?x=1",
}


@pytest.mark.parametrize("codex_mode", ["fill", "pin", "observe", None])
@pytest.mark.parametrize("keep_host_header", [False, True])
async def test_in_reverse_mode_the_paths_of_a_base_url_are_aliases(
    net: Network, keep_host_header: bool, codex_mode: str | None
) -> None:
    """What a client appends to http://127.0.0.1:8080 reaches the real endpoint, in every mode: it is routing.

    Without the addon it does not: mitmproxy itself knows of no aliases.
    """
    upstream = await net.upstream()
    options = {"codex_mode": codex_mode} if codex_mode else {"addon": object()}
    proxy = await net.proxy(mode=REVERSE, keep_host_header=keep_host_header, **options)
    sent = body(prompt_cache_key="k")
    async with plainly_connected(proxy, f"127.0.0.1:{proxy.port}") as connection:
        for alias in ALIASES:
            await connection.post(alias, [JSON], sent)

    wanted = ("k",) if codex_mode in ("fill", "pin") else ()
    assert [request.target for request in upstream.requests] == list(ALIASES.values() if codex_mode else ALIASES)
    assert {(request.body, *request.values("session-id")) for request in upstream.requests} == {(sent, *wanted)}
    assert upstream.last.values("host") == [f"127.0.0.1:{proxy.port}" if keep_host_header else "chatgpt.com"]


@pytest.mark.parametrize("codex_mode", ["fill", "observe"])
@pytest.mark.parametrize("keep_host_header", [False, True])
@pytest.mark.parametrize("path", [path for path, real in ALIASES.items() if real == RESPONSES] + [RESPONSES])
async def test_in_reverse_mode_the_aliases_serve_websockets(
    net: Network, path: str, keep_host_header: bool, codex_mode: str
) -> None:
    """A base URL of ws://127.0.0.1:8080 works alike."""
    upstream = await net.upstream(talking(recorder := Recorder()))
    proxy = await net.proxy(mode=REVERSE, keep_host_header=keep_host_header, codex_mode=codex_mode)
    async with plainly_connected(proxy, f"127.0.0.1:{proxy.port}") as connection:
        peer = await upgraded(connection, [("session_id", "s")], path)
        await peer.ask(frame())

    assert upstream.last.target == RESPONSES
    assert upstream.last.values("session-id") == ([] if codex_mode == "observe" else ["s"])
    assert ('"prompt_cache_key":"s"' in str(recorder.messages[0])) == (codex_mode != "observe")


async def test_in_reverse_mode_no_other_path_is_changed(net: Network) -> None:
    """Only whole paths are aliases."""
    upstream = await net.upstream()
    paths = ["/v1/models", "/responses/v2", "/v2/responses", "/api/responses", "/responses/x", "/", "/v1/responses%20"]
    async with plainly_connected(await net.proxy(mode=REVERSE), "localhost") as connection:
        for path in paths:
            await connection.post(path, [JSON], body())

    assert [request.target for request in upstream.requests] == paths
    assert {request.body for request in upstream.requests} == {body()}


async def test_in_reverse_mode_to_another_host_nothing_is_changed(net: Network) -> None:
    upstream = await net.upstream(host="other.example")
    proxy = await net.proxy(mode="reverse:https://other.example")
    async with plainly_connected(proxy, "other.example") as connection:
        await connection.send(sent := request_bytes("other.example", "/v1/responses", STRANGE, body()))

    assert upstream.last.raw == sent


async def test_a_plain_request_to_another_host_is_untouched(net: Network) -> None:
    """A client may use the proxy for http:// as well; the target loses its host, as any proxy has it."""
    async with running_upstream(None, responding(whole())) as upstream:
        net.ports["other.example"] = upstream.port
        async with plainly_connected(await net.proxy(), "other.example") as connection:
            sent = request_bytes("other.example", f"http://other.example{RESPONSES}", STRANGE, body())
            await connection.send(sent)

    assert upstream.last.raw == sent.replace(b"http://other.example/", b"/", 1)


async def test_a_websocket_to_another_endpoint_or_host_is_untouched(net: Network) -> None:
    """Neither its handshake nor its messages change, even where they look like turns, and nothing is told of them."""
    upstream = await net.upstream(talking(recorder := Recorder()))
    net.ports["other.example"] = upstream.port
    proxy = await net.proxy(codex_tunnel="off")
    watch = watched(proxy)
    for host, path in (("chatgpt.com", "/backend-api/codex/realtime"), ("other.example", RESPONSES)):
        async with connected(proxy, host) as connection:
            peer = await upgraded(connection, [("session_id", "s")], path)
            await peer.ask(frame(stream_options={}))
        assert upstream.last.head == request_bytes(host, path, [*HANDSHAKE, ("session_id", "s")], b"", "GET")
        assert recorder.messages == [frame(stream_options={})]
    assert [flow.metadata for flow in watch.flows] == [{}, {}]
    assert proxy.master.addons.get("codex_continuity").notifier.summary.turns == 0
