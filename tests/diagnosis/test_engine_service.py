"""The desk ties a turn's passage to the engine, and tells who listens."""

from typing import Any

import pytest
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.diagnosis.engine import DiagnosisService, route_of
from codexcache.options import default_settings
from codexcache.turn.exchange import Continuity, Exchange
from codexcache.turn.rewrite import RequestEdits
from support.diagnoses import Clerk, raising
from support.turns import NATIVE, Headers, conversation, fields, turn, user

TALK = conversation("a", "b", "c")


def exchange(headers: Headers, mode: str = "fill", **members: Any) -> Exchange:
    settings = Clerk(mode).settings  # type: ignore[arg-type]
    return Continuity().begin(turn(headers, input=TALK, **members), settings)


def test_listeners_hear_of_a_turn_that_has_ended() -> None:
    clerk = Clerk()
    first, second = clerk.turn(input=TALK[:1]), clerk.turn(input=TALK, cached=10_000)

    assert [str(found.verdict.name) for found in (first, second)] == ["cold", "hit"]
    assert second.match is not None
    assert second.match.record is first.record


def test_a_listener_that_fails_does_not_keep_others_from_hearing() -> None:
    faults, heard = list[str](), list[Diagnosis]()
    diagnosis_service = DiagnosisService(lambda where, error: faults.append(f"{where}: {error}"))
    diagnosis_service.listeners += [lambda _: 1 / 0, heard.append]  # type: ignore[list-item]
    sent = Continuity().begin(turn(input="a"), default_settings())
    diagnosis_service.turn_sent(sent, flow="f", at=0)
    diagnosis_service.turn_ended(sent, at=1)

    assert faults == ["reporting a turn: division by zero"]
    assert len(heard) == 1


def test_a_turn_that_was_never_handed_in_ends_without_a_word() -> None:
    diagnosis_service = DiagnosisService(raising)
    diagnosis_service.listeners.append(lambda _: pytest.fail("told"))

    diagnosis_service.turn_ended(Continuity().begin(turn(input="a"), default_settings()), at=1)


def test_a_route_says_what_was_forwarded() -> None:
    route = route_of(exchange({"session-id": "s", "chatgpt-account-id": "a"}, prompt_cache_key="k"), "")

    assert (route.key, route.session, route.account, route.transport, route.host) == (
        "k",
        "k",
        "a",
        "http",
        "chatgpt.com",
    )


def test_in_observe_the_key_is_that_of_the_body_alone() -> None:
    assert route_of(exchange({"session-id": "s"}, "observe"), "").key is None
    assert route_of(exchange({"session-id": "s"}, "observe", prompt_cache_key="k"), "").key == "k"
    assert route_of(exchange({"session-id": "s"}), "").key == "s"


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


@pytest.mark.parametrize("name", ["thread-id", "thread_id"])
def test_an_agents_thread_is_known_by_either_spelling(name: str) -> None:
    assert route_of(exchange({name: "t"}), "").thread == "t"


def over_socket(
    diagnosis_service: DiagnosisService, items: list[Any], flow: str, at: float, **members: Any
) -> Exchange:
    """Hand in a turn of a socket, and its answer."""
    sent = Continuity().begin(
        turn({"session-id": "s"}, input=items, transport="websocket", **members), default_settings()
    )
    sent.handshake = RequestEdits(fields=fields({"session-id": "handshake"}))
    diagnosis_service.turn_sent(sent, flow=flow, at=at)
    sent.response_info.status, sent.response_info.response_id = 200, f"r{at:.0f}"
    sent.response_info.usage = {"input_tokens": 10_000, "input_tokens_details": {"cached_tokens": 10_000}}
    sent.response_info.outputs = [conversation("a", "b")[1]]
    diagnosis_service.turn_ended(sent, at=at + 1)
    return sent


def test_a_delta_is_compared_as_the_whole_prompt_it_stands_for() -> None:
    diagnosis_service, found = DiagnosisService(raising), list[Diagnosis]()
    diagnosis_service.listeners.append(found.append)
    over_socket(diagnosis_service, TALK[:1], "f", 0)
    over_socket(diagnosis_service, TALK[2:], "f", 10, previous_response_id="r0")

    assert [len(diagnosis.record.prompt.items) for diagnosis in found] == [1, 3]
    assert [diagnosis.verdict.name for diagnosis in found] == ["cold", "hit"]
    assert found[0].record.route.session == "handshake"


def test_no_other_socket_can_name_a_response() -> None:
    diagnosis_service, found = DiagnosisService(raising), list[Diagnosis]()
    diagnosis_service.listeners.append(found.append)
    over_socket(diagnosis_service, TALK[:1], "f", 0)
    over_socket(diagnosis_service, TALK[2:], "g", 10, previous_response_id="r0")
    diagnosis_service.socket_closed("f")
    over_socket(diagnosis_service, TALK[2:], "f", 20, previous_response_id="r0")

    assert [diagnosis.verdict.name for diagnosis in found] == ["cold", "cold", "cold"]


def test_of_a_sockets_responses_the_latest_64_can_be_named() -> None:
    diagnosis_service = DiagnosisService(raising)
    for at in range(70):
        over_socket(diagnosis_service, [user(str(at))], "f", at * 10)

    assert len(diagnosis_service._responses["f"]) == 64
    assert "r60" in diagnosis_service._responses["f"]
    diagnosis_service.socket_closed("f")
    assert diagnosis_service._responses == {}


def test_what_a_turn_is_heading_for_is_known_before_it_ends() -> None:
    clerk = Clerk()
    clerk.turn(input=TALK[:1])

    assert clerk.diagnosis_service.predict(clerk.send(input=TALK)) is None
    assert clerk.diagnosis_service.predict(Continuity().begin(turn(input="a"), default_settings())) is None
    found = clerk.diagnosis_service.predict(clerk.send(input=[user("x")]))
    assert found is not None
    assert found.verdict.name == "cold"


def test_a_turn_that_left_otherwise_is_compared_as_it_left() -> None:
    """With its own time, and the caller, key and session that it left with."""
    clerk = Clerk()
    sent = clerk.send(input=TALK)
    before = sent.record
    assert before is not None
    at, key = before.sent_at, before.route.key
    sent.edited_turn = turn({"session_id": "other", "authorization": "Bearer other"}, {}, input=TALK)
    clerk.diagnosis_service.turn_released(sent, sent.edited_turn)
    route = clerk.end(sent).record.route

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
