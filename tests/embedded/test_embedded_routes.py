"""Which request reaches which handler, what all answers have, and the endpoints that are asked before a turn."""

from dataclasses import replace

import httpx
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
async def test_everything_else_is_a_404_in_json(
    backend: Backend, http: httpx.AsyncClient, method: str, path: str
) -> None:
    response = await http.request(method, path)

    assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})
    assert [(method, path)] == [(received.method, received.path) for received in backend.received]


@pytest.mark.parametrize("host", ["chatgpt.com", "gov.chatgpt.com", "gateway.example", "other.test"])
async def test_any_host_is_served_and_its_name_is_kept(backend: Backend, host: str) -> None:
    async with http_client(backend, host) as client:
        await client.get("/backend-api/codex/models")

    assert [host] == [received.host for received in backend.received]


async def test_answers_have_a_request_id_and_a_route_cookie(http: httpx.AsyncClient) -> None:
    one, two = [await http.get("/") for _ in range(2)]

    assert one.headers["x-request-id"] != two.headers["x-request-id"]
    assert one.headers["set-cookie"].startswith("__oailb=")


async def test_headers_are_kept_in_lower_case_with_each_value(backend: Backend, http: httpx.AsyncClient) -> None:
    await http.get("/", headers=[("Session_ID", "a"), ("X-Twice", "1"), ("X-Twice", "2")])
    kept = [header for header in backend.received[0].headers if header[0] in ("session_id", "x-twice")]

    assert kept == [("session_id", "a"), ("x-twice", "1"), ("x-twice", "2")]


async def test_the_account_check_tells_the_account_where_to_go(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.rules = replace(backend.rules, workspace_origin="https://gov.chatgpt.com", routing_override="us")
    response = await http.get("/backend-api/wham/accounts/check", headers={"chatgpt-account-id": "acc"})
    entry = {
        "id": "acc",
        "plan_type": "plus",
        "workspace_backend_origin": "https://gov.chatgpt.com",
        "account_routing_override": "us",
    }

    assert {"accounts": [entry], "account_ordering": ["acc"], "default_account_id": "acc"} == response.json()


async def test_the_models_are_the_rules(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.rules = replace(backend.rules, models=({"slug": "m"},))
    response = await http.get("/backend-api/codex/models?client_version=1")

    assert response.json() == {"models": [{"slug": "m"}]}
