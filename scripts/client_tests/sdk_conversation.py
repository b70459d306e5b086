"""One conversation by the official SDK, in a process of its own: transport, base URL, and what the user says."""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from client_tests.login import ACCOUNT, token

INSTRUCTIONS = "You are a careful assistant. " * 400

TakeTurn = Callable[[dict[str, Any]], Any]


def main(transport: str, base_url: str, *said: str) -> None:
    # The SDK is no dependency of the project, so the type checker is not to look for it.
    account = {"chatgpt-account-id": ACCOUNT}
    client = import_module("openai").OpenAI(api_key=token(), base_url=base_url, default_headers=account, max_retries=0)
    if transport == "http":
        return converse(by_http(client), said)
    with client.responses.connect() as connection:
        converse(by_socket(connection), said)


def converse(take_turn: TakeTurn, said: tuple[str, ...]) -> None:
    """Send the whole history with each turn, and print each turn's counters."""
    history: list[dict[str, Any]] = []
    for words in said:
        history.append({"role": "user", "content": words})
        response = take_turn({"model": "gpt-5.5", "instructions": INSTRUCTIONS, "input": history, "store": False})
        history += [item.model_dump(exclude_none=True) for item in response.output]
        print(json.dumps(response.usage.model_dump()))


def by_http(client: Any) -> TakeTurn:
    """Stream turns as any user of the SDK would, with an option that this backend refuses."""
    options = {"stream": True, "stream_options": {"include_obfuscation": False}}
    return lambda turn: last(client.responses.create(**turn, **options))


def by_socket(connection: Any) -> TakeTurn:
    """Send all turns over one connection."""

    def take_turn(turn: dict[str, Any]) -> Any:
        connection.response.create(**turn)
        return last(connection)

    return take_turn


def last(events: Any) -> Any:
    """Return the response of the event that ends a turn."""
    return next(event.response for event in events if event.type == "response.completed")


if __name__ == "__main__":
    main(*sys.argv[1:])
