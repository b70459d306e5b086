"""The hooks for HTTP, where no proxy has to run: which flows they leave alone."""

import copy

import pytest
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.hooks.http import HttpTurns
from codexcache.hooks.state import State
from mitmproxy import http
from mitmproxy.test import tflow, tutils
from support.wire import RESPONSES, body


def turn_flow(*, live: bool = True, method: str = "POST", path: str = RESPONSES) -> http.HTTPFlow:
    headers = http.Headers([(b"Host", b"chatgpt.com"), (b"session_id", b"s"), (b"content-length", b"0")])
    request = tutils.treq(
        host="chatgpt.com", method=method.encode(), path=path.encode(), headers=headers, content=body(), authority=b""
    )
    flow = tflow.tflow(req=request)
    flow.live = live
    return flow


async def hooks_changed(flow: http.HTTPFlow) -> bool:
    """Run the hooks before a request is sent; Return True if they changed it."""
    before = copy.deepcopy(flow.request.get_state())
    turns = HttpTurns(State())
    turns.requestheaders(flow)
    if waiting := turns.request(flow):
        await waiting
    return bool(flow.request.get_state() != before)


async def test_a_live_turn_is_changed() -> None:
    """The one case in which something happens, here with the length corrected."""
    flow = turn_flow()

    assert await hooks_changed(flow)
    assert flow.request.content == body(prompt_cache_key="s")
    assert flow.request.headers["content-length"] == str(len(body(prompt_cache_key="s")))


@pytest.mark.parametrize(
    "flow",
    [turn_flow(live=False), turn_flow(method="GET"), turn_flow(path="/backend-api/codex")],
    ids=["read from a file", "another method", "another path"],
)
async def test_any_other_flow_is_left_alone(flow: http.HTTPFlow) -> None:
    """Not a byte of it changes."""
    assert not await hooks_changed(flow)


@pytest.mark.parametrize(
    ("host", "kind", "status", "heard"),
    [
        ("chatgpt.com", "application/json", 200, True),
        ("chatgpt.com", "text/html", 403, True),
        ("chatgpt.com", "", 101, False),
        ("other.example", "text/event-stream", 200, True),
        ("other.example", "Text/Event-Stream; charset=utf-8", 200, True),
        ("other.example", "application/json", 200, False),
        ("other.example", "", 204, False),
    ],
)
def test_the_backends_responses_and_all_event_streams_do_not_wait(
    host: str, kind: str, status: int, heard: bool
) -> None:
    """Everything else is as mitmproxy would have it."""
    flow = tflow.tflow(req=tutils.treq(host=host, authority=b""))
    flow.request.headers["host"] = host
    flow.response = http.Response.make(status, b"", {"content-type": kind} if kind else {})
    flow.live = True
    HttpTurns(State()).responseheaders(flow)

    assert callable(flow.response.stream) is heard


def test_a_flow_that_is_read_from_a_file_or_ends_without_a_turn_is_not_listened_to() -> None:
    """The response of the one is there already, and any flow's end comes by."""
    state, flow = State(), tflow.tflow(resp=tutils.tresp(headers=http.Headers(content_type="text/event-stream")))
    flow.live = False
    turns = HttpTurns(state)
    turns.responseheaders(flow)
    turns.response(tflow.tflow(resp=True))
    turns.error(tflow.tflow(err=True))

    assert flow.response is not None
    assert (flow.response.stream, state.errors.summary()) == (False, [])


async def test_what_another_addon_passes_a_response_through_keeps_working() -> None:
    """It was there first, and goes on altering what the client gets; the turn ends by what the backend sent."""
    state, flow, found = State(), turn_flow(), list[Diagnosis]()
    state.diagnosis_service.listeners.append(found.append)
    turns = HttpTurns(state)
    turns.request(flow)
    flow.response = http.Response.make(200, b"", {"content-type": "text/event-stream"})
    flow.response.stream = lambda chunk: [chunk.upper(), b"!"]
    turns.responseheaders(flow)
    assert callable(flow.response.stream)
    event = b'data: {"type":"response.completed","response":{"id":"r1"}}\n\n'

    assert flow.response.stream(event) == [event.upper(), b"!"]
    state.deferred.catch_up()
    assert [diagnosis.record.response_id for diagnosis in found] == ["r1"]


async def test_an_addon_that_replaces_the_listener_is_reported_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An addon that is loaded behind this one may do so without knowing."""
    turns = HttpTurns(State())
    for listens in (True, False, False):
        flow = turn_flow()
        turns.request(flow)
        flow.response = http.Response.make(200, b"", {"content-type": "text/event-stream"})
        flow.response.raw_content = None
        turns.responseheaders(flow)
        flow.response.stream = flow.response.stream if listens else lambda chunk: chunk
        assert callable(flow.response.stream)
        flow.response.stream(b"")
        turns.response(flow)

    assert caplog.text.count("Another addon") == caplog.text.count("-s OTHER.py -s codex_continuity.py") == 1
