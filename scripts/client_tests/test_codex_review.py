"""The newest Codex reviews: a second agent with a thread and a socket of its own, in the session of the first."""

from pathlib import Path

from client_tests.clients import Codex
from client_tests.environment import running
from client_tests.install import NEW_CODEX
from client_tests.messages import assert_untouched, identity


async def test_a_review_keeps_its_own_thread(tmp_path: Path) -> None:
    """A thread that differs from the session is lawful, and left as it is."""
    async with running(tmp_path) as environment:
        run = await Codex(NEW_CODEX, environment).exec("review", "Look for mistakes.")
    turn = [turn for turn in environment.received if turn.header("x-openai-subagent") == "review"][-1]

    assert identity(turn) == (run.conversation, run.conversation, None)
    assert turn.header("thread-id") not in (None, run.conversation)
    assert_untouched(environment.sent, environment.received)
