"""Where other addons, options and hands meet a request, journal and verdict describe what left."""

import gzip
from collections.abc import Awaitable

import orjson
import pytest
from codexcache.hooks.notify import turn_summaries
from conftest import Network
from mitmproxy import http
from mitmproxy.addons.intercept import Intercept
from support import http2
from support.journals import CACHED, INPUT
from support.neighbours import (
    GATEWAY,
    MOVES,
    REFUSED,
    OtherAddon,
    Runs,
    answers,
    by_hand,
    counted,
    document,
    fetched,
    replace_in_body,
    wait,
)
from support.proxy import Watch
from support.talks import asked, post
from support.upstream import responding, streaming, whole
from support.wire import COMPACT, JSON, RESPONSES, body, completed, said
from toolkit.wire.http1 import Response

# A turn that goes to another host.


@pytest.mark.parametrize("name", ["map_remote", "an addon before this one"])
async def test_the_refusal_of_a_turn_that_is_moved_to_another_host_is_heard(
    runs: Runs, net: Network, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And told of, with what to set."""
    gateway = await net.upstream(responding(REFUSED), host=GATEWAY)
    await net.upstream()
    session = ("session-id", "s")
    without, with_addon = [await post(proxy, session, user="u") async for proxy in runs.both(**MOVES[name])]
    (row,) = await runs.rows()

    assert with_addon.raw == without.raw
    assert gateway.requests[1].target == gateway.requests[0].target
    assert gateway.last.body == body(user="u", prompt_cache_key="s")
    assert row["verdict"] == "rejected"
    assert "'user'" in str(row["because"])
    assert (row["key"], row["status"]) == (runs.pseudonym("s"), 400)
    assert row["changed"] == ["session_id", "prompt_cache_key"]
    assert ["set codex_strip=" in line for line in said(caplog)] == [True]


@pytest.mark.parametrize("name", MOVES)
async def test_the_counters_of_a_compaction_that_is_moved_are_heard(runs: Runs, net: Network, name: str) -> None:
    await net.upstream()
    await net.upstream(responding(whole(document(9_000, 70))), host=GATEWAY)
    without, with_addon = await answers(runs.both(**MOVES[name]), path=COMPACT)

    assert with_addon == without
    assert await runs.told(INPUT, CACHED, "endpoint") == [(9_000, 70, "compact")]


async def test_a_turn_that_becomes_another_request_is_none(runs: Runs, net: Network) -> None:
    """An addon that translates it for another backend gets it as the client sent it."""

    def translate(flow: http.HTTPFlow) -> None:
        flow.request.host, flow.request.path = GATEWAY, "/v1/chat/completions"

    await net.upstream()
    gateway = await net.upstream(host=GATEWAY)
    await answers(runs.both(before=[OtherAddon(request=translate)]))

    assert gateway.requests[0].raw == gateway.requests[1].raw


# A turn that was answered before it was read.


@pytest.mark.parametrize("hook", ["requestheaders", "request"])
async def test_a_turn_that_was_answered_before_is_not_edited(
    runs: Runs, net: Network, hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The journal claims nothing that did not leave, and the order of loading is advised once."""
    upstream = await net.upstream()
    proxies = runs.both(before=[OtherAddon(**{hook: fetched})], after=[watch := Watch()])
    replies = [bytes((await post(proxy, stream_options={})).raw) async for proxy in proxies for _ in range(2)]
    rows = await runs.rows(2)

    assert len(set(replies)) == 1
    assert upstream.requests == []
    assert [row["changed"] for row in rows] == [[], []]
    assert [(row["key"], row["key_source"], row["mode"]) for row in rows] == [(None, "none", "fill")] * 2
    assert [(row[INPUT], row[CACHED], row["status"]) for row in rows] == [(9_000, 60, 200)] * 2
    assert watch.ended[-1].request.content == body(stream_options={})
    assert len(said(caplog)) == 1
    assert "load this one first: -s codex_continuity.py -s OTHER.py" in said(caplog)[0]


async def test_the_session_that_an_answered_turn_came_with_is_its_key(runs: Runs, net: Network) -> None:
    """Nothing is written, but what the client sent did leave, as far as anyone knows."""
    await net.upstream()
    await post(await runs.proxy(before=[OtherAddon(request=fetched)]), ("session-id", "s"), ("x-session-id", "t"))
    (row,) = await runs.rows()

    assert (row["key"], row["changed"]) == (runs.pseudonym("s"), [])


# A request that is edited behind the addon.


@pytest.mark.parametrize(
    ("removed", "key", "changed"),
    [
        (["session_id"], "other", ["session-id", "x-client-request-id", "stream_options"]),
        (["session-id", "session_id", "x-client-request-id"], None, ["stream_options"]),
    ],
)
async def test_only_what_another_addon_leaves_as_it_was_written_is_claimed(
    runs: Runs, net: Network, removed: list[str], key: str | None, changed: list[str]
) -> None:
    """Of the headers, and of the body, which is replaced by one with another key or with none."""
    text = body(prompt_cache_key=key) if key else body()

    def edit(flow: http.HTTPFlow) -> None:
        for name in removed:
            flow.request.headers.pop(name, None)
        flow.request.content = text

    echoed = {"prompt_cache_key": key} if key else {}
    upstream = await net.upstream(streaming(completed("resp_1", **echoed)))
    proxies = runs.both(after=[OtherAddon(request=edit)])
    replies = [(await post(proxy, ("x-session-id", "s"), stream_options={})).raw async for proxy in proxies]
    (row,) = await runs.rows()

    assert replies[1] == replies[0]
    assert [request.body for request in upstream.requests] == [text, text]
    assert upstream.last.values("session-id") == ([] if "session-id" in removed else ["s"])
    assert row["key"] == (runs.pseudonym(key) if key else None)
    assert row["changed"] == changed
    assert row["echoed_key"] == ("same" if key else "absent")


@pytest.mark.parametrize("how", ["option", "addon", "hand"])
@pytest.mark.parametrize("size", [0, 2 << 20])
@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_the_verdict_is_on_what_left(runs: Runs, net: Network, how: str, size: int, coding: str) -> None:
    """The client's tools are the same in both turns; those of the second are edited on the way."""
    edit = replace_in_body(b"one tool", b"another tool")
    upstream = await net.upstream(streaming(counted(9_000, 0)))
    proxy = await runs.proxy(after=[Intercept()])
    tools = [{"type": "function", "name": "shell", "description": "one tool"}]
    fields = [("session-id", "s"), *([("content-encoding", coding)] if coding else [])]

    def sending(*texts: str) -> Awaitable[Response]:
        plain = body(input=asked("x" * size, *texts), tools=tools)
        return post(proxy, *fields, text=gzip.compress(plain) if coding else plain)

    await sending()
    if how == "option":
        proxy.master.options.update(modify_body=["|~q|one tool|another tool"])
    elif how == "addon":
        proxy.master.addons.add(OtherAddon(request=edit))
    else:
        proxy.master.options.update(intercept="~q")
    await (by_hand(edit, runs.watch.flows, sending("two")) if how == "hand" else sending("two"))
    rows = await runs.rows(2)

    sent = gzip.decompress(upstream.last.body) if coding else upstream.last.body
    assert b"another tool" in sent
    assert orjson.loads(sent)["prompt_cache_key"] == "s"
    assert [row["verdict"] for row in rows] == ["cold", "tools_changed"]
    assert rows[1]["changed"] == ["session_id", "prompt_cache_key"]
    assert turn_summaries(runs.watch.ended[-1])[0]["edited"] is True


async def test_headers_that_an_addon_changes_are_compared_as_they_left(runs: Runs, net: Network) -> None:
    """Here the account, which the client itself did not change."""
    accounts = iter(["a", "b"])

    def sign(flow: http.HTTPFlow) -> None:
        flow.request.headers["chatgpt-account-id"] = next(accounts)

    await net.upstream(streaming(counted(9_000, 0)))
    proxy = await runs.proxy(after=[OtherAddon(request=sign)])
    for texts in (["one"], ["one", "two"]):
        await post(proxy, input=asked(*texts), prompt_cache_key="k")

    assert [row["verdict"] for row in await runs.rows(2)] == ["cold", "account_changed"]


async def test_a_turn_whose_body_no_longer_parses_keeps_its_record(
    runs: Runs, net: Network, caplog: pytest.LogCaptureFixture
) -> None:
    """And it is said, once."""
    upstream = await net.upstream(responding(REFUSED))
    proxy = await runs.proxy(after=[OtherAddon(request=replace_in_body(b"{", b"<"))])
    for _ in range(2):
        await post(proxy, ("session-id", "s"))
    rows = await runs.rows(2)

    assert upstream.last.body.startswith(b"<")
    assert [(row["verdict"], row["key"]) for row in rows] == [("rejected", runs.pseudonym("s"))] * 2
    assert ["what left cannot be read: it is not JSON" in line for line in said(caplog)] == [True]


async def test_a_turn_that_another_addon_makes_readable_is_read(runs: Runs, net: Network) -> None:
    """It passed unread at first, so it was not edited."""
    await net.upstream(streaming(counted(9_000, 0)))
    proxy = await runs.proxy(after=[OtherAddon(request=replace_in_body(b"broken", body()))])
    await post(proxy, text=b"broken")
    (row,) = await runs.rows()

    assert (row["verdict"], row["model"], row["changed"]) == ("cold", "gpt-5.5", [])
    assert "not read" not in str(row["because"])


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The turns that are read again."""
    turns = list[object]()
    monkeypatch.setattr("codexcache.hooks.http.HttpTurns._reread", lambda *_: turns.append(1))
    return turns


async def test_a_turn_that_left_as_written_is_not_read_again(runs: Runs, net: Network, read: list[object]) -> None:
    """Nor one that is merely moved, whose Host field changes."""
    await net.upstream(streaming(counted()))
    await net.upstream(streaming(counted()), host=GATEWAY)
    await post(await runs.proxy())
    await post(await runs.proxy(**MOVES["map_remote"]))
    await runs.rows(2)

    assert read == []


@pytest.mark.parametrize("server", ["h2", "http/1.1"])
async def test_between_two_versions_of_http_a_turn_is_as_it_was_written(
    runs: Runs, net: Network, server: str, read: list[object]
) -> None:
    """What mitmproxy itself converts is no edit."""
    if server == "h2":
        await net.http2_upstream(http2.responding(counted(9_000, 10), kind="text/event-stream"))
    else:
        await net.upstream(streaming(counted(9_000, 10)))
    async with http2.http2_connected(await runs.proxy(connection_strategy="lazy")) as client:
        await client.post(RESPONSES, [JSON, ("x-session-id", "s")], body())

    assert await runs.told("verdict", CACHED, "key") == [("cold", 10, runs.pseudonym("s"))]
    assert read == []


# Flows that are sent again.


async def test_the_neighbours_do_not_cost_a_conversation_its_key(runs: Runs, net: Network) -> None:
    """Through a map_remote, an edit behind, and an answer that waits, each turn has the first one's key."""
    await net.upstream()
    gateway = await net.upstream(streaming(counted(9_000, 8_900)), host=GATEWAY)
    others = [OtherAddon(request=replace_in_body(b"Be brief.", b"Be very brief.")), OtherAddon(responseheaders=wait)]
    proxy = await runs.proxy(after=others, **MOVES["map_remote"])
    for texts in (["one"], ["one", "two"], ["one", "two", "three"]):
        await post(proxy, input=asked(*texts))

    assert await runs.told("verdict", count=3) == [("cold",), ("hit",), ("hit",)]
    assert len({orjson.loads(request.body)["prompt_cache_key"] for request in gateway.requests}) == 1
