"""One conversation by the official SDK, in a process of its own: each argument is what the user says in a turn."""

import json
import sys
from importlib import import_module
from typing import Any

from client_tests.login import ACCOUNT, token

INSTRUCTIONS = "You are a careful assistant. " * 400


def main() -> None:
    # The SDK is not among the project's own needs, so the type checker is not to look for it.
    client = import_module("openai").OpenAI(
        api_key=token(),
        base_url="https://chatgpt.com/backend-api/codex",
        default_headers={"chatgpt-account-id": ACCOUNT},
        max_retries=0,
    )
    history: list[dict[str, Any]] = []
    for said in sys.argv[1:]:
        history.append({"role": "user", "content": said})
        response = take_turn(client, history)
        history += [item.model_dump(exclude_none=True) for item in response.output]
        print(json.dumps(response.usage.model_dump()))


def take_turn(client: Any, history: list[dict[str, Any]]) -> Any:
    """Streams a turn as any user of the SDK would, with an option that this backend refuses; returns the response."""
    stream = client.responses.create(
        model="gpt-5.5",
        instructions=INSTRUCTIONS,
        input=history,
        store=False,
        stream=True,
        stream_options={"include_obfuscation": False},
    )
    return [event.response for event in stream if event.type == "response.completed"][-1]


if __name__ == "__main__":
    main()
