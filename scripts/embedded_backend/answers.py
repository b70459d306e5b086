"""What the embedded backend answers, and in which events: a short message, a tool call, or a compaction.

The same prompt is answered the same, over the event stream and the WebSocket alike.

A tool is called where the last user message asks for it with `run: <command>` or `delegate: <task>` and the turn has a
tool that does it. Each row of the table below says how one kind of tool wants to be called; a new client's tool is a
new row.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import orjson

from embedded_backend import model
from embedded_backend.model import Body

_MARKER = re.compile(r"^\s*(run|delegate): (.+?)\s*$", re.MULTILINE)
_STEPS = {"run": ("run",), "delegate": ("delegate", "await")}
_AGENT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Item = dict[str, Any]
_Maker = Callable[[str, Item], Item]


def answer(body: Body, items: list[Any], rendered: bytes, deltas: int) -> Item | None:
    """Return the output item of a turn, or None for a warm-up (`generate: false`)."""
    digest = hashlib.sha256(rendered).hexdigest()
    if body.get("generate") is False:
        return None
    if items and isinstance(items[-1], dict) and items[-1].get("type") == "compaction_trigger":
        return compaction(digest)
    if called := call_of(body, items, f"call_{digest[:24]}"):
        return called | {"id": f"fc_{digest[:24]}"}
    text = "".join(f"{word} " for word in [digest[:8]] + ["word"] * (deltas - 1))
    content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
    message = {"type": "message", "id": f"msg_{digest[:24]}", "status": "completed"}
    return message | {"role": "assistant", "content": content}


def compaction(digest: str) -> Item:
    """Return the item that takes the place of a compacted history; its content is opaque to clients."""
    return {"type": "compaction", "id": f"cmp_{digest[:24]}", "encrypted_content": digest * 2}


def pieces(item: Item) -> list[str]:
    """Return the text of an item in the pieces in which it is streamed: words, or the whole of a call's input."""
    if item["type"] == "message":
        return [word + " " for word in item["content"][0]["text"].split(" ")[:-1]]
    return [item[name] for name in ("arguments", "input") if name in item]


def call_of(body: Body, items: list[Any], call_id: str) -> Item | None:
    """Return the tool call that a turn asks for, or None: nothing asked, nothing to call, or all outputs are there."""
    step = _step(items)
    if step is None:
        return None
    does, given = step
    added = [item for item in items if isinstance(item, dict) and item.get("type") == "additional_tools"]
    for namespace, tool in chain.from_iterable(_flat(holder.get("tools")) for holder in (body, *added)):
        maker = _MAKERS.get((does, str(tool.get("type")), str(tool.get("name", ""))))
        if maker is not None:
            # Shells are found without their namespace.
            within = {"namespace": namespace} if namespace and does != "run" else {}
            return maker(given, tool) | within | {"call_id": call_id, "status": "completed"}
    return None


def _step(items: list[Any]) -> tuple[str, str] | None:
    """Return what is to be done next for the last user message, and with what: its words, or the last output."""
    outputs: list[str] = []
    for item in filter(lambda each: isinstance(each, dict), reversed(items)):
        if str(item.get("type", "")).endswith("_output"):
            outputs.append(str(item.get("output")))
        if item.get("role") == "user":
            found = _MARKER.search("\n".join(model.texts_of(item)))
            steps = _STEPS[found[1]][len(outputs) :] if found else ()
            return (steps[0], (outputs or [found[2]])[0]) if found and steps else None
    return None


def _flat(tools: Any, namespace: str | None = None) -> Iterator[tuple[str | None, Item]]:
    """Yield tools, also those that a namespace holds, with its name."""
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict):
            yield namespace, tool
            yield from _flat(tool.get("tools"), tool.get("name"))


def _function(arguments: Callable[[str], Item]) -> _Maker:
    """Return what calls a function with those arguments that its tool takes, or with all where it does not say."""

    def make(given: str, tool: Item) -> Item:
        wanted = arguments(given)
        takes = (tool.get("parameters") or {}).get("properties", wanted)  # versions differ in them
        chosen = {name: value for name, value in wanted.items() if name in takes}
        return {"type": "function_call", "name": tool["name"], "arguments": orjson.dumps(chosen).decode()}

    return make


