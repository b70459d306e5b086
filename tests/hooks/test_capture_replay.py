"""Saved flows are explained in the order of time, whatever the order in which they are loaded."""

import asyncio
import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.hooks.capture_replay import CaptureReplay
from codexcache.hooks.notify import TURN_SUMMARIES, Notifier, turn_summaries
from codexcache.hooks.state import State
from mitmproxy import eventsequence, http
from mitmproxy.flow import Error
from mitmproxy.test import taddons, tutils
from support.patience import until
from support.saved import START, TOOLS, asking, ending, going_on, saved_request, saved_socket
from support.turn_summaries import turn_summary
from support.wire import COMPACT, RESPONSES, said


class Loader:
    """Loads flows as mitmproxy does, hook by hook, and keeps what is found."""

    def __init__(self, **bounds: Any) -> None:
        self.state, self.diagnoses = State(), list[Diagnosis]()
        self.state.diagnosis_service.listeners.append(self.diagnoses.append)
        self.captures = CaptureReplay(self.state, **bounds)

    def load(self, *flows: http.HTTPFlow) -> "Loader":
        for each in flows:
            for event in eventsequence.iterate(each):
                if hook := getattr(self.captures, event.name, None):
                    hook(each)
        return self

    def done(self) -> list[tuple[float, str]]:
        """Play what was gathered, and return what was told."""
        self.captures.done()
        return self.told

    @property
    def told(self) -> list[tuple[float, str]]:
        """When the turns were sent, in seconds, and their verdicts, in the order in which they were told."""
        return [(diagnosis.record.sent_at - START, diagnosis.verdict.name) for diagnosis in self.diagnoses]


async def told(*flows: http.HTTPFlow) -> list[tuple[float, str]]:
    loader = Loader().load(*flows)
    found = loader.done()
    assert loader.state.errors.lines() == []
    return found


ONE = saved_request("one", at=0, given=9_000)
TWO = saved_request("one", "two", at=20, given=9_500, cached=9_000)
MESSAGES = (asking("one", at=0), ending("r1", at=2), going_on("two", "r1", at=5), ending("r2", at=6, cached=9_000))
THREE = saved_request("one", "two", "three", at=40, given=9_900, cached=0, tools=TOOLS)


@pytest.mark.parametrize("order", [(ONE, TWO, THREE), (THREE, TWO, ONE), (TWO, THREE, ONE)])
async def test_turns_are_told_in_the_order_of_time(order: tuple[http.HTTPFlow, ...]) -> None:
    assert await told(*order) == [(0, "cold"), (20, "hit"), (40, "tools_changed")]


async def test_a_turn_that_was_cut_or_not_answered_is_reported_once_and_so_is_a_compaction() -> None:
    unanswered, cut = saved_request("one", at=0), saved_request("one", at=0, answer=b"data: ")
    unanswered.response = None
    unanswered.error = cut.error = Error("the connection was lost")

    assert [await told(flow) for flow in (unanswered, cut)] == [[(0, "no_usage")]] * 2
    assert await told(saved_request("one", path=COMPACT)) == [(0, "cold")]


async def test_a_handshake_that_was_refused_is_told_of() -> None:
    """Its row is no turn's, and it does not shift the conversation around it."""
    refused = saved_socket(asking("never", at=5))
    refused.websocket, refused.response = None, tutils.tresp(status_code=429, timestamp_end=START + 6)
    loader = Loader().load(ONE, refused, TWO)

    assert loader.done() == [(0, "cold"), (0, "rejected"), (20, "hit")]
    assert [diagnosis.record.endpoint for diagnosis in loader.diagnoses] == ["responses", "handshake", "responses"]
    assert loader.diagnoses[1].verdict.because.startswith("the WebSocket was refused with status 429 Too Many Requests")


def others() -> Iterator[http.HTTPFlow]:
    """Yield flows that are no turns: of other paths, another host, another method, and a refused WebSocket."""
    for path in ("/backend-api/codex/models", "/backend-api/codex/responses/other"):
        yield saved_request(path=path)
        yield saved_socket(asking("one", at=0), ending("r", at=1), path=path)
    for elsewhere in (saved_request(), saved_socket(asking("one", at=0))):
        elsewhere.request.host = elsewhere.request.headers["host"] = "example.com"
        yield elsewhere
    fetched, refused = saved_request(), saved_socket(asking("one", at=0))
    fetched.request.method, refused.websocket = "GET", None
    yield from (fetched, refused)


