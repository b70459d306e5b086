"""The bodies of a long list of turns, kept within a limit: the oldest go, and what is known of them stays."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from codexcache.hooks.kept_bodies import DROPPED, is_dropped
from codexcache.hooks.notify import turn_summaries
from conftest import Network
from mitmproxy import contentviews, exceptions, http
from mitmproxy.io import FlowReader
from support.patience import until
from support.proxy import Proxy
from support.sockets import Peer, opened, talking
from support.talks import Listed, asked, counting, counting_frames, flows, post, verdicts
from support.wire import frame

KILOBYTE = 1 << 10
SUFFIX = " (bodies dropped)"
LONG = "x" * 8 * KILOBYTE
"""What a turn says, so that a limit of 20 kB holds two of them."""
LIMIT = "20k"


async def proxy_with_turns(net: Network, count: int, limit: str = LIMIT, **settings: Any) -> Proxy:
    """Return a proxy with so many turns, each of a conversation of its own."""
    await net.upstream(counting(*[(9_000, 0)] * (count + 5)))
    proxy = await net.proxy(Listed(), codex_view_total=limit, **settings)
    for number in range(count):
        await turn(proxy, number)
    return proxy


async def turn(proxy: Proxy, number: int) -> None:
    """Have a turn, and wait until it is over for the proxy as well."""
    await post(proxy, ("session-id", f"s{number}"), input=asked(f"{number} {LONG}"))
    await until(lambda: len(flows(proxy)) > number and verdicts(flows(proxy)[number]) and not flows(proxy)[number].live)


def dropped(proxy: Proxy) -> list[bool]:
    """Return which of the flows have lost their bodies, in the order of the list."""
    return [flow.request.raw_content is None for flow in flows(proxy)]


def said(proxy: Proxy, flow: http.HTTPFlow) -> str:
    return str(proxy.master.commands.call("codex.why", flow))


async def test_the_oldest_bodies_go_once_all_are_over_the_limit_and_the_row_stays_and_says_so(net: Network) -> None:
    proxy = await proxy_with_turns(net, 5)
    oldest, *_, latest = flows(proxy)

    assert dropped(proxy) == [True, True, True, False, False]
    assert all(flow.response and (flow.response.raw_content is None) is is_dropped(flow) for flow in flows(proxy))
    assert (oldest.comment.partition(":")[0], oldest.comment.endswith(SUFFIX)) == ("cold", True)
    assert not latest.comment.endswith(SUFFIX)
    assert oldest.marked == latest.marked == ":snowflake:"


async def test_the_page_keeps_its_figures_and_says_that_the_bodies_are_gone(net: Network) -> None:
    proxy = await proxy_with_turns(net, 3)
    page = said(proxy, flows(proxy)[0])

    assert page.startswith("The bodies of this flow were dropped: all kept bodies together had passed")
    assert "\ncold\n" in page
    assert "  input     9,000\n  cached        0  0% of the input" in page
    assert "input[0]" in page
    status = str(proxy.master.commands.call("codex.status"))
    assert "in 2 flows; those of 1 flow were dropped\n" in status


async def test_what_would_need_a_dropped_body_says_so(net: Network) -> None:
    await net.upstream(counting(*[(9_000, 0)] * 4))
    proxy = await net.proxy(Listed(), codex_view_total=LIMIT)
    for texts in (("one " + LONG,), ("one " + LONG, "two"), ("one " + LONG, "two", "three")):
        await post(proxy, ("session-id", "s"), input=asked(*texts), tools=[{"type": "function", "name": texts[-1][:3]}])
        await until(lambda: all(verdicts(flow) and not flow.live for flow in flows(proxy)))
    first, second, _ = flows(proxy)

    assert is_dropped(first)
    assert "First difference: the bodies of turn 1 were dropped, as all kept bodies" in said(proxy, second)
    with pytest.raises(exceptions.CommandError, match="the bodies of turn 1 were dropped"):
        proxy.master.commands.call("codex.diff", first, second)


async def test_what_is_saved_is_saved_before(net: Network, tmp_path: Path) -> None:
    proxy = await proxy_with_turns(net, 4, save_stream_file=str(path := tmp_path / "day.mitm"))
    assert dropped(proxy) == [True, True, False, False]
    proxy.master.options.update(save_stream_file=None)  # which writes the file to its end

    with path.open("rb") as file:
        saved = [flow for flow in FlowReader(file).stream() if isinstance(flow, http.HTTPFlow)]
    assert [LONG in (flow.request.text or "") for flow in saved] == [True] * 4


async def test_what_is_written_at_the_end_is_kept_until_then(net: Network, tmp_path: Path) -> None:
    proxy = await proxy_with_turns(net, 4, hardump=str(tmp_path / "day.har"))

    assert dropped(proxy) == [False] * 4


async def test_the_latest_turn_is_kept_however_large_it_is(net: Network) -> None:
    proxy = await proxy_with_turns(net, 3, limit="1k")

    assert dropped(proxy) == [True, True, False]


def marked(proxy: Proxy, flow: http.HTTPFlow) -> None:
    flow.marked = ":red_circle:"


def commented(proxy: Proxy, flow: http.HTTPFlow) -> None:
    flow.comment = "look at this"


def edited(proxy: Proxy, flow: http.HTTPFlow) -> None:
    flow.backup()


def intercepted(proxy: Proxy, flow: http.HTTPFlow) -> None:
    flow.intercepted = True


def in_progress(proxy: Proxy, flow: http.HTTPFlow) -> None:
    flow.live = True


def queued_for_a_replay(proxy: Proxy, flow: http.HTTPFlow) -> None:
    proxy.master.addons.get("clientplayback").playback_task.cancel()
    proxy.master.commands.call("replay.client", [flow])


def answering(proxy: Proxy, flow: http.HTTPFlow) -> None:
    proxy.master.commands.call("replay.server", [flow])


USES = (marked, commented, edited, intercepted, in_progress, queued_for_a_replay, answering)


@pytest.mark.parametrize("use", USES)
async def test_a_flow_that_is_used_keeps_its_body_and_the_next_oldest_goes(
    net: Network, use: Callable[[Proxy, http.HTTPFlow], None]
) -> None:
    proxy = await proxy_with_turns(net, 2)
    use(proxy, flows(proxy)[0])
    for number in (2, 3):
        await turn(proxy, number)

    assert dropped(proxy) == [False, True, True, False]


async def test_what_the_user_deletes_counts_no_more(net: Network) -> None:
    proxy = await proxy_with_turns(net, 2)
    proxy.master.commands.call("view.flows.remove", flows(proxy))
    await until(lambda: "0.0 MB in 0 flows" in str(proxy.master.commands.call("codex.status")))

    await turn(proxy, 0)
    await turn(proxy, 1)
    assert dropped(proxy) == [False, False]


@contextlib.asynccontextmanager
async def a_long_socket(proxy: Proxy, session: str) -> AsyncIterator[Peer]:
    """Open a WebSocket with one long turn."""
    async with opened(proxy, [("session-id", session)]) as peer:
        await peer.ask(frame(input=asked(LONG)))
        await peer.receive()
        yield peer


async def test_the_messages_of_websockets_count_and_go_once_it_is_closed(net: Network) -> None:
    await net.upstream(talking(counting_frames(*[(9_000, 0)] * 3)))
    proxy = await net.proxy(Listed(), codex_view_total=LIMIT)
    async with a_long_socket(proxy, "open"):
        for number in range(3):
            async with a_long_socket(proxy, f"s{number}"):
                await until(lambda: verdicts(flows(proxy)[-1]))
            await until(lambda: not flows(proxy)[-1].live)
        counts = [len(flow.websocket.messages) for flow in flows(proxy) if flow.websocket]

        assert counts[0] > 0
        assert counts[1:3] == [0, 0]
        assert counts[3] > 0
    closed = flows(proxy)[1]
    assert (closed.metadata[DROPPED], closed.metadata["codex_incomplete"]) == (True, True)
    assert closed.comment.endswith(SUFFIX)
    assert "  input     9,000\n" in said(proxy, closed)


@pytest.mark.parametrize("export", ["curl", "httpie", "raw", "raw_request"])
async def test_a_dropped_request_is_not_exported_in_part(net: Network, tmp_path: Path, export: str) -> None:
    proxy = await proxy_with_turns(net, 3)
    gone, *_, kept = flows(proxy)
    proxy.master.commands.call("export.file", export, kept, str(tmp_path / "kept"))

    assert LONG in (tmp_path / "kept").read_text()
    with pytest.raises(exceptions.CommandError, match="The bodies of this flow were dropped: all kept bodies"):
        proxy.master.commands.call("export.file", export, gone, str(tmp_path / "gone"))
    assert not (tmp_path / "gone").exists()


async def test_codex_export_says_how_many_have_no_bodies(net: Network, tmp_path: Path) -> None:
    proxy = await proxy_with_turns(net, 4)
    told = proxy.master.commands.call("codex.export", flows(proxy), str(tmp_path / "all.mitm"))

    assert told.startswith("Wrote 4 flows to ")
    assert " Those of 2 flows had been dropped: all kept bodies together had passed codex_view_total." in told


async def test_a_dropped_request_is_not_replayed(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    proxy = await proxy_with_turns(net, 3)
    proxy.master.commands.call("replay.client", flows(proxy)[:1])

    assert "Can't replay flow with missing content." in caplog.messages
    assert verdicts(flows(proxy)[0]) == ["cold"]


async def test_a_dropped_response_answers_nobody_with_nothing(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """Without `server_replay_ignore_content` no request is like it; with it mitmproxy would send an empty body."""
    proxy = await proxy_with_turns(net, 3, server_replay_ignore_content=True)
    proxy.master.commands.call("replay.server", flows(proxy)[:1])
    response = await post(proxy, ("session-id", "again"), input=asked("again"))

    assert response.status == 502
    assert response.body.startswith(b"The body of this recorded response was dropped: all kept bodies")
    assert any(message.startswith("The body of this recorded response was dropped") for message in caplog.messages)


async def test_turns_that_were_loaded_from_a_file_keep_their_bodies(net: Network, tmp_path: Path) -> None:
    whole = await proxy_with_turns(net, 3, limit="1m")
    whole.master.commands.call("save.file", flows(whole), str(path := tmp_path / "day.mitm"))
    proxy = await net.proxy(Listed(), codex_view_total="1k")
    await load(proxy, path)

    assert dropped(proxy) == [False] * 3


async def test_a_capture_without_bodies_is_shown_as_it_was_explained(
    net: Network, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = await proxy_with_turns(net, 3)
    comments = [flow.comment for flow in flows(first)]
    first.master.commands.call("save.file", flows(first), str(path := tmp_path / "day.mitm"))
    second = await net.proxy(Listed())
    await load(second, path)

    assert [flow.comment for flow in flows(second)] == comments
    assert turn_summaries(flows(second)[0]) == turn_summaries(flows(first)[0])
    assert (
        sum(message.startswith("This capture has turns whose bodies had been dropped") for message in caplog.messages)
        == 1
    )
    assert not [message for message in caplog.messages if "passes unchanged" in message]


async def load(proxy: Proxy, path: Path) -> None:
    """Load a capture, and wait until its turns are explained."""
    with path.open("rb") as file:
        for flow in FlowReader(file).stream():
            await proxy.master.load_flow(flow)
    await until(lambda: all(map(verdicts, flows(proxy))))


@pytest.mark.parametrize("view", ["auto", "codex cache"])
async def test_mitmwebs_page_shows_the_figures_where_content_is_missing(net: Network, view: str) -> None:
    proxy = await proxy_with_turns(net, 3)
    gone, *_, kept = flows(proxy)
    shown = contentviews.prettify_message(gone.request, gone, view)

    assert (shown.view_name, shown.text) == ("Codex cache", said(proxy, gone))
    assert contentviews.prettify_message(kept.request, kept, "auto").view_name == "JSON"
