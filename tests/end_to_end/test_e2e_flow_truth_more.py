"""What left and what came, where it is told by a hair: what is killed, moved early, edited late, or labelled wrong."""

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest
from conftest import Network
from h11 import RemoteProtocolError
from mitmproxy import http
from support import http2
from support.client import connected, plainly_connected
from support.journals import CACHED, INPUT
from support.neighbours import GATEWAY, OtherAddon, Runs, counted, document, move, move_to_an_alias
from support.patience import until
from support.programs import started
from support.sockets import HANDSHAKE
from support.talks import post
from support.upstream import Exchange, responding, streaming, whole
from support.wire import JSON, RESPONSES, body, said, spelled
from toolkit.wire.http2 import Wire


@pytest.fixture
def runs(net: Network, tmp_path: Path) -> Runs:
    return Runs(net, tmp_path / "journal.jsonl")


# What never left, or left otherwise.


def strip(flow: http.HTTPFlow) -> None:
    """Take every key away from a request."""
    for name in ("session-id", "session_id", "x-client-request-id"):
        flow.request.headers.pop(name, None)
    flow.request.content = body()


async def test_a_turn_whose_key_is_removed_claims_none_although_no_response_comes(runs: Runs, net: Network) -> None:
    async def abort(exchange: Exchange) -> None:
        exchange.writer.transport.abort()

    upstream = await net.upstream(abort)
    await post(await runs.proxy(after=[OtherAddon(request=strip)]), ("session-id", "s"))
    (row,) = await runs.rows()

    assert upstream.last.body == body()
    assert (row["key"], row["changed"], row["status"]) == (None, [], None)


async def test_a_turn_that_another_addon_kills_is_none_nor_when_its_capture_is_read(
    runs: Runs, net: Network, tmp_path: Path, confdir: Path
) -> None:
    """Nothing left, as where it drops the message of a WebSocket. The next turn is the first."""
    capture, journal = tmp_path / "capture", tmp_path / "again.jsonl"
    upstream = await net.upstream(streaming(counted()))
    addon = OtherAddon(request=lambda flow: flow.kill() if b"killed" in (flow.request.content or b"") else None)
    proxy = await runs.proxy(after=[addon], save_stream_file=str(capture))
    with pytest.raises(RemoteProtocolError):
        await post(proxy, text=body(input="to be killed"))
    await post(proxy)
    (row,) = await runs.rows()
    proxy.master.options.update(save_stream_file=None)
    async with started(
        "mitmdump", "-nr", str(capture), "--set", f"codex_journal={journal}", confdir=confdir
    ) as program:
        await program.ended()

    assert [request.body for request in upstream.requests] == [
        body(prompt_cache_key=upstream.last.values("session-id")[0])
    ]
    assert (row["status"], len(journal.read_bytes().splitlines())) == (200, 1)


@pytest.mark.parametrize("move_it", [move, move_to_an_alias])
async def test_a_turn_that_is_moved_before_any_of_it_was_seen_is_still_one(
    runs: Runs, net: Network, move_it: object
) -> None:
    """Its client had connected to the backend."""
    gateway = await net.upstream(streaming(counted(9_000, 70)), host=GATEWAY)
    await net.upstream()
    others = [OtherAddon(requestheaders=move_it)]  # type: ignore[arg-type]
    without, with_addon = [await post(proxy, ("session-id", "s")) async for proxy in runs.both(before=others)]
    (row,) = await runs.rows()

    assert with_addon.raw == without.raw
    assert gateway.requests[1].target == gateway.requests[0].target
    assert gateway.last.body == body(prompt_cache_key="s")
    assert (row["key"], row[CACHED]) == (runs.pseudonym("s"), 70)


@pytest.mark.parametrize("path", ["/v1/responses", RESPONSES])
async def test_behind_a_reverse_proxy_the_path_of_a_moved_turn_is_left_as_it_is(
    runs: Runs, net: Network, path: str
) -> None:
    """The addon that moves it knows where to."""
    gateway = await net.upstream(streaming(counted()), host=GATEWAY)
    await net.upstream()
    proxy = await runs.proxy(before=[OtherAddon(requestheaders=move)], mode="reverse:https://chatgpt.com")
    async with plainly_connected(proxy, "127.0.0.1") as connection:
        await connection.post(path, [JSON, ("session-id", "s")], body())
    (row,) = await runs.rows()

    assert (gateway.last.target, gateway.last.body) == (path, body(prompt_cache_key="s"))
    assert row["key"] == runs.pseudonym("s")