async def test_what_is_no_turn_is_not_reported() -> None:
    """And is not touched."""
    flows = list(others())

    assert await told(*flows) == []
    assert [each for each in flows if TURN_SUMMARIES in each.metadata] == []


@pytest.mark.parametrize("host", ["gateway.example", "127.0.0.1"])
@pytest.mark.parametrize("known_by", ["the name in TLS", "its summary"])
async def test_a_turn_that_had_been_moved_is_told_of(host: str, known_by: str) -> None:
    """Over HTTP, where its path can be an alias, or over a WebSocket."""
    flows = saved_request(path="/codex/responses"), saved_socket(asking("one", at=0), ending("r", at=1))
    for flow in flows:
        flow.request.host = flow.request.headers["host"] = host
        flow.client_conn.sni = "chatgpt.com" if known_by == "the name in TLS" else None
        if known_by == "its summary":
            flow.request.path, flow.metadata[TURN_SUMMARIES] = RESPONSES, [OLD]

    assert [await told(flow) for flow in flows] == [[(0, "cold")]] * 2


async def test_a_turn_that_was_killed_before_it_came_as_a_whole_is_not_loaded(caplog: pytest.LogCaptureFixture) -> None:
    """Another addon did it in requestheaders, before this one saw it: it is not live any more."""
    flow = saved_request()
    flow.live, flow.response = True, None
    flow.request.content, flow.request.timestamp_end = None, None
    flow.kill()
    loader = Loader()
    loader.captures.requestheaders(flow)
    loader.captures.error(flow)

    assert (loader.done(), said(caplog)) == ([], [])


async def test_live_flows_are_left_to_those_who_hear_them_live() -> None:
    """Also one that is killed: it is not live any more then, but was not loaded."""
    loader = Loader()
    request, socket = saved_request(), saved_socket(asking("one", at=0), ending("r", at=1))
    request.live = socket.live = True
    loader.load(request, socket)
    for killed in (request, socket):
        loader.captures.requestheaders(killed)
        killed.kill()
    request.response = None
    loader.captures.error(request)
    loader.captures.websocket_end(socket)

    assert loader.done() == []


