"""Copies of flows that can be passed on."""

import stat
from pathlib import Path

import pytest
from codexcache.console.redact import export
from codexcache.hooks.notify import TURN_SUMMARIES
from mitmproxy import http
from mitmproxy.test import tflow
from support.saved import flows_in
from support.turn_summaries import SUMMARY


def a_flow() -> http.HTTPFlow:
    flow = tflow.tflow(resp=True)
    flow.request.headers["Authorization"] = "Bearer credential-1"
    flow.response = flow.response or http.Response.make()
    flow.response.headers["Set-Cookie"] = "sid=cookie-1"
    flow.metadata[TURN_SUMMARIES] = [SUMMARY]
    return flow


def test_the_copies_have_no_credentials_and_the_originals_keep_them(tmp_path: Path) -> None:
    """What was found of the turns goes along, and ids stay, so that turns name their predecessors."""
    flow, path = a_flow(), tmp_path / "x.mitm"

    assert export([flow], path) == 1
    assert b"credential-1" not in path.read_bytes()
    assert b"cookie-1" not in path.read_bytes()
    assert [(copy.id, copy.metadata[TURN_SUMMARIES]) for copy in flows_in(path)] == [(flow.id, [SUMMARY])]
    assert flow.request.headers["authorization"] == "Bearer credential-1"


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    """Also where there was one that others could read."""
    path = tmp_path / "x.mitm"
    path.write_bytes(b"before")
    path.chmod(0o644)
    export([a_flow()], path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_websocket_is_copied_with_its_messages_and_what_is_no_http_is_left_out(tmp_path: Path) -> None:
    flow, path = tflow.twebsocketflow(), tmp_path / "x"
    flow.request.headers["cookie"] = "cookie-1"
    assert export([tflow.ttcpflow(), flow], path) == 1
    (copy,) = flows_in(path)

    assert copy.websocket is not None
    assert len(copy.websocket.messages) == 3
    assert "cookie" not in copy.request.headers


def test_where_writing_fails_nothing_is_left_behind(tmp_path: Path) -> None:
    """What stood there before stays."""
    path = tmp_path / "x.mitm"
    path.write_bytes(b"before")
    flow = a_flow()
    flow.metadata["odd"] = object()

    with pytest.raises(ValueError, match="unserializable"):
        export([flow], path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
