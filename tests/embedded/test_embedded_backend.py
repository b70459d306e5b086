"""The embedded backend as a whole."""

import time
from dataclasses import replace
from pathlib import Path

import httpx
from embedded_backend import Backend, Received
from support.embedded import PATH, SESSION, body, cached, events, http_client, trust


async def test_the_tls_port_serves_without_the_connect_port(backend: Backend) -> None:
    async with httpx.AsyncClient(verify=trust(backend)) as client:
        response = await client.get(f"https://localhost:{backend.port}/backend-api/codex/models")

    assert response.status_code == 200


async def test_it_starts_at_once(tmp_path: Path) -> None:
    begun = time.perf_counter()
    async with Backend(home=tmp_path):
        assert time.perf_counter() - begun < 1


async def test_the_clock_is_the_callers(tmp_path: Path) -> None:
    hours = iter((0.0, 10.0, 10_000.0))
    async with Backend(home=tmp_path, clock=lambda: next(hours)) as backend, http_client(backend) as client:
        streams = [await client.post(PATH, json=body(), headers=SESSION) for _ in range(3)]

    assert [cached(events(stream.text)[-1]) for stream in streams] == [0, 2048, 0]


async def test_rules_can_change_while_it_runs(backend: Backend, http: httpx.AsyncClient) -> None:
    backend.rules = replace(backend.rules, refused=())

    assert (await http.post(PATH, json=body(temperature=1))).status_code == 200


async def test_its_caller_is_told_what_arrives(tmp_path: Path) -> None:
    told: list[Received] = []
    async with Backend(home=tmp_path, on_received=told.append) as backend, http_client(backend) as client:
        await client.get("/")

    assert told == backend.received
    assert len(told) == 1
