"""Rollouts as the versions of Codex write them, made up: no word in them comes from a real session."""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

SECRET = "a sentence that stands in prompts only"
"""Is in every message; it must not come out anywhere."""

START = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
INSTRUCTIONS = "Made-up instructions. " * 400

type Counts = tuple[int, int, int]
"""Input, cached and output tokens."""


def thread_id(number: int) -> str:
    """Return the id of a thread."""
    return str(uuid.UUID(int=number))


class RolloutFile:
    """Writes a rollout line by line; `at` are the seconds since the start of its latest line.

    Its version decides how the counters are logged: since 0.155 each response has a record of its own.
    """

    def __init__(self, folder: Path, number: int = 1, *, version: str = "0.130.0", at: float = 0) -> None:
        self.thread, self.version, self.at = thread_id(number), version, at
        time = (START + timedelta(seconds=at)).strftime("%Y-%m-%dT%H-%M-%S")
        self.path = folder / "2026" / "11" / "30" / f"rollout-{time}-{self.thread}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.total: Counts = (0, 0, 0)
        self.calls = self.lines = 0

    @property
    def has_records(self) -> bool:
        """True if each response has a record."""
        return int(self.version.split(".")[1]) >= 155

    def line(self, kind: str, payload: dict[str, Any], *, after: float = 0.5) -> Self:
        """Write a line some seconds after the one before it."""
        self.at += after
        time = (START + timedelta(seconds=self.at)).isoformat("T", "milliseconds").replace("+00:00", "Z")
        number = {"ordinal": self.lines} if self.has_records else {}
        with self.path.open("a") as file:
            file.write(
                json.dumps({"timestamp": time, **number, "type": kind, "payload": payload}, separators=(",", ":"))
            )
            file.write("\n")
        self.lines += 1
        return self

    def event(self, kind: str, **members: Any) -> Self:
        """Write an event."""
        return self.line("event_msg", {"type": kind, **members})

    def begin(self, **members: Any) -> Self:
        """Write the first line."""
        meta = {"id": self.thread, "originator": "codex_exec", "cli_version": self.version, "source": "exec"}
        return self.line("session_meta", {**meta, "base_instructions": {"text": INSTRUCTIONS}, **members}, after=0)

    def copy(self, other: "RolloutFile") -> Self:
        """Write the lines of another file, as an older Codex does for a fork, all at once."""
        for text in other.path.read_text().splitlines():
            entry = json.loads(text)
            self.line(entry["type"], entry["payload"], after=0.001)
        self.total = other.total
        return self

    def ask(self, words: str, *, model: str = "gpt-5.5", effort: str = "medium") -> Self:
        """Write what a user says."""
        self.line("turn_context", {"model": model, "effort": effort})
        self.item(_message("user", "input_text", f"{words} {SECRET}"))
        return self.event("user_message", message=f"{words} {SECRET}")

    def item(self, item: dict[str, Any]) -> Self:
        """Write an item of the history."""
        return self.line("response_item", item)

    def say(self, words: str, counts: Counts) -> Self:
        """Write an answer with its counters."""
        return self.item(_message("assistant", "output_text", f"{words} {SECRET}")).count(counts)

    def call(self, counts: Counts, *, early: bool = False) -> Self:
        """Write a call and its output, which is logged before the counters if it comes `early`."""
        self.calls += 1
        name = f"call_{self.thread[-4:]}_{self.calls}_made_up"
        output = {"type": "function_call_output", "call_id": name, "output": SECRET * 40}
        self.item({"type": "function_call", "name": "shell", "arguments": "{}", "call_id": name})
        return self.item(output).count(counts) if early else self.count(counts).item(output)

    def count(self, counts: Counts, *, repeats: int = 2) -> Self:
        """Write the counters of a response, as often as Codex does."""
        if self.has_records:
            number = f"resp_{self.thread[-4:]}_{self.lines}"
            self.line("token_usage_record", {"usage": _usage(counts), "response_id": number})
        given, cached, output = (before + now for before, now in zip(self.total, counts, strict=True))
        self.total = given, cached, output
        for _ in range(repeats):
            self.event(
                "token_count", info={"total_token_usage": _usage(self.total), "last_token_usage": _usage(counts)}
            )
        return self

    def compact(self, counts: Counts | None = None, *, kept: Sequence[dict[str, Any]] = ()) -> Self:
        """Write a compaction by the backend; without counters it is one by `/compact`."""
        if counts:
            self.line("token_usage_record", {"usage": _usage(counts), "response_id": f"resp_{self.lines}"})
        made = {"type": "compaction", "encrypted_content": f"{self.thread}{self.lines}" * 4}
        self.line("compacted", {"message": "", "replacement_history": [*kept, made]}, after=0.01)
        estimate = {"total_token_usage": _usage(self.total), "last_token_usage": _usage((0, 0, 0))}
        return self.event("token_count", info=estimate)


def _usage(counts: Counts) -> dict[str, int]:
    given, cached, output = counts
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens", "total_tokens")
    return dict(zip(names, (given, cached, output, 0, given + output), strict=True))


def _message(role: str, part: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": part, "text": text}]}
