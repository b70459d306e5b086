"""Which request reaches which handler."""

from pathlib import Path

import pytest
from embedded_backend import Backend
from support.embedded import PATH, http_client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", PATH),
        ("PUT", PATH),
        ("POST", "/v1/responses"),
        ("POST", "/backend-api/codex/analytics-events/events"),
    ],
)
async def test_everything_else_is_a_404_in_json(method: str, path: str, tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend, http_client(backend) as client:
        response = await client.request(method, path)

    assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})
    assert [(method, path)] == [(received.method, received.path) for received in backend.received]


@pytest.mark.parametrize("host", ["chatgpt.com", "gov.chatgpt.com", "gateway.example", "other.test"])
async def test_any_host_is_served_and_its_name_is_kept(host: str, tmp_path: Path) -> None:
    async with Backend(home=tmp_path) as backend, http_client(backend, host) as client:
        await client.get("/backend-api/codex/models")

    assert [host] == [received.host for received in backend.received]