@pytest.mark.parametrize(
    ("content", "coding", "reason"),
    [
        (b"not JSON", "", "it is not JSON"),
        (b"[]", "", "it is not a JSON object"),
        (b"", "", "it is not JSON"),
        (None, "", "it is not JSON"),
        (b"{}", "gzip", "its gzip encoding is cut short"),
        (b"{}", "secret-coding", "its content encoding is not one that is understood"),
    ],
)
async def test_a_body_that_cannot_be_read_is_one_line_and_a_turn(
    content: bytes | None, coding: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As it was when it happened."""
    flow = saved_request()
    flow.request.raw_content, flow.request.headers["content-encoding"] = content, coding

    assert await told(flow, TWO) == [(0, "cold"), (20, "cold")]
    (line,) = said(caplog)
    assert line.startswith(f"A turn to 'chatgpt.com' passes unchanged: {reason}")
    assert "secret" not in line


@pytest.fixture
async def timers(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.TimerHandle]:
    """Grows by each timer that is set."""
    loop, found = asyncio.get_running_loop(), list[asyncio.TimerHandle]()
    call_later = loop.call_later

    def noted(*arguments: Any) -> asyncio.TimerHandle:
        found.append(call_later(*arguments))
        return found[-1]

    monkeypatch.setattr(loop, "call_later", noted)
    return found


async def test_what_was_gathered_is_played_after_a_quiet_moment(timers: list[asyncio.TimerHandle]) -> None:
    """Not before: another flow may hold an earlier turn."""
    loader = Loader(quiet=0.01).load(TWO, ONE)
    assert ([timer.cancelled() for timer in timers], loader.told) == ([True, False], [])
    await until(lambda: loader.told)

    assert loader.told == [(0, "cold"), (20, "hit")]


async def test_what_was_gathered_is_played_at_the_end_and_not_again(timers: list[asyncio.TimerHandle]) -> None:
    loader = Loader(quiet=0.01).load(ONE)
    loader.done()
    loader.done()
    await until(lambda: asyncio.get_running_loop().time() > timers[0].when())

    assert loader.told == [(0, "cold")]


async def test_a_long_capture_is_played_as_far_as_it_has_come() -> None:
    loader = Loader(most=3)
    assert loader.load(ONE).told == []
    assert loader.load(TWO).told == [(0, "cold"), (20, "hit")]
    assert loader.load(THREE).done() == [(0, "cold"), (20, "hit"), (40, "tools_changed")]


async def test_a_turn_that_cannot_be_explained_does_not_keep_others_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    loader = Loader().load(ONE, TWO)
    sent = loader.state.diagnosis_service.turn_sent

    def fail_once(*arguments: object, **named: object) -> None:
        monkeypatch.setattr(loader.state.diagnosis_service, "turn_sent", sent)
        raise ValueError("secret")

    monkeypatch.setattr(loader.state.diagnosis_service, "turn_sent", fail_once)

    assert loader.done() == [(20, "cold")]
    assert [line.partition(" at ")[0] for line in loader.state.errors.lines()] == ["ValueError"]


async def test_nothing_is_kept_of_a_socket_that_was_reported() -> None:
    """A turn of another one with its id names what is not known any more."""
    loader, first, again = Loader(), saved_socket(*MESSAGES), saved_socket(going_on("three", "r2", at=20))
    again.id = first.id
    loader.load(first).done()

    assert [name for _, name in loader.load(again).done()] == ["cold", "hit", "no_usage"]
    assert [len(diagnosis.record.prompt.items) for diagnosis in loader.diagnoses] == [1, 2, 1]


def explained(*flows: http.HTTPFlow) -> Notifier:
    """Load flows; return what was notified of their turns."""
    with taddons.context() as context:
        loader = Loader()
        context.master.addons.add(notifier := Notifier(loader.state))
        loader.state.diagnosis_service.listeners.append(notifier.notify)
        loader.load(*flows).done()
    assert loader.state.errors.lines() == []
    return notifier


@pytest.mark.parametrize("make", [lambda: saved_request("one", coding="zstd"), lambda: saved_socket(*MESSAGES)])
async def test_a_flow_keeps_every_byte(make: Callable[..., http.HTTPFlow]) -> None:
    """Only its summaries, its mark and its comment are new."""
    flow = make()
    before = copy.deepcopy(flow.get_state())
    notifier = explained(flow)
    after = flow.get_state()

    assert {name for name in before if after[name] != before[name]} == {"metadata", "comment", "marked"}
    assert notifier.summary.turns == len(turn_summaries(flow))


OLD = turn_summary(sent_at=START, ended_at=START + 1)


@pytest.mark.parametrize("make", [saved_request, lambda **given: saved_socket(*MESSAGES[:2], **given)])
async def test_old_summaries_are_replaced_by_new_ones(make: Callable[..., http.HTTPFlow]) -> None:
    """What only they knew is taken over; they are not repeated each time the capture is loaded."""
    explained(flow := make(turn_summaries=[OLD]))
    (first,) = turn_summaries(flow)
    explained(flow)
    (second,) = turn_summaries(flow)

    kept = ("mode", "key_source", "changed", "client_sent", "forwarded", "sent_at", "ended_at", "verdict")
    assert [first[name] for name in kept] == [second[name] for name in kept]
    assert (first["verdict"], first["key_source"], first["ended_at"]) == ("cold", "session", START + 1)
    assert first["client_sent"] == OLD["client_sent"]


async def test_an_old_mark_and_comment_are_replaced_as_well_but_not_the_users_own() -> None:
    """In another capture a turn may have had another predecessor."""
    old, own = saved_request(turn_summaries=[OLD]), saved_request(turn_summaries=[OLD])
    old.comment, old.marked = "miss: tools_changed: tool shell was edited", ":warning:"
    own.comment, own.marked = "mine", ":heart:"
    explained(old, own)

    assert (old.comment.partition(":")[0], old.marked) == ("cold", ":snowflake:")
    assert (own.comment, own.marked) == ("mine", ":heart:")


@pytest.mark.parametrize("value", [None, 7, "text", {"turn": 1}, [None, 7, "text", ["turn"]], [{}]])
async def test_what_is_no_summary_does_not_keep_a_turn_from_being_told(value: object) -> None:
    request, socket = saved_request(), saved_socket(*MESSAGES)
    for flow in (request, socket):
        flow.metadata[TURN_SUMMARIES] = value
        explained(flow)

    assert [len(turn_summaries(flow)) for flow in (request, socket)] == [1, 2]
