"""Conversations at random in which one thing happens at a time, counted by the rules of the embedded backend.

So the cause of each miss is known without anyone having labelled it.
"""

import random
from collections.abc import Callable

from codexcache.body.json_splice import Json, Object
from embedded_backend import model
from embedded_backend.model import PromptCache, render

from corpus.talk import NATIVE, START, Case
from corpus.texts import assistant, call, developer, output, reasoning, text, tool, user

_IDLE_SECONDS = 600
_SERVERS = 4

type Event = Callable[[Case, random.Random, str], None]


def random_conversation(seed: int, turns: int) -> tuple[Case, list[str]]:
    """Return a conversation, and for each turn the verdict that a miss must have."""
    chance, cache, causes = random.Random(seed), PromptCache(), list[str]()
    case = Case(about=f"random {seed}", source="", headers={**NATIVE, "chatgpt-account-id": "account-0"})
    case.members["prompt_cache_key"] = "session-1"
    case.items = [developer("<permissions>"), user("<environment_context>"), user("The task."), assistant("Begun.")]
    for number in range(turns):
        cause, event = chance.choice(_EVENTS) if number > 1 else ("", _nothing)
        event(case, chance, f"{seed}-{number}")
        _turn(case, cache, number, gap=1000 if cause == "idle" else 20)
        causes.append(cause)
    return case, causes


def _turn(case: Case, cache: PromptCache, number: int, gap: float) -> None:
    """Send a turn, and have the cache count it."""
    question = f"Question {number}."
    body: Object = {**case.members, "tools": case.tools, "instructions": case.instructions}
    prompt = render(body, [*case.items, user(question)])
    session, key = case.headers["session-id"], body["prompt_cache_key"]
    scope = model.Scope(
        server=model.server_of(session, _SERVERS),
        account=case.headers["chatgpt-account-id"],
        partition=model.partition(session, key, True),
        members=model.members(body),
    )
    at = (case.steps[-1].ended_at if case.steps else START) + gap
    reads = cache.take(scope, prompt, at, _IDLE_SECONDS)
    replies = [*[reasoning(f"{number}")] * (number % 2), assistant(f"Answer {number}.")]
    case.turn("", say=question, gap=gap, reads=reads, replies=replies, input_tokens=model.tokens(len(prompt)))


def _place(case: Case, chance: random.Random) -> int:
    """Return the place of an item behind those with which every conversation of the agent begins."""
    return chance.randrange(2, len(case.items))


def _nothing(case: Case, chance: random.Random, name: str) -> None:
    """Let the conversation grow."""


def _works(case: Case, chance: random.Random, name: str) -> None:
    for n in range(chance.randrange(1, 12)):
        case.items += [reasoning(f"{name}-{n}"), call(f"{name}-{n}"), output(f"{name}-{n}")]


def _edits_a_tool(case: Case, chance: random.Random, name: str) -> None:
    case.tools[chance.randrange(3)] = tool(f"tool-{name}")


def _moves_tools(case: Case, chance: random.Random, name: str) -> None:
    case.tools = [*case.tools[1:], case.tools[0]]


def _edits_instructions(case: Case, chance: random.Random, name: str) -> None:
    case.instructions = text("You are a coding agent.") + name + text("You never sleep.")


def _sets(mapping: str, member: str, value: Callable[[str], Json] = str) -> Event:
    """Return an event that gives a member of the body or a header a value it never had."""

    def event(case: Case, chance: random.Random, name: str) -> None:
        setattr(case, mapping, {**getattr(case, mapping), member: value(name)})

    return event


def _sets_in_text(member: str, value: Callable[[str], Json]) -> Event:
    """Return an event that gives a member of the body's `text` a value it never had."""

    def event(case: Case, chance: random.Random, name: str) -> None:
        given = case.members.get("text")
        case.members["text"] = {**(given if isinstance(given, dict) else {}), member: value(name)}

    return event


def _edits_an_item(case: Case, chance: random.Random, name: str) -> None:
    case.items[_place(case, chance)] = chance.choice([user, assistant])(f"Edited {name}.")


def _inserts_an_item(case: Case, chance: random.Random, name: str) -> None:
    case.items.insert(_place(case, chance), developer(f"Inserted {name}."))


def _drops_an_item(case: Case, chance: random.Random, name: str) -> None:
    del case.items[_place(case, chance)]


def _goes_back(case: Case, chance: random.Random, name: str) -> None:
    case.items = case.items[: chance.randrange(4, len(case.items) + 1)]


_EVENTS: tuple[tuple[str, Event], ...] = (
    *(("", _nothing),) * 5,
    ("", _works),
    ("tools_changed", _edits_a_tool),
    ("tools_changed", _moves_tools),
    ("instructions_changed", _edits_instructions),
    ("reasoning_effort_changed", _sets("members", "reasoning", lambda name: {"effort": name})),
    ("verbosity_changed", _sets_in_text("verbosity", str)),
    ("text_format_changed", _sets_in_text("format", lambda name: {"type": name})),
    ("service_tier_changed", _sets("members", "service_tier")),
    ("model_changed", _sets("members", "model")),
    ("prompt_cache_key_changed", _sets("members", "prompt_cache_key")),
    ("session_changed", _sets("headers", "session-id")),
    ("account_changed", _sets("headers", "chatgpt-account-id")),
    ("idle", _nothing),
    ("input_changed", _edits_an_item),
    ("input_changed", _inserts_an_item),
    ("input_changed", _drops_an_item),
    ("input_changed", _goes_back),
)
