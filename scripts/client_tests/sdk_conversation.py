"""One conversation by the official SDK, in a process of its own: transport, base URL, and what the user says."""

import json
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from importlib import import_module
from typing import Any

from client_tests.login import ACCOUNT, token

INSTRUCTIONS = "You are a careful assistant. " * 400
_HTTP = {"stream": True, "stream_options": {"include_obfuscation": False}}
"""As any user of the SDK would stream turns, with an option that this backend refuses."""


def main(transport: str, base_url: str, *said: str) -> None:
    """Send the whole history with each turn, over one WebSocket or by requests, and print each turn's counters."""
    # The SDK is no dependency of the project, so the type checker is not to look for it.
    account = {"chatgpt-account-id": ACCOUNT}
    client = import_module("openai").OpenAI(api_key=token(), base_url=base_url, default_headers=account, max_retries=0)
    history: list[dict[str, Any]] = []
    with client.responses.connect() if transport == "websocket" else nullcontext() as connection:
        for words in said:
            history.append({"role": "user", "content": words})
            turn = {"model": "gpt-5.5", "instructions": INSTRUCTIONS, "input": history, "store": False}
            response = _response(client, connection, turn)
            history += [item.model_dump(exclude_none=True) for item in response.output]
            print(json.dumps(response.usage.model_dump()))


def _response(client: Any, connection: Any, turn: dict[str, Any]) -> Any:
    events: Iterable[Any] = connection
    if connection:
        connection.response.create(**turn)
    else:
        events = client.responses.create(**turn, **_HTTP)
    return next(event.response for event in events if event.type == "response.completed")


if __name__ == "__main__":
    main(*sys.argv[1:])
