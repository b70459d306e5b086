"""What the backend refuses: said once, kept, or left out where the user asks for it."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from codexcache.body.json_splice import Json
from conftest import Network
from embedded_backend import Backend, Rules
from embedded_backend.rules import COMPACT_MEMBERS
from mitmproxy import exceptions
from support.client import connected
from support.journals import entries_of
from support.proxy import Proxy
from support.sockets import Peer, opened
from support.talks import post
from support.upstream import responding, streaming, whole
from support.wire import COMPACT, RESPONSES, bearer, body, completed, frame, said, spelled

OLD = Rules(compact_members=COMPACT_MEMBERS - {"prompt_cache_key"})


STREAMED = ("store", "stream")
"""Members that /compact does not take."""

SESSION = ("session_id", "s")


async def status(proxy: Proxy, **members: Any) -> int:
    return (await post(proxy, SESSION, **members)).status


async def ask(peer: Peer, **members: Any) -> str:
    """Send a turn and return the type of the event that ended it."""
    await peer.send(frame(**members))
    async for message in peer.messages():
        kind = str(orjson.loads(message)["type"])
        if kind in ("error", "response.completed"):
            break
    return kind


def last(backend: Backend) -> dict[str, Any]:
    document: dict[str, Any] = backend.received[-1].json
    return document


async def test_without_the_addon_the_backend_refuses_what_the_addon_removes(net: Network) -> None:
    """In observe stream_options costs the turn; in fill it does not."""
    await net.backend()
    assert await status(await net.proxy(codex_mode="observe"), stream_options={"include_usage": True}) == 400
    assert await status(await net.proxy(), stream_options={"include_usage": True}) == 200


ADVICE = {
    "prompt_cache_retention": ". To remove it from every turn, set codex_strip=prompt_cache_retention,stream_options; "
    "to leave it out only where it was refused, set codex_learn=prompt_cache_retention.",
    "previous_response_id": ": a response can be continued only on the WebSocket that it came from, so the client has "
    "to send the whole input instead.",
}
"""What helps; to strip the id of a delta would send the rest of it without what came before."""


@pytest.mark.parametrize("mode", ["fill", "pin", "observe"])
@pytest.mark.parametrize("member", ADVICE)
async def test_a_refused_member_is_kept_and_the_way_out_is_said_once(
    net: Network, mode: str, member: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The client's word stands, turn after turn."""
    backend = await net.backend()
    proxy = await net.proxy(codex_mode=mode)
    for _ in range(3):
        assert await status(proxy, **{member: "24h"}) == 400
        assert last(backend)[member] == "24h"

    assert said(caplog) == [
        f"chatgpt.com refused '{member}', which the client sends. It was kept, because the client's word "
        f"stands{ADVICE[member]}"
    ]


async def test_what_is_advised_helps(net: Network) -> None:
    await net.backend()
    proxy = await net.proxy(codex_strip="prompt_cache_retention,stream_options")

    assert await status(proxy, prompt_cache_retention="24h") == 200


@pytest.mark.parametrize("option", ["codex_strip", "codex_learn"])
async def test_what_a_delta_cannot_do_without_is_not_to_be_removed(net: Network, option: str) -> None:
    proxy = await net.proxy()
    with pytest.raises(exceptions.OptionsError, match="a delta would leave without its history"):
        proxy.master.options.update(**{option: "previous_response_id"})


async def test_a_member_of_codex_learn_is_left_out_of_later_turns(
    net: Network, caplog: pytest.LogCaptureFixture
) -> None:
    """Of that model, on every transport, until the option changes."""
    backend = await net.backend()
    proxy = await net.proxy(codex_learn="temperature")
    assert await status(proxy, temperature=1) == 400
    assert await status(proxy, temperature=1) == 200
    assert "temperature" not in last(backend)
    async with opened(proxy, [SESSION]) as peer:
        assert await ask(peer, temperature=1) == "response.completed"
    assert await status(proxy, temperature=1, model="other") == 400
    assert len([line for line in said(caplog) if "left out" in line]) == 2
    proxy.master.options.update(codex_learn="")
    assert await status(proxy, temperature=1) == 400