def _code(command: str, tool: Item) -> Item:
    # The lite models' tool takes a script that calls the real tools.
    script = f"const ran = await tools.exec_command({orjson.dumps({'cmd': command}).decode()});\ntext(ran.output);\n"
    return {"type": "custom_tool_call", "name": "exec", "input": script}


_MAKERS: dict[tuple[str, str, str], _Maker] = {
    ("run", "custom", "exec"): _code,
    ("run", "function", "bash"): _function(lambda command: {"command": command, "description": "Runs a command"}),
    ("run", "function", "run_commands"): _function(lambda command: {"commands": [command]}),
    ("run", "function", "exec_command"): _function(lambda command: {"cmd": command}),
    ("run", "function", "shell"): _function(lambda command: {"command": ["sh", "-c", command]}),
    ("run", "function", "shell_command"): _function(lambda command: {"command": command}),
    ("run", "local_shell", ""): lambda command, tool: {
        "type": "local_shell_call",
        "action": {"type": "exec", "command": ["sh", "-c", command]},
    },
    # Without the parent's history, in which the task was to delegate.
    ("delegate", "function", "spawn_agent"): _function(
        lambda task: {"message": task, "task_name": "task", "fork_turns": "none"}
    ),
    ("delegate", "function", "task"): _function(
        lambda task: {"description": "A task", "prompt": task, "subagent_type": "general"}
    ),
    ("await", "function", "wait_agent"): _function(lambda output: {"targets": _AGENT_ID.findall(output)}),
}


Event = dict[str, Any]

TERMINAL = ("response.completed", "response.failed", "response.incomplete", "error")
"""The types of the events that end a response."""

# The names of the pieces of an item: the event's stem, and the member that the whole comes in.
_STEMS = {
    "message": ("response.output_text", "text"),
    "function_call": ("response.function_call_arguments", "arguments"),
    "custom_tool_call": ("response.custom_tool_call_input", "input"),
}


def events(response: dict[str, Any], item: Item | None, ending: str) -> Iterator[Event]:
    """Yield every event of a response; the given object is the one of its last event."""
    for number, event in enumerate(_events(response, item, ending)):
        yield event | {"sequence_number": number}


def rate_limits(used_percent: Mapping[str, float]) -> Event:
    """Return the event that says how much of each rate limit is used (openai/codex, `codex-api/src/rate_limits.rs`)."""
    windows = {name: {"used_percent": used, "window_minutes": 300} for name, used in used_percent.items()}
    return {"type": "codex.rate_limits", "plan_type": "plus", "rate_limits": windows, "limit_name": "codex"}


def as_stream(event: Event) -> bytes:
    """Return an event as the event stream carries it."""
    return b"event: " + str(event["type"]).encode() + b"\ndata: " + orjson.dumps(event) + b"\n\n"


def _events(response: dict[str, Any], item: Item | None, ending: str) -> Iterator[Event]:
    begun = response | {"status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    if item is not None:
        yield from _of_item(item)
    if ending == "error":
        yield _ERROR
    elif ending != "none":
        yield {"type": f"response.{ending}", "response": response | {"status": ending} | _ENDINGS[ending]}


def _of_item(item: Item) -> Iterator[Event]:
    place = {"output_index": 0, "item_id": item["id"]}
    empty = item | {name: type(item[name])() for name in ("content", "arguments", "input") if name in item}
    yield {"type": "response.output_item.added", "output_index": 0, "item": empty | {"status": "in_progress"}}
    if item["type"] in _STEMS:
        yield from _of_text(item, place, *_STEMS[item["type"]])
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}


def _of_text(item: Item, place: dict[str, Any], stem: str, member: str) -> Iterator[Event]:
    texts = pieces(item)
    part = place | {"content_index": 0} if "content" in item else place
    if "content" in item:
        yield {"type": "response.content_part.added", "part": item["content"][0] | {"text": ""}} | part
    for piece in texts:
        yield {"type": f"{stem}.delta", "delta": piece} | part
    yield {"type": f"{stem}.done", member: "".join(texts)} | part
    if "content" in item:
        yield {"type": "response.content_part.done", "part": item["content"][0]} | part


_ERROR: Event = {"type": "error", "code": "server_error", "message": "The server had an error.", "param": None}

_ENDINGS: dict[str, dict[str, Any]] = {
    "completed": {},
    "failed": {"error": {"code": "server_error", "message": "The server had an error."}},
    "incomplete": {"incomplete_details": {"reason": "max_output_tokens"}},
}
