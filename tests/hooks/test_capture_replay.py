"""Saved flows are explained in the order of time, whatever the order in which they are loaded."""

import asyncio
import copy
import logging
from collections.abc import Callable, Iterator

import pytest
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.hooks import capture_replay
from codexcache.hooks.capture_replay import CaptureReplay
from codexcache.hooks.notify import TURN_SUMMARIES, Notifier, turn_summaries
from codexcache.hooks.state import State
from mitmproxy import eventsequence, http
from mitmproxy.flow import Error
from mitmproxy.test import taddons, tutils
from support.saved import START, TOOLS, asking, counters, ending, going_on, saved_request, saved_socket
from support.talks import until
from support.turn_summaries import turn_summary
from support.wire import COMPACT, completed, said


class Loader:
    """Loads flows as mitmproxy does, hook by hook, and keeps what is found."""

    def __init__(self) -> None:
        self.state, self.diagnoses = State(), list[Diagnosis]()
        self.state.diagnosis_service.listeners.append(self.diagnoses.append)
        self.capture_replay = CaptureReplay(self.state)

    def load(self, *flows: http.HTTPFlow) -> None:
        for each in flows:
            for event in eventsequence.iterate(each):
                if hook := getattr(self.capture_replay, event.name, None):
                    hook(each)

    @property
    def told(self) -> list[tuple[float, str]]:
        """When the turns were sent, in seconds, and their verdicts, in the order in which they were told."""
        return [(diagnosis.record.sent_at - START, diagnosis.verdict.name) for diagnosis in self.diagnoses]


async def told(*flows: http.HTTPFlow) -> list[tuple[float, str]]:
    """Return what is told of these flows."""
    loader = Loader()
    loader.load(*flows)
    loader.capture_replay.done()
    assert loader.state.errors.lines() == []
    return loader.told


ONE = saved_request("one", at=0, given=9_000)
TWO = saved_request("one", "two", at=20, given=9_500, cached=9_000)
THREE = saved_request("one", "two", "three", at=40, given=9_900, cached=0, tools=TOOLS)


@pytest.mark.parametrize("order", [(ONE, TWO, THREE), (THREE, TWO, ONE), (TWO, THREE, ONE)])
async def test_turns_are_told_in_the_order_of_time(order: tuple[http.HTTPFlow, ...]) -> None:
    assert await told(*order) == [(0, "cold"), (20, "hit"), (40, "tools_changed")]


async def test_a_socket_that_was_open_all_the_time_is_told_between_the_requests() -> None:
    """It is loaded as one flow; its turns lie before, between and after those of others."""
    socket = saved_socket(
        asking("one", at=-10, tools=TOOLS),
        ending("r1", at=-8),
        going_on("two", "r1", at=30),
        ending("r2", at=32, given=9_500, cached=8_500),
        ended_at=100,
    )

    assert await told(ONE, TWO, THREE, socket) == [
        (-10, "cold"),
        (0, "tools_changed"),
        (20, "hit"),
        (30, "hit"),
        (40, "tools_changed"),
    ]


async def test_a_turn_that_was_not_over_is_no_predecessor() -> None:
    """Two that were sent at the same time know nothing of each other."""
    slow, soon = saved_request("one", at=0), saved_request("one", "two", at=1)

    assert await told(slow, soon) == [(0, "cold"), (1, "cold")]


async def test_a_turn_without_an_answer_is_told_of() -> None:
    flow = saved_request("one", at=0)
    flow.response, flow.error = None, _failure()

    assert await told(flow) == [(0, "no_usage")]


async def test_an_answer_that_was_cut_is_told_of_once() -> None:
    flow = saved_request("one", at=0, answer=b"data: ")
    flow.error = _failure()

    assert await told(flow) == [(0, "no_usage")]


async def test_a_handshake_that_was_refused_is_told_of() -> None:
    """Its row is no turn's, and it does not shift the conversation around it."""
    refused = saved_socket(asking("never", at=5))
    refused.websocket, refused.response = None, tutils.tresp(status_code=429, timestamp_end=START + 6)
    loader = Loader()
    loader.load(ONE, refused, TWO)
    loader.capture_replay.done()

    assert loader.told == [(0, "cold"), (0, "rejected"), (20, "hit")]
    assert [diagnosis.record.endpoint for diagnosis in loader.diagnoses] == ["responses", "handshake", "responses"]
    assert loader.diagnoses[1].verdict.because.startswith("the WebSocket was refused with status 429 Too Many Requests")