async def test_a_refusal_on_a_websocket_teaches_the_same(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """An error frame is a refusal like a 400."""
    await net.backend()
    proxy = await net.proxy(codex_learn="user")
    async with opened(proxy, [SESSION]) as peer:
        assert await ask(peer, user="u", metadata={}) == "error"
        assert await ask(peer, user="u") == "error"
        assert await ask(peer, user="u") == "response.completed"
    assert await status(proxy, user="u") == 200
    assert len(said(caplog)) == 2


@pytest.mark.parametrize("members", [{"service_tier": "odd"}, {"store": True}, {"prompt_cache_key": 7}])
async def test_an_invalid_value_is_not_a_refusal(
    net: Network, members: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The member is known, and what the user asked for with it is not taken away."""
    backend = await net.backend()
    proxy = await net.proxy(codex_learn="service_tier")
    for _ in range(2):
        await status(proxy, **members)
    assert members.keys() <= last(backend).keys()
    assert said(caplog) == []


async def test_a_key_that_an_old_compact_refuses_is_not_added_there_again(
    net: Network, caplog: pytest.LogCaptureFixture
) -> None:
    """The session headers still are; the other endpoint and other models are asked by themselves."""
    backend = await net.backend(rules=OLD)
    proxy = await net.proxy()
    unary = {name: value for name, value in orjson.loads(body(instructions="x")).items() if name not in STREAMED}
    texts = [orjson.dumps(unary)] * 3
    assert [(await post(proxy, SESSION, path=COMPACT, text=text)).status for text in texts] == [400, 200, 200]
    assert "prompt_cache_key" not in last(backend)
    assert backend.received[-1].header("session-id") == "s"
    assert await status(proxy) == 200
    assert last(backend)["prompt_cache_key"] == "s"
    own = orjson.dumps({**unary, "prompt_cache_key": "k"})
    assert (await post(proxy, path=COMPACT, text=own)).status == 400
    assert last(backend)["prompt_cache_key"] == "k"

    assert len([line for line in said(caplog) if "that was added" in line]) == 1
    assert len([line for line in said(caplog) if "which the client sends" in line]) == 1


@pytest.mark.parametrize("path", ["input[0].namespace", "reasoning.context", "tools[0].x"])
async def test_a_refused_path_is_named_and_what_it_is_in_stays(
    net: Network, tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """Even where the user would have the whole member left out."""
    error = {"error": {"message": f"Unknown parameter: '{path}'.", "param": path, "code": "unknown_parameter"}}
    upstream = await net.upstream(responding(whole(spelled(error), "400 Bad Request")))
    proxy = await net.proxy(codex_learn="reasoning", codex_journal=str(journal := tmp_path / "journal"))
    members: dict[str, Any] = {"reasoning": {"context": "x"}, "tools": [{"x": 1}]}
    for _ in range(2):
        await status(proxy, **members)

    assert upstream.last.body == body(**members, prompt_cache_key="s")
    assert len(said(caplog)) == 1
    assert f"refused '{path}', which the client sends. It was kept" in said(caplog)[0]
    because = [entry["because"] for entry in entries_of(journal)]
    top = path.partition(".")[0].partition("[")[0]
    assert set(because) == {
        f"the backend rejected the parameter '{path}' (status 400); no option reaches into {top}, so only the client "
        "can leave it out"
    }


@pytest.mark.parametrize(
    ("accounts", "sentence"),
    [
        (
            ("1", "1"),
            "the account did not change since its encrypted items were made, so they are refused for another ",
        ),
        (("1", "2"), "the account changed since its encrypted items were made, and no other can use them"),
        (("1", "2", "2"), "the account changed since its encrypted items were made, and no other can use them"),
        (("1", "2", "1"), "the account changed since its encrypted items were made, and no other can use them"),
    ],
)
async def test_refused_encrypted_items_are_explained_by_the_accounts_they_were_made_for(
    net: Network, tmp_path: Path, accounts: tuple[str, ...], sentence: str
) -> None:
    """Another account cannot read them, whichever turn was the last."""
    error = spelled({"error": {"code": "invalid_encrypted_content", "message": "It could not be verified."}})
    upstream = await net.upstream()
    proxy = await net.proxy(codex_journal=str(journal := tmp_path / "journal"))
    history: list[Json] = [{"role": "user", "content": "hello"}]
    async with connected(proxy) as connection:
        for number, account in enumerate(accounts):
            made: Json = {"type": "reasoning", "summary": [], "encrypted_content": f"of turn {number}"}
            usage = {"input_tokens": 2000, "input_tokens_details": {"cached_tokens": 0}}
            upstream.answer = streaming(completed(output=[made], usage=usage))
            if number == len(accounts) - 1:
                upstream.answer = responding(whole(error, "400 Bad Request"))
            await connection.post(RESPONSES, [bearer(account=account)], body(input=history))
            history += [made, history[0]]

    entry = entries_of(journal)[-1]
    assert entry["verdict"] == "rejected"
    assert str(entry["because"]).startswith(
        f"the backend answered with status 400 (invalid_encrypted_content); {sentence}"
    )
