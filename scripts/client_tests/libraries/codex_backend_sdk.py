"""A conversation by codex-backend-sdk, which sends no id with a turn, and made-up marks with a compaction."""

import sys

from codex_backend_sdk import OpenAI

from client_tests.sdk_conversation import INSTRUCTIONS


def main(*said: str) -> None:
    """Send the whole history with each turn; it is compacted before the last two."""
    client = OpenAI(instructions=INSTRUCTIONS).authenticate(interactive=False)
    history: list[object] = []
    for left, words in zip(reversed(range(len(said))), said, strict=True):
        if left == 1:
            compacted = client.responses.compact(input=history)
            history = list(compacted.output)
            print(compacted.usage.input_tokens_details.cached_tokens)
        history.append({"role": "user", "content": words})
        response = client.responses.create(input=history)
        history += response.output
        print(response.usage.input_tokens_details.cached_tokens)


if __name__ == "__main__":
    main(*sys.argv[1:])
