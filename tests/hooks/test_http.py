"""The hooks for HTTP, where no proxy has to run: which flows they leave alone."""

import asyncio
import copy
from collections.abc import Callable

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
    """Run the hooks before a request is sent; tell whether they changed it."""
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


def begin_response(flow: http.HTTPFlow, kind: str, status: int = 200) -> http.Response:
    """Give a flow a response of which only the head has come."""
    flow.response = http.Response.make(status, b"", {"content-type": kind} if kind else {})
    flow.response.raw_content = None
    return flow.response


@pytest.mark.parametrize(
    ("host", "kind", "status", "heard"),
    [
        ("chatgpt.com", "application/json", 200, False),
        ("chatgpt.com", "text/html", 403, False),
        ("chatgpt.com", "", 101, False),
        ("chatgpt.com", "text/event-stream", 200, True),
        ("other.example", "text/event-stream", 200, True),
        ("other.example", "Text/Event-Stream; charset=utf-8", 200, True),
        ("other.example", "application/json", 200, False),
        ("other.example", "", 204, False),
    ],
)
def test_all_event_streams_do_not_wait(host: str, kind: str, status: int, heard: bool) -> None:
    """Everything else is as mitmproxy would have it."""
    flow = tflow.tflow(req=tutils.treq(host=host, authority=b""))
    flow.request.headers["host"] = host
    flow.live = True
    response = begin_response(flow, kind, status)
    HttpTurns(State()).responseheaders(flow)

    assert callable(response.stream) is heard


@pytest.mark.parametrize(
    ("kind", "status", "heard"),
    [
        ("text/event-stream", 200, True),
        ("", 200, True),
        ("text/plain", 200, True),
        ("text/html", 403, True),
        ("application/json", 200, False),
        ("application/json; charset=utf-8", 400, False),
    ],
)
def test_the_response_to_a_turn_does_not_wait_unless_it_is_of_use_as_a_whole_only(
    kind: str, status: int, heard: bool
) -> None:
    """Some gateways do not say that a stream is one."""
    turns, flow = HttpTurns(State()), turn_flow()
    turns.request(flow)
    response = begin_response(flow, kind, status)
    turns.responseheaders(flow)

    assert callable(response.stream) is heard


@pytest.mark.parametrize("other", [True, bytes])
def test_a_document_that_is_streamed_already_is_listened_to(other: bool | Callable[[bytes], bytes]) -> None:
    """By an option or another addon: it could not be read later."""
    turns, flow = HttpTurns(State()), turn_flow()
    turns.request(flow)
    response = begin_response(flow, "application/json")
    response.stream = other
    turns.responseheaders(flow)

    assert callable(response.stream)
    assert response.stream is not other


def test_a_flow_that_is_read_from_a_file_is_not_listened_to() -> None:
    """Its response is there already."""
    flow = tflow.tflow(resp=tutils.tresp(headers=http.Headers(content_type="text/event-stream")))
    flow.live = False
    HttpTurns(State()).responseheaders(flow)

    assert flow.response is not None
    assert flow.response.stream is False


async def test_what_another_addon_passes_a_response_through_is_still_passed_through() -> None:
    """It was there first, and goes on altering what the client gets; the turn ends by what the backend sent."""
    state, flow, ended = State(), turn_flow(), list[Diagnosis]()
    state.diagnosis_service.listeners.append(ended.append)
    turns = HttpTurns(state)
    turns.request(flow)
    response = begin_response(flow, "text/event-stream")
    response.stream = lambda chunk: [chunk.upper(), b"!"]
    turns.responseheaders(flow)
    assert callable(response.stream)
    event = b'data: {"type":"response.completed","response":{"id":"r1"}}\n\n'

    assert response.stream(event) == [event.upper(), b"!"]
    await asyncio.sleep(0)
    assert [diagnosis.record.response_id for diagnosis in ended] == ["r1"]


async def test_an_addon_that_replaces_the_stream_callback_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """An addon that is loaded behind this one may do so without knowing."""
    turns = HttpTurns(State())
    for listens in (True, False, False):
        flow = turn_flow()
        turns.request(flow)
        response = begin_response(flow, "text/event-stream")
        turns.responseheaders(flow)
        response.stream = response.stream if listens else lambda chunk: chunk
        assert callable(response.stream)
        response.stream(b"")
        turns.response(flow)

    assert caplog.text.count("Another addon") == caplog.text.count("-s OTHER.py -s codex_continuity.py") == 1


def test_a_flow_that_ends_without_a_turn_says_nothing() -> None:
    """Any flow's end comes by."""
    state = State()
    turns = HttpTurns(state)
    turns.response(tflow.tflow(resp=True))
    turns.error(tflow.tflow(err=True))

    assert state.errors.summary() == []


def early_answer(state: State) -> tuple[HttpTurns, http.HTTPFlow, list[Diagnosis]]:
    """Return a turn that was streamed, and that the backend has answered before it had all of it."""
    ended = list[Diagnosis]()
    state.diagnosis_service.listeners.append(ended.append)
    flow = turn_flow()
    flow.request.stream, flow.request.raw_content = True, None
    flow.response = http.Response.make(413, b'{"detail":"too large"}', {"content-type": "application/json"})
    return HttpTurns(state), flow, ended


async def test_a_turn_that_was_answered_while_it_was_still_being_sent_ends_at_once() -> None:
    """The hooks of its response have come already."""
    turns, flow, ended = early_answer(state := State())
    turns.requestheaders(flow)
    turns.request(flow)

    assert [(diagnosis.verdict.name, diagnosis.record.status) for diagnosis in ended] == [("rejected", 413)]
    assert turns.in_progress == set()
    assert state.errors.summary() == []


async def test_what_is_looked_for_after_each_event_is_looked_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """The first update after the response tells of late edits; a flow can rightly be edited later."""
    turns, flow = HttpTurns(State()), turn_flow()
    turns.request(flow)
    response = begin_response(flow, "text/event-stream")
    turns.responseheaders(flow)
    assert callable(response.stream)
    response.stream(b"")
    turns.response(flow)
    turns.update([tflow.ttcpflow(), flow])
    response.content = b"edited, to be sent again"
    turns.update([flow])

    assert caplog.text == ""