async def test_compaction_is_a_turn() -> None:
    assert await told(saved_request("one", path=COMPACT)) == [(0, "cold")]


def _failure() -> Error:
    return Error("the connection was lost")


def _others() -> Iterator[http.HTTPFlow]:
    for path in ("/backend-api/codex/models", "/backend-api/codex/responses/other"):
        yield saved_request(path=path)
        yield saved_socket(asking("one", at=0), ending("r", at=1), path=path)
    for elsewhere in (saved_request(), saved_socket(asking("one", at=0))):
        elsewhere.request.host = elsewhere.request.headers["host"] = "example.com"
        yield elsewhere
    fetched, refused = saved_request(), saved_socket(asking("one", at=0))
    fetched.request.method, refused.websocket = "GET", None
    yield from (fetched, refused)


async def test_what_is_no_turn_is_not_told_of() -> None:
    """And is not touched."""
    flows = list(_others())

    assert await told(*flows) == []
    assert [each for each in flows if TURN_SUMMARIES in each.metadata] == []


async def test_live_flows_are_none_of_a_captures() -> None:
    """Those who hear them live tell of them."""
    request, socket = saved_request(), saved_socket(asking("one", at=0), ending("r", at=1))
    request.live = socket.live = True

    assert await told(request, socket) == []


async def test_a_live_flow_that_is_killed_is_none_either() -> None:
    """It is not live any more then, but was not loaded."""
    loader = Loader()
    request, socket = saved_request(), saved_socket(asking("one", at=0))
    for killed in (request, socket):
        killed.live = True
        loader.capture_replay.requestheaders(killed)
        killed.kill()
    request.response = None
    loader.capture_replay.error(request)
    loader.capture_replay.websocket_end(socket)
    loader.capture_replay.done()

    assert loader.told == []


