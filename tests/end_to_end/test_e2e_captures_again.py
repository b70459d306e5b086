"""What became of a turn that was not usual is explained from a capture as it was when it happened."""

from collections.abc import Iterable
from pathlib import Path

import h11
import pytest
from codexcache.body.json_splice import Object
from conftest import Network
from mitmproxy import http
from support.journals import CACHED, entries_of
from support.neighbours import GATEWAY, OtherAddon, Runs, counted, move, move_to_an_alias
from support.patience import until
from support.programs import started
from support.saved import flows_in
from support.sockets import Peer, opened, talking
from support.talks import asked, post
from support.upstream import streaming
from support.wire import body, event, frame, said, spelled

NEW = {"run", "conversation", "time"}
"""What is made up at each start, and the times, which a capture has in its own way."""

SESSION = ("session-id", "s")
LONG = event("response.output_text.delta", delta="x" * 5_000)
CREATED = event("response.created", response={"id": "resp_1"})


@pytest.fixture
def runs(net: Network, tmp_path: Path) -> Runs:
    return Runs(net, tmp_path / "journal.jsonl")


def lasting(rows: Iterable[Object]) -> list[Object]:
    """Return rows without what differs from start to start."""
    return [{name: row[name] for name in row if name not in NEW and not name.endswith("_ms")} for row in rows]


async def explained_again(confdir: Path, capture: Path, journal: Path) -> tuple[list[Object], str]:
    """Return the journal of a mitmdump that reads a capture, and its screen."""
    async with started(
        "mitmdump", "-nr", str(capture), "--set", f"codex_journal={journal}", confdir=confdir
    ) as program:
        assert await program.ended() == 0
    return lasting(entries_of(journal)), program.text


async def test_turns_over_http_that_were_moved_or_not_read_or_whose_response_was_not_kept(
    net: Network, runs: Runs, confdir: Path, tmp_path: Path
) -> None:
    def act(flow: http.HTTPFlow) -> None:
        if edit := {b"by name": move, b"to an alias": move_to_an_alias}.get(flow.request.content or b""):
            edit(flow)

    await net.upstream(streaming(CREATED, LONG, counted(9_000, 70)))
    await net.upstream(streaming(CREATED, counted(9_000, 80)), host=GATEWAY)
    capture = tmp_path / "capture.mitm"
    proxy = await runs.proxy(after=[OtherAddon(request=act)], save_stream_file=str(capture), codex_view_limit="1k")
    for text in (b"by name", b"to an alias", b"not JSON", body(input=asked("one"))):
        await post(proxy, SESSION, text=text)
    live = lasting(await runs.rows(4))
    await until(lambda: len(flows_in(capture)) == 4)
    again, screen = await explained_again(confdir, capture, tmp_path / "again.jsonl")

    assert [row.get(CACHED) for row in live] == [80, 80, 70, 70]
    assert again == live
    assert screen.count("A turn to ") == 3


async def test_turns_of_a_socket_that_was_moved_that_were_not_read_or_whose_end_was_dropped(
    net: Network, runs: Runs, confdir: Path, tmp_path: Path
) -> None:
    def drop(flow: http.HTTPFlow) -> None:
        assert flow.websocket is not None
        message = flow.websocket.messages[-1]
        message.dropped = not message.from_client and b"resp_2" in message.content and b"completed" in message.content

    async def talk(peer: Peer) -> None:
        number = 0
        async for _ in peer.messages():
            number += 1
            for kind in ("created", "completed"):
                usage = {"input_tokens": 9_000, "input_tokens_details": {"cached_tokens": number}}
                response = {"id": f"resp_{number}", "usage": usage}
                await peer.send(spelled({"type": f"response.{kind}", "response": response}).decode())

    await net.upstream()
    await net.upstream(talking(talk), host=GATEWAY)
    capture = tmp_path / "capture.mitm"
    others = [OtherAddon(request=move, websocket_message=drop)]
    proxy = await runs.proxy(after=others, save_stream_file=str(capture))
    async with opened(proxy, [SESSION]) as peer:
        for message, answers in ((frame(input=asked("one")), 2), (frame(input=asked("two")), 1), ("[" + frame(), 2)):
            await peer.send(message)
            for _ in range(answers):
                await peer.receive()
    live = lasting(await runs.rows(3))
    await until(lambda: len(flows_in(capture)) == 1)
    again, _ = await explained_again(confdir, capture, tmp_path / "again.jsonl")

    assert [row.get(CACHED) for row in live] == [1, 2, 3]
    assert again == live


async def test_a_turn_that_another_addon_kills_as_it_begins_is_not_taken_for_a_saved_one(
    net: Network, runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    upstream = await net.upstream()
    ended: list[http.HTTPFlow] = []
    others = [OtherAddon(requestheaders=lambda flow: flow.kill(), error=ended.append)]
    with pytest.raises(h11.RemoteProtocolError):
        await post(await runs.proxy(before=others), SESSION, text=body())
    await until(lambda: ended)

    assert (upstream.requests, said(caplog)) == ([], [])