@pytest.mark.parametrize("kind", ["POST", "WebSocket"])
async def test_a_path_that_another_addon_has_corrected_is_not_named(
    runs: Runs, net: Network, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One that nobody corrects is."""

    def correct(flow: http.HTTPFlow) -> None:
        if flow.request.path == "/v1/responses":
            flow.request.path = RESPONSES

    await net.upstream(responding(whole(b"no", "403 Forbidden")))
    proxy = await runs.proxy(before=[OtherAddon(request=correct)])
    for path in ("/v1/responses", "/responses"):
        async with connected(proxy) as connection:
            if kind == "POST":
                await connection.post(path, [JSON], body())
            else:
                await (await connection.start(path, HANDSHAKE, method="GET")).rest()
    await runs.rows()

    assert [line.partition(", which is no turn's")[0] for line in said(caplog)] == [
        f"A {kind} to chatgpt.com has the path /responses"
    ]


async def test_a_digest_in_trailers_leaves_only_with_the_body_that_it_is_of(runs: Runs, net: Network) -> None:
    """Other trailers do leave."""
    seen = list[object]()

    def look(flow: http.HTTPFlow) -> None:
        seen.append(flow.request.trailers and flow.request.trailers.fields)

    async def answer(exchange: http2.Exchange) -> None:
        await exchange.respond([(":status", "200"), ("content-type", "text/event-stream")])
        await exchange.send(counted(), last=True)

    await net.http2_upstream(answer)
    proxy = await runs.proxy(after=[OtherAddon(request=look)], ssl_insecure=True)
    digest, other = ("content-digest", "sha-256=:x:"), ("x-other", "y")
    async with connected(proxy, tls=proxy.client_tls("h2")) as connection:
        wire = Wire(connection.reader, connection.writer, client=True)
        for count, (text, trailers) in enumerate(
            [(body(), [digest]), (body(), [digest, other]), (body(prompt_cache_key="k"), [digest])], 1
        ):
            stream = wire.h2.get_next_available_stream_id()
            pseudo = [(":method", "POST"), (":scheme", "https"), (":authority", "chatgpt.com"), (":path", RESPONSES)]
            wire.h2.send_headers(stream, [*pseudo, ("x-session-id", "s")])
            wire.h2.send_data(stream, text)
            wire.h2.send_headers(stream, trailers, end_stream=True)
            await wire.flush()
            await runs.rows(count)
    rows = await runs.rows(3)

    assert seen == [None, ((b"x-other", b"y"),), ((b"content-digest", b"sha-256=:x:"),)]
    assert ["content-digest" in row["changed"] for row in rows] == [True, True, False]  # type: ignore[operator]


# What is said of others.


@pytest.mark.parametrize(
    ("settings", "status"), [({"block_list": ["|~u codex/responses|403"]}, 403), ({"proxyauth": "a:b"}, 401)]
)
async def test_an_answer_of_an_option_is_laid_to_no_other_addon(
    runs: Runs, net: Network, settings: dict[str, Any], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    await net.upstream()
    proxy = await runs.proxy(**settings, mode="reverse:https://chatgpt.com")
    async with plainly_connected(proxy, "127.0.0.1") as connection:
        reply = await connection.post(RESPONSES, [JSON], body())

    assert reply.status == status
    assert [line for line in said(caplog) if "Another addon answered" in line] == []


def another_response(flow: http.HTTPFlow) -> None:
    flow.response = http.Response.make(200, b"another", {"content-type": "text/event-stream"})


def another_header(flow: http.HTTPFlow) -> None:
    assert flow.response is not None
    flow.response.headers["x-new"] = "1"


def another_reason(flow: http.HTTPFlow) -> None:
    assert flow.response is not None
    flow.response.reason = "Fine"


def no_header(flow: http.HTTPFlow) -> None:
    assert flow.response is not None
    del flow.response.headers["x-old"]


@pytest.mark.parametrize("edit", [another_response, another_header, another_reason, no_header])
@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_late_edit_of_a_head_or_of_the_whole_response_is_said_once(
    runs: Runs, net: Network, edit: object, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    """None is said where it was made in time, or where this addon itself removes a secret."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-old: 1\r\nset-cookie: a=b\r\n"
    await net.upstream(responding(head + b"content-length: %d\r\n\r\n" % len(counted()) + counted()))
    in_time = OtherAddon(responseheaders=another_header)
    await post(await runs.proxy(before=[in_time], after=[OtherAddon(responseheaders=no_header)], codex_redact="on"))
    assert said(caplog) == []

    proxy = await runs.proxy(**{where: [OtherAddon(response=edit)]})  # type: ignore[arg-type]
    replies = [await post(proxy) for _ in range(2)]
    await runs.rows(3)

    assert [reply.body for reply in replies] == [counted()] * 2
    assert ["had already been passed on" in line for line in said(caplog)].count(True) == 1


# Responses that are not what they are labelled as, and such as hold no counters.


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("text/event-stream", document(9_000, 70)),
        ("text/event-stream; charset=utf-8", b"\r\n " + document(9_000, 70)),
        ("application/json", counted(9_000, 70)),
        ("text/plain", b"\xef\xbb\xbf" + counted(9_000, 70)),
    ],
)
async def test_a_response_is_read_whatever_it_is_labelled_as(runs: Runs, net: Network, kind: str, text: bytes) -> None:
    await net.upstream(responding(whole(text, kind=kind)))
    without, with_addon = [await post(proxy) async for proxy in runs.both()]
    (row,) = await runs.rows()

    assert with_addon.raw == without.raw
    assert (row[INPUT], row[CACHED]) == (9_000, 70)


