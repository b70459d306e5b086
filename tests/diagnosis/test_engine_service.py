"""The desk ties a turn's exchange to the engine, and tells who listens."""

from typing import Any

import pytest
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.diagnosis.service import DiagnosisService, route_of
from codexcache.options import default_settings
from codexcache.turn.exchange import Continuity, Exchange
from codexcache.turn.rewrite import RequestEdits
from support.diagnoses import Harness, raising
from support.turns import NATIVE, Headers, conversation, fields, turn, user

ITEMS = conversation("a", "b", "c")


def exchange(headers: Headers, mode: str = "fill", **members: Any) -> Exchange:
    settings = Harness(mode).settings  # type: ignore[arg-type]
    return Continuity().begin(turn(headers, input=ITEMS, **members), settings)


def test_a_listener_that_fails_does_not_keep_others_from_hearing() -> None:
    faults, heard = list[str](), list[Diagnosis]()
    diagnosis_service = DiagnosisService(lambda where, error: faults.append(f"{where}: {error}"))
    diagnosis_service.listeners += [lambda _: 1 / 0, heard.append]  # type: ignore[list-item]
    sent = Continuity().begin(turn(input="a"), default_settings())
    diagnosis_service.turn_ended(sent, at=1)  # which was never handed in
    assert (faults, heard) == ([], [])
    diagnosis_service.turn_sent(sent, flow="f", at=0)
    diagnosis_service.turn_ended(sent, at=1)

    assert faults == ["reporting a turn: division by zero"]
    assert len(heard) == 1


def test_a_route_says_what_was_forwarded() -> None:
    """An agent's thread is known by either spelling; in observe the key is that of the body alone."""
    route = route_of(exchange({"session-id": "s", "chatgpt-account-id": "a"}, prompt_cache_key="k"), "")

    assert (route.key, route.session, route.account) == ("k", "k", "a")
    assert (route.transport, route.host) == ("http", "chatgpt.com")
    assert [route_of(exchange({name: "t"}), "").thread for name in ("thread-id", "thread_id")] == ["t", "t"]
    assert route_of(exchange({"session-id": "s"}), "").key == "s"
    assert route_of(exchange({"session-id": "s"}, "observe"), "").key is None
    assert route_of(exchange({"session-id": "s"}, "observe", prompt_cache_key="k"), "").key == "k"


def test_turns_that_leave_alike_have_one_route_whatever_else_their_headers_say() -> None:
    one, other = (route_of(exchange({"session-id": "s", "traceparent": trace}), "") for trace in ("1", "2"))

    assert one is other


@pytest.mark.parametrize(
    ("headers", "mode", "members", "expected"),
    [
        ({}, "fill", {"prompt_cache_key": "k"}, True),
        ({}, "fill", {}, False),
        ({}, "pin", {"prompt_cache_key": "k"}, False),
        ({}, "observe", {"prompt_cache_key": "k"}, False),
        (NATIVE, "fill", {"prompt_cache_key": "k"}, False),
    ],
)
def test_pin_is_a_way_out_only_for_a_client_that_it_would_hold(
    headers: Headers, mode: str, members: dict[str, Any], expected: bool
) -> None:
    assert route_of(exchange(headers, mode, **members), "").pinnable is expected


class Sockets:
    """Hands in turns of WebSockets, 10 seconds apart, each with its answer."""

    def __init__(self) -> None:
        self.diagnosis_service, self.diagnoses = DiagnosisService(raising), list[Diagnosis]()
        self.diagnosis_service.listeners.append(self.diagnoses.append)

    def turn(self, items: list[Any], flow: str = "f", **members: Any) -> Diagnosis:
        """Hand in a turn whose response is called by its number."""
        number, settings = len(self.diagnoses), default_settings()
        sent = Continuity().begin(turn({"session-id": "s"}, input=items, transport="websocket", **members), settings)
        sent.handshake = RequestEdits(fields=fields({"session-id": "handshake"}))
        self.diagnosis_service.turn_sent(sent, flow=flow, at=number * 10)
        sent.response_info.status, sent.response_info.response_id = 200, f"r{number}"
        sent.response_info.usage = {"input_tokens": 10_000, "input_tokens_details": {"cached_tokens": 10_000}}
        sent.response_info.outputs = [conversation("a", "b")[1]]
        self.diagnosis_service.turn_ended(sent, at=number * 10 + 1)
        return self.diagnoses[-1]


