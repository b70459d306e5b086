"""Which messages are turns, on the wire: everything else arrives byte for byte as it was sent."""

import asyncio
import ssl
from typing import Any

import pytest
from conftest import Stage
from embedded_backend.certificates import Authority
from embedded_backend.tunnel import Tunnel
from support.client import connected, plainly_connected, request_bytes
from support.sockets import HANDSHAKE, Recorder, opened, talking, upgraded
from support.upstream import responding, running_upstream, whole
from support.wire import COMPACT, JSON, RESPONSES, body, frame, said

STRANGE = (("X-Odd", "1"), ("x-odd", "2"), ("SESSION_ID", ""), ("Idempotency-Key", "abc"), ("Cookie", "a=1; b=2"), JSON)


@pytest.mark.parametrize("path", [RESPONSES, COMPACT, f"{RESPONSES}?x=1", f"{COMPACT}?client_version=1"])
async def test_a_post_to_responses_or_compact_is_a_turn(stage: Stage, path: str) -> None:
    """The two endpoints take a key, whatever the query, which stays."""
    upstream = await stage.upstream()
    async with connected(await stage.proxy()) as connection:
        await connection.post(path, [JSON], body(prompt_cache_key="k"))

    assert upstream.last.target == path
    assert upstream.last.values("session-id") == ["k"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/backend-api/codex/alpha/search"),
        ("POST", "/backend-api/codex/images/generations"),
        ("POST", "/backend-api/codex/images/edits"),
        ("POST", "/backend-api/codex/memories/trace_summarize"),
        ("POST", "/backend-api/codex/realtime/calls"),
        ("POST", "/backend-api/codex/responses/input_tokens"),
        ("POST", "/backend-api/codex/responses/"),
        ("POST", "/backend-api/codex/responses/compact/x"),
        ("POST", "/backend-api/codex/Responses"),
        ("POST", "/backend-api/wham/tasks"),
        ("POST", "/backend-api/conversation"),
        ("POST", "/responses"),
        ("POST", "/v1/responses"),
        ("GET", "/backend-api/codex/models?client_version=1"),
        ("GET", RESPONSES),
        ("PUT", RESPONSES),
        ("DELETE", RESPONSES),
    ],
)
async def test_every_other_message_to_the_backend_arrives_byte_for_byte(stage: Stage, method: str, path: str) -> None:
    """Neither head nor body changes, although the body looks like a turn's."""
    upstream = await stage.upstream()
    sent = request_bytes("chatgpt.com", path, STRANGE, body(stream_options={}), method)
    async with connected(await stage.proxy()) as connection:
        await connection.send(sent)

    assert upstream.last.raw == sent