async def test_a_refusal_is_read_whatever_it_is_labelled_as(runs: Runs, net: Network) -> None:
    refusal = b'{"detail":"Unsupported parameter: user"}'
    await net.upstream(responding(whole(refusal, "400 Bad Request", "text/event-stream")))
    await post(await runs.proxy(), text=body(user="u"))
    (row,) = await runs.rows()

    assert str(row["because"]).startswith("the backend rejected the parameter 'user' (status 400)")


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"204 No Content\r\n", "the backend answered with status 204 No Content"),
        (b"307 Temporary Redirect\r\nlocation: /x\r\ncontent-length: 0\r\n", "the backend answered with status 307"),
        (b"200 OK\r\ncontent-length: 0\r\n", "its response was empty"),
        (b"200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 0\r\n", "its response was empty"),
    ],
)
async def test_an_answer_that_has_no_counters_is_not_said_to_be_cut(
    runs: Runs, net: Network, head: bytes, reason: str
) -> None:
    await net.upstream(responding(b"HTTP/1.1 " + head + b"\r\n"))
    await post(await runs.proxy())
    (row,) = await runs.rows()

    assert row["verdict"] == "no_usage"
    assert str(row["because"]).startswith(f"the turn ended without usage counters: {reason}")


# The journal, advice and captures.


async def test_in_observe_the_key_is_the_session_header_that_was_sent(runs: Runs, net: Network) -> None:
    """Where the body had none."""
    await net.upstream(streaming(counted()))
    proxy = await runs.proxy(codex_mode="observe")
    for text in (body(), body(prompt_cache_key="k")):
        await post(proxy, ("session-id", "s"), text=text)

    assert [row["key"] for row in await runs.rows(2)] == [runs.pseudonym("s"), runs.pseudonym("k")]


async def test_only_the_member_that_was_refused_is_left_out_later(runs: Runs, net: Network) -> None:
    """Not one whose name it begins with."""
    error = {"message": "Unknown parameter: 'user-location'.", "param": "user-location", "code": "unknown_parameter"}
    upstream = await net.upstream(responding(whole(spelled({"error": error}), "400 Bad Request")))
    members = {"user": "u", "user-location": "here"}
    for learn in ("user", "user,user-location"):
        proxy = await runs.proxy(codex_learn=learn)
        for _ in range(2):
            await post(proxy, text=body(**members))

    sent = [orjson.loads(request.body).keys() & members for request in upstream.requests]
    assert sent == [{"user", "user-location"}] * 3 + [{"user"}]


async def test_a_har_that_holds_a_body_still_encoded_is_told_of_in_words(
    runs: Runs, net: Network, tmp_path: Path, confdir: Path
) -> None:
    """mitmproxy does not know x-gzip."""
    await net.upstream(streaming(counted()))
    proxy = await runs.proxy(hardump=str(har := tmp_path / "day.har"))
    await post(proxy, ("content-encoding", "x-gzip"), text=gzip.compress(body()))
    await until(lambda: runs.watch.flows)
    proxy.master.addons.get("savehar").done()
    async with started("mitmdump", "-nr", str(har), confdir=confdir) as program:
        await program.ended()

    assert "passes unchanged: it is not JSON in UTF-8, and may still be encoded" in program.text