@pytest.mark.parametrize("content", [b"not JSON", b"[]", b""])
async def test_a_body_that_cannot_be_read_is_one_line(content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """What is loaded beside it is told of."""
    caplog.set_level(logging.INFO)

    assert await told(saved_request(content=content), TWO) == [(20, "cold")]
    assert len(said(caplog)) == 1
    assert said(caplog)[0].startswith("A turn to 'chatgpt.com' passes unchanged: ")


async def test_an_unknown_coding_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    flow = saved_request()
    flow.request.headers["content-encoding"] = "secret-coding"

    assert await told(flow) == []
    assert said(caplog) == [
        "A turn to 'chatgpt.com' passes unchanged: its content encoding is not one that is understood."
    ]


async def test_what_was_gathered_is_played_after_a_quiet_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before: another flow may hold an earlier turn."""
    monkeypatch.setattr(capture_replay, "_QUIET", 0.01)
    loader = Loader()
    loader.load(TWO)
    first = loader.capture_replay._timer
    loader.load(ONE)
    assert first is not None
    assert (first.cancelled(), loader.told) == (True, [])
    await until(lambda: loader.told)

    assert loader.told == [(0, "cold"), (20, "hit")]


async def test_what_was_gathered_is_played_at_the_end_and_not_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_replay, "_QUIET", 0.01)
    loader = Loader()
    loader.load(ONE)
    loader.capture_replay.done()
    loader.capture_replay.done()
    await asyncio.sleep(0.03)

    assert loader.told == [(0, "cold")]


async def test_a_long_capture_is_played_as_far_as_it_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_replay, "_MOST", 3)
    loader = Loader()
    loader.load(ONE)
    assert loader.told == []
    loader.load(TWO)
    assert loader.told == [(0, "cold"), (20, "hit")]
    loader.load(THREE)
    loader.capture_replay.done()

    assert loader.told == [(0, "cold"), (20, "hit"), (40, "tools_changed")]


async def test_a_turn_that_cannot_be_explained_does_not_keep_others_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    loader = Loader()
    loader.load(ONE, TWO)
    sent = loader.state.diagnosis_service.turn_sent

    def fail_once(*arguments: object, **named: object) -> None:
        monkeypatch.setattr(loader.state.diagnosis_service, "turn_sent", sent)
        raise ValueError("secret")

    monkeypatch.setattr(loader.state.diagnosis_service, "turn_sent", fail_once)
    loader.capture_replay.done()

    assert loader.told == [(20, "cold")]
    assert [line.partition(" at ")[0] for line in loader.state.errors.lines()] == ["ValueError"]


async def test_of_a_socket_that_was_told_of_nothing_is_kept() -> None:
    loader = Loader()
    loader.load(saved_socket(asking("one", at=0), ending("r1", at=2), going_on("two", "r1", at=5), ending("r2", at=6)))
    loader.capture_replay.done()

    assert [name for _, name in loader.told] == ["cold", "upstream"]
    assert loader.state.diagnosis_service._responses == {}


TALK = (asking("one", at=0), ending("r1", at=2), going_on("two", "r1", at=5), ending("r2", at=6, cached=9_000))


@pytest.mark.parametrize("make", [lambda: saved_request("one", coding="zstd"), lambda: saved_socket(*TALK)])
async def test_a_flow_keeps_every_byte(make: Callable[..., http.HTTPFlow]) -> None:
    """Only its portraits, its mark and its comment are new."""
    flow = make()
    before = copy.deepcopy(flow.get_state())
    with taddons.context() as context:
        loader = Loader()
        context.master.addons.add(notifier := Notifier(loader.state))
        loader.state.diagnosis_service.listeners.append(notifier.notify)
        loader.load(flow)
        loader.capture_replay.done()
    after = flow.get_state()

    assert {name for name in before if after[name] != before[name]} == {"metadata", "comment", "marked"}
    assert notifier.summary.turns == len(turn_summaries(flow))


async def explained(flow: http.HTTPFlow) -> http.HTTPFlow:
    """Return a flow after it was loaded."""
    with taddons.context() as context:
        loader = Loader()
        context.master.addons.add(notifier := Notifier(loader.state))
        loader.state.diagnosis_service.listeners.append(notifier.notify)
        loader.load(flow)
        loader.capture_replay.done()
    assert loader.state.errors.lines() == []
    return flow


OLD = turn_summary(sent_at=START, ended_at=START + 1)


@pytest.mark.parametrize("make", [saved_request, lambda **given: saved_socket(*TALK[:2], **given)])
async def test_old_portraits_make_room_for_new_ones(make: Callable[..., http.HTTPFlow]) -> None:
    """What only they knew is taken over; they are not repeated each time the capture is loaded."""
    flow = await explained(make(turn_summaries=[OLD]))
    (first,) = turn_summaries(flow)
    flow = await explained(flow)
    (second,) = turn_summaries(flow)

    kept = ("mode", "key_source", "changed", "client_sent", "forwarded", "sent_at", "ended_at", "verdict")
    assert [first[name] for name in kept] == [second[name] for name in kept]
    assert (first["verdict"], first["key_source"], first["ended_at"]) == ("cold", "session", START + 1)
    assert first["client_sent"] == OLD["client_sent"]


async def test_an_old_mark_and_comment_make_room_as_well() -> None:
    """In another capture a turn may have had another predecessor."""
    flow = saved_request(turn_summaries=[OLD])
    flow.comment, flow.marked = "miss: tools_changed: tool shell was edited", ":warning:"
    await explained(flow)

    assert flow.comment.startswith("cold: ")
    assert flow.marked == ":snowflake:"


async def test_a_comment_and_mark_of_the_users_own_stay() -> None:
    flow = saved_request(turn_summaries=[OLD])
    flow.comment, flow.marked = "mine", ":heart:"
    await explained(flow)

    assert (flow.comment, flow.marked) == ("mine", ":heart:")


@pytest.mark.parametrize("value", [None, 7, "text", {"turn": 1}, [None, 7, "text", ["turn"]], [{}]])
async def test_what_is_no_portrait_does_not_keep_a_turn_from_being_told(value: object) -> None:
    request, socket = saved_request(), saved_socket(*TALK)
    for flow in (request, socket):
        flow.metadata[TURN_SUMMARIES] = value
        await explained(flow)

    assert [len(turn_summaries(flow)) for flow in (request, socket)] == [1, 2]


async def test_counters_stand_as_the_backend_sent_them() -> None:
    """Absent ones stay absent."""
    flow = await explained(saved_request(answer=completed(usage=counters(9_000, None))))

    assert turn_summaries(flow)[0]["gen_ai.usage.input_tokens"] == 9_000
    assert "gen_ai.usage.cache_read.input_tokens" not in turn_summaries(flow)[0]