async def test_a_path_that_is_nearly_right_is_named_once_with_the_right_one(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """What the client asked for is what it gets, by HTTP and by WebSocket."""
    paths = ["/backend-api/codex//responses", "/backend-api/codex/v1/responses/compact", "//responses/"]
    upstream = await stage.upstream()
    proxy = await stage.proxy()
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
        await upgraded(connection, path="/backend-api/codex/v1/responses")
    assert said(caplog)[-1].startswith(
        "A WebSocket to chatgpt.com has the path /backend-api/codex/v1/responses, which "
    )


@pytest.mark.parametrize("host", ["gov.chatgpt.com", "eu.gov.chatgpt.com", "ChatGPT.com", "chatgpt.com."])
async def test_a_subdomain_of_the_backend_is_the_backend(stage: Stage, host: str) -> None:
    """Accounts are routed to hosts below chatgpt.com; case and a final dot do not matter in a name."""
    upstream = await stage.upstream(host=host)
    proxy = await stage.proxy(ssl_insecure=True)  # the test server's certificate knows one level of subdomains
    async with connected(proxy, host, sni=host.rstrip(".").lower()) as connection:
        await connection.post(RESPONSES, [JSON], body(prompt_cache_key="k"))

    assert upstream.last.values("session-id") == ["k"]
    assert upstream.last.values("host") == [host]


@pytest.mark.parametrize("host", ["notchatgpt.com", "chatgpt.com.example", "api.openai.com", "chatgpt.co"])
async def test_a_host_that_only_looks_like_the_backend_is_tunnelled(
    stage: Stage, authority: Authority, host: str
) -> None:
    """The client sees the host's own certificate, and its bytes arrive as they were."""
    upstream = await stage.upstream(host=host)
    sent = request_bytes(host, RESPONSES, STRANGE, body())
    own = ssl.create_default_context(cafile=str(authority.ca_file))
    async with connected(await stage.proxy(), host, tls=own) as connection:
        await connection.send(sent)

    assert upstream.last.raw == sent


async def test_without_codex_tunnel_other_hosts_are_decrypted_and_unchanged(stage: Stage) -> None:
    """The client then sees a certificate of the proxy, and still nothing is edited."""
    upstream = await stage.upstream(host="other.example")
    sent = request_bytes("other.example", RESPONSES, STRANGE, body())
    async with connected(await stage.proxy(codex_tunnel="off"), "other.example") as connection:
        await connection.send(sent)

    assert upstream.last.raw == sent


@pytest.mark.parametrize(
    "scope", [{"allow_hosts": [r"^(chatgpt\.com|seen\.example):443$"]}, {"ignore_hosts": [r"^hidden\.example:443$"]}]
)
async def test_the_users_own_scope_is_respected(stage: Stage, authority: Authority, scope: dict[str, Any]) -> None:
    """With allow_hosts or ignore_hosts the user says what is decrypted: seen.example is, hidden.example is not."""
    for host in ("chatgpt.com", "seen.example", "hidden.example"):
        await stage.upstream(host=host)
    proxy = await stage.proxy(**scope)
    own = ssl.create_default_context(cafile=str(authority.ca_file))
    for host, trust in (("chatgpt.com", None), ("seen.example", None), ("hidden.example", own)):
        async with connected(proxy, host, tls=trust) as connection:
            assert (await connection.post(RESPONSES, [JSON], body())).status == 200


async def test_codex_hosts_names_other_backends(stage: Stage) -> None:
    """A host of the list takes turns, and chatgpt.com is tunnelled where it is not in it."""
    upstream = await stage.upstream(host="codex.example")
    proxy = await stage.proxy(codex_hosts="codex.example, other.example")
    async with connected(proxy, "codex.example") as connection:
        await connection.post(RESPONSES, [JSON], body(prompt_cache_key="k"))

    assert upstream.last.values("session-id") == ["k"]


async def test_a_turn_without_sni_is_seen_by_its_address(stage: Stage) -> None:
    """A client that sends no server name still said where it goes, in its CONNECT."""
    upstream = await stage.upstream()
    async with connected(await stage.proxy(), sni=None) as connection:
        await connection.post(RESPONSES, [JSON], body(prompt_cache_key="k"))

    assert upstream.last.values("session-id") == ["k"]


async def test_a_turn_to_an_address_is_seen_by_its_sni(stage: Stage) -> None:
    """A client that resolves names itself connects to an address, as in transparent mode."""
    upstream = await stage.upstream(host="192.0.2.1")
    async with connected(await stage.proxy(), target="192.0.2.1") as connection:
        await connection.post(RESPONSES, [JSON], body(prompt_cache_key="k"))

    assert upstream.last.values("session-id") == ["k"]


async def test_another_address_without_sni_is_tunnelled(stage: Stage, authority: Authority) -> None:
    """Nothing says that the backend is meant, so the connection is left alone."""
    await stage.upstream(host="192.0.2.1")
    own = ssl.create_default_context(cafile=str(authority.ca_file))
    own.check_hostname = False
    async with connected(await stage.proxy(), target="192.0.2.1", tls=own, sni=None) as connection:
        assert (await connection.post(RESPONSES, [JSON], body())).status == 200


@pytest.mark.parametrize("upstream_mode", [False, True])
async def test_a_client_may_speak_tls_to_the_proxy_itself(stage: Stage, upstream_mode: bool) -> None:
    """HTTPS_PROXY=https://...: the proxy's own TLS is not mistaken for another host's."""
    upstream = await stage.upstream()
    async with Tunnel(upstream.port) as tunnel:
        mode = f"upstream:http://127.0.0.1:{tunnel.port}" if upstream_mode else "regular"
        async with connected(await stage.proxy(mode=mode), proxy_tls=True) as connection:
            await connection.post(RESPONSES, [JSON], body(prompt_cache_key="k"))

    assert upstream.last.values("session-id") == ["k"]


async def test_turns_are_seen_on_the_way_to_an_upstream_proxy(stage: Stage) -> None:
    """mitmproxy in upstream mode: turns and WebSockets alike."""
    recorder = Recorder()
    upstream = await stage.upstream()
    async with Tunnel(upstream.port) as tunnel:
        proxy = await stage.proxy(mode=f"upstream:http://127.0.0.1:{tunnel.port}")
        async with connected(proxy) as connection:
            await connection.post(RESPONSES, [JSON], body(prompt_cache_key="k"))
        upstream.answer = talking(recorder)
        async with opened(proxy, [("session-id", "s")]) as peer:
            await peer.ask(frame())

    assert upstream.requests[0].values("session_id") == ["k"]
    assert upstream.requests[1].values("session_id") == ["s"]
    assert '"prompt_cache_key":"s"' in str(recorder.messages[0])


async def test_other_hosts_are_tunnelled_on_the_way_to_an_upstream_proxy(stage: Stage, authority: Authority) -> None:
    """Their own certificates arrive through both proxies."""
    upstream = await stage.upstream(host="other.example")
    own = ssl.create_default_context(cafile=str(authority.ca_file))
    async with Tunnel(upstream.port) as tunnel:
        proxy = await stage.proxy(mode=f"upstream:http://127.0.0.1:{tunnel.port}")
        async with connected(proxy, "other.example", tls=own) as connection:
            assert (await connection.post(RESPONSES, [JSON], body())).status == 200


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


@pytest.mark.parametrize("codex_mode", ["fill", "pin", "observe"])
@pytest.mark.parametrize("keep_host_header", [False, True])
async def test_in_reverse_mode_the_paths_of_a_base_url_are_aliases(
    stage: Stage, keep_host_header: bool, codex_mode: str
) -> None:
    """What a client appends to http://127.0.0.1:8080 reaches the real endpoint, in every mode: it is routing."""
    upstream = await stage.upstream()
    proxy = await stage.proxy(
        mode="reverse:https://chatgpt.com", keep_host_header=keep_host_header, codex_mode=codex_mode
    )
    sent = body(prompt_cache_key="k")
    async with plainly_connected(proxy, f"127.0.0.1:{proxy.port}") as connection:
        for alias in ALIASES:
            await connection.post(alias, [JSON], sent)

    assert [request.target for request in upstream.requests] == list(ALIASES.values())
    assert {request.body for request in upstream.requests} == {sent}
    wanted = [] if codex_mode == "observe" else ["k"]
    assert {tuple(request.values("session-id")) for request in upstream.requests} == {tuple(wanted)}
    assert upstream.last.values("host") == [f"127.0.0.1:{proxy.port}" if keep_host_header else "chatgpt.com"]


@pytest.mark.parametrize("codex_mode", ["fill", "observe"])
@pytest.mark.parametrize("keep_host_header", [False, True])
@pytest.mark.parametrize("path", [path for path, real in ALIASES.items() if real == RESPONSES] + [RESPONSES])
async def test_in_reverse_mode_the_aliases_serve_websockets(
    stage: Stage, path: str, keep_host_header: bool, codex_mode: str
) -> None:
    """A base URL of ws://127.0.0.1:8080 works alike."""
    recorder = Recorder()
    upstream = await stage.upstream(talking(recorder))
    proxy = await stage.proxy(
        mode="reverse:https://chatgpt.com", keep_host_header=keep_host_header, codex_mode=codex_mode
    )
    async with plainly_connected(proxy, f"127.0.0.1:{proxy.port}") as connection:
        peer = await upgraded(connection, [("session_id", "s")], path)
        await peer.ask(frame())

    assert upstream.last.target == RESPONSES
    assert upstream.last.values("session-id") == ([] if codex_mode == "observe" else ["s"])
    assert ('"prompt_cache_key":"s"' in str(recorder.messages[0])) == (codex_mode != "observe")


async def test_without_the_addon_they_arrive_as_they_are(stage: Stage) -> None:
    """mitmproxy itself knows of no aliases."""
    upstream = await stage.upstream()
    proxy = await stage.proxy(object(), mode="reverse:https://chatgpt.com")
    async with plainly_connected(proxy, "localhost") as connection:
        for alias in ALIASES:
            await connection.post(alias, [JSON], body())

    assert [request.target for request in upstream.requests] == list(ALIASES)


async def test_in_reverse_mode_no_other_path_is_changed(stage: Stage) -> None:
    """Only whole paths are aliases."""
    upstream = await stage.upstream()
    paths = ["/v1/models", "/responses/v2", "/v2/responses", "/api/responses", "/responses/x", "/", "/v1/responses%20"]
    proxy = await stage.proxy(mode="reverse:https://chatgpt.com")
    async with plainly_connected(proxy, "localhost") as connection:
        for path in paths:
            await connection.post(path, [JSON], body())

    assert [request.target for request in upstream.requests] == paths
    assert {request.body for request in upstream.requests} == {body()}


async def test_in_reverse_mode_to_another_host_nothing_is_changed(stage: Stage) -> None:
    """A reverse proxy that leads elsewhere is none of ours."""
    upstream = await stage.upstream(host="other.example")
    proxy = await stage.proxy(mode="reverse:https://other.example")
    async with plainly_connected(proxy, "other.example") as connection:
        await connection.send(sent := request_bytes("other.example", "/v1/responses", STRANGE, body()))

    assert upstream.last.raw == sent


async def test_a_plain_request_to_another_host_is_untouched(stage: Stage) -> None:
    """A client may use the proxy for http:// as well; the target loses its host, as any proxy has it."""
    async with running_upstream(None, responding(whole())) as upstream:
        stage.ports["other.example"] = upstream.port
        async with plainly_connected(await stage.proxy(), "other.example") as connection:
            sent = request_bytes("other.example", f"http://other.example{RESPONSES}", STRANGE, body())
            await connection.send(sent)

    assert upstream.last.raw == sent.replace(b"http://other.example/", b"/", 1)


async def test_a_websocket_to_another_endpoint_or_host_is_untouched(stage: Stage) -> None:
    """Neither its handshake nor its messages change, even where they look like turns."""
    recorder = Recorder()
    upstream = await stage.upstream(talking(recorder))
    stage.ports["other.example"] = upstream.port
    proxy = await stage.proxy(codex_tunnel="off")
    for host, path in (("chatgpt.com", "/backend-api/codex/realtime"), ("other.example", RESPONSES)):
        async with connected(proxy, host) as connection:
            peer = await upgraded(connection, [("session_id", "s")], path)
            await peer.ask(frame(stream_options={}))
        assert upstream.last.head == request_bytes(host, path, [*HANDSHAKE, ("session_id", "s")], b"", "GET")
        assert recorder.messages == [frame(stream_options={})]


async def test_tunnelled_and_decrypted_connections_work_side_by_side(stage: Stage, authority: Authority) -> None:
    """One proxy serves a whole agent: its turns, and everything else it does."""
    await stage.upstream()
    await stage.upstream(host="other.example")
    proxy = await stage.proxy()
    own = ssl.create_default_context(cafile=str(authority.ca_file))

    async def visit(host: str, trust: ssl.SSLContext | None) -> int:
        async with connected(proxy, host, tls=trust) as connection:
            return (await connection.post(RESPONSES, [JSON], body())).status

    visits = visit("chatgpt.com", None), visit("other.example", own)
    assert list(await asyncio.gather(*visits)) == [200, 200]