def test_no_other_socket_can_name_a_response() -> None:
    """Nor can its own name it, once it was closed."""
    sockets = Sockets()
    sockets.turn(ITEMS[:1])
    sockets.turn(ITEMS[2:], "g", previous_response_id="r0")
    sockets.diagnosis_service.socket_closed("f")
    sockets.turn(ITEMS[2:], previous_response_id="r0")

    assert [diagnosis.verdict.name for diagnosis in sockets.diagnoses] == ["cold", "cold", "cold"]


@pytest.mark.parametrize(("name", "items"), [("r5", 1), ("r6", 3)])
def test_of_a_sockets_responses_the_latest_64_can_be_named(name: str, items: int) -> None:
    sockets = Sockets()
    for number in range(70):
        sockets.turn([user(str(number))])

    assert len(sockets.turn([user("x")], previous_response_id=name).record.prompt.items) == items


def test_what_a_turn_is_heading_for_is_known_before_it_ends() -> None:
    harness = Harness()
    harness.turn(input=ITEMS[:1])

    assert harness.diagnosis_service.predict(harness.send(input=ITEMS)) is None
    assert harness.diagnosis_service.predict(Continuity().begin(turn(input="a"), default_settings())) is None
    found = harness.diagnosis_service.predict(harness.send(input=[user("x")]))
    assert found is not None
    assert found.verdict.name == "cold"


def test_a_turn_that_left_otherwise_is_compared_as_it_left() -> None:
    """With its own time, and the caller, key and session that it left with."""
    harness = Harness()
    sent = harness.send(input=ITEMS)
    before = sent.record
    assert before is not None
    at, key = before.sent_at, before.route.key
    sent.edited_turn = turn({"session_id": "other", "authorization": "Bearer other"}, {}, input=ITEMS)
    harness.diagnosis_service.turn_released(sent, sent.edited_turn)
    route = harness.end(sent).record.route

    assert before.sent_at == at
    assert (route.key, route.session) == ("other", "other")
    assert key == "s1"
    assert route.caller == sent.edited_turn.client_headers.caller_digest != sent.turn.client_headers.caller_digest


def test_where_the_body_has_no_key_it_is_the_session_headers() -> None:
    """Not the one that this addon would have chosen."""
    sent = exchange({"x-session-id": "s"})
    sent.edited_turn = turn({"session-id": "left"}, {})
    assert route_of(sent, "").key == "left"

    sent.edited_turn = turn({}, {})
    assert route_of(sent, "").key is None


# What is said of a turn wherever it is said.


@pytest.mark.parametrize(
    ("agent", "client"),
    [
        ("codex_cli_rs/0.169.0 (Linux; x86_64) term", "codex_cli_rs/0.169.0"),
        ("OpenAI/Python 3.52.0", "OpenAI/Python"),
        ("", ""),
        (" leading", ""),
        ("\x1b[31mred", ""),
        ("x" * 200, "x" * 80),
    ],
)
def test_a_client_is_the_agents_first_product(agent: str, client: str) -> None:
    assert Harness().turn(headers={"user-agent": agent}, input=ITEMS).client == client
    assert Harness().turn(headers={}, input=ITEMS).client == ""


def test_the_cached_share_is_of_the_whole_input() -> None:
    """Cached tokens are part of the input (getagentseal/codeburn#21, langfuse/langfuse#10592)."""
    assert Harness().turn(input=ITEMS, given=1000, cached=250).cached_share == 0.25


@pytest.mark.parametrize(("given", "cached"), [(1000, None), (0, 0), (None, 5)])
def test_a_share_that_is_not_known_is_none(given: int | None, cached: int | None) -> None:
    assert Harness().turn(input=ITEMS, given=given, cached=cached).cached_share is None


@pytest.mark.parametrize(("begins", "ends", "expected"), [(1.5, 0, (5.0, 1.5)), (-60, -90, (0.0, 0.0))])
def test_times_are_measured_from_when_the_turn_left(begins: float, ends: float, expected: tuple[float, float]) -> None:
    """A clock that was set back gives no negative time."""
    harness = Harness()
    sent = harness.send(input=ITEMS)
    sent.first_byte_at, harness.at = harness.at + begins, harness.at + ends
    found = harness.end(sent)

    assert (found.duration, found.wait) == expected
