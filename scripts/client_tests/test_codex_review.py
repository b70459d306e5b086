"""The newest Codex reviews: a second agent with a thread and a socket of its own, in the session of the first."""

from pathlib import Path

from client_tests.codex_cli import Codex, said
from client_tests.install import NEW_CODEX
from client_tests.stage import set_stage
from client_tests.wire import assert_untouched, identity


def test_a_review_keeps_its_own_thread(tmp_path: Path) -> None:
    """A thread that differs from the session is lawful, and left as it is."""
    with set_stage(tmp_path) as stage:
        run = said(Codex(NEW_CODEX, stage).exec("review", "Look for mistakes."))
    turn = [turn for turn in stage.received if turn.header("x-openai-subagent") == "review"][-1]

    assert identity(turn) == (run.conversation, run.conversation, None)
    assert turn.header("thread-id") not in (None, run.conversation)
    assert_untouched(stage.sent, stage.received)
