"""What every endpoint has in common."""

from pathlib import Path

import pytest
from embedded_backend import Backend
from embedded_backend.handlers import failure
from support.embedded import http_client


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "invalid_request_error"), (429, "usage_limit_reached"), (500, "server_error"), (503, "server_error")],
)
def test_a_failure_is_worded_by_its_status(status: int, kind: str) -> None:
    assert (failure(status).status, failure(status).body["error"]["type"]) == (status, kind)


async def test_answers_bear_a_request_id_and_a_route_cookie(tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend, http_client(backend) as client:
        one, two = [await client.get("/") for _ in range(2)]

    assert one.headers["x-request-id"] != two.headers["x-request-id"]
    assert one.headers["set-cookie"].startswith("__oailb=")


async def test_headers_are_kept_in_lower_case_with_each_value(tmp_path: Path) -> None:
    headers = [("Session_ID", "a"), ("X-Twice", "1"), ("X-Twice", "2")]
    async with Backend(home=tmp_path) as backend, http_client(backend) as client:
        await client.get("/", headers=headers)
    kept = [header for header in backend.received[0].headers if header[0] in ("session_id", "x-twice")]

    assert kept == [("session_id", "a"), ("x-twice", "1"), ("x-twice", "2")]
