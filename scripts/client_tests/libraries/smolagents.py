"""A conversation by smolagents-codex, which sends the official client's headers with new ids in each request."""

import sys

from smolagents_codex import CodexOAuthModel

from client_tests.sdk_conversation import INSTRUCTIONS


def main(*said: str) -> None:
    """Send the whole history with each turn, as an agent does with its memory."""
    model = CodexOAuthModel("gpt-5.5")
    history = [{"role": "system", "content": INSTRUCTIONS}]
    for words in said:
        history.append({"role": "user", "content": words})
        answer = model.generate(history)
        history.append({"role": "assistant", "content": answer.content})
        print(answer.raw["usage"]["input_tokens_details"]["cached_tokens"])


if __name__ == "__main__":
    main(*sys.argv[1:])
