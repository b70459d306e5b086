"""The endpoints beside the turns."""

from pathlib import Path

from embedded_backend import Backend, Rules
from support.embedded import http_client


async def test_the_account_check_tells_the_account_where_to_go(tmp_path: Path) -> None:
    rules = Rules(workspace_origin="https://gov.chatgpt.com", routing_override="us")
    async with Backend(rules, home=tmp_path) as backend, http_client(backend) as client:
        response = await client.get("/backend-api/wham/accounts/check", headers={"chatgpt-account-id": "acc"})
    entry = {
        "id": "acc",
        "plan_type": "plus",
        "workspace_backend_origin": "https://gov.chatgpt.com",
        "account_routing_override": "us",
    }

    assert {"accounts": [entry], "account_ordering": ["acc"], "default_account_id": "acc"} == response.json()


async def test_the_models_are_the_rules(tmp_path: Path) -> None:
    async with Backend(Rules(models=({"slug": "m"},)), home=tmp_path) as backend, http_client(backend) as client:
        response = await client.get("/backend-api/codex/models?client_version=1")

    assert response.json() == {"models": [{"slug": "m"}]}
