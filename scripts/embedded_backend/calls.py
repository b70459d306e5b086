"""When an answer is a tool call: the user asked for one by a marker, and the turn bears a tool that does it.

The markers are `run: <command>` and `delegate: <task>` in the last user message. Each row of the table below says how
one kind of tool wants to be called; a new client's tool is a new row.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from embedded_backend import prompt
from embedded_backend.model import Body

_MARKER = re.compile(r"^\s*(run|delegate): (.+?)\s*$", re.MULTILINE)
_STEPS = {"run": ("run",), "delegate": ("delegate", "await")}
_AGENT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Item = dict[str, Any]
_Maker = Callable[[str, Item], Item]


def call_of(body: Body, items: list[Any], call_id: str) -> Item | None:
    """Returns the tool call that a turn asks for, or None: nothing asked, nothing to call, or all outputs are there."""
    step = _step(items)
    if step is None:
        return None
    does, given = step
    for namespace, tool in _tools(body, items):
        maker = _MAKERS.get((does, str(tool.get("type")), str(tool.get("name", ""))))
        if maker is not None:
            return maker(given, tool) | _within(does, namespace) | {"call_id": call_id, "status": "completed"}
    return None


def _step(items: list[Any]) -> tuple[str, str] | None:
    """Returns what is to be done next for the last user message, and with what: its words, or the last output."""
    outputs: list[str] = []
    for item in reversed(items):
        if isinstance(item, dict) and str(item.get("type", "")).endswith("_output"):
            outputs.append(str(item.get("output")))
        if isinstance(item, dict) and item.get("role") == "user":
            found = _MARKER.search("\n".join(prompt.texts_of(item)))
            steps = _STEPS[found[1]][len(outputs) :] if found else ()
            return (steps[0], (outputs or [found[2]])[0]) if found and steps else None
    return None


def _within(does: str, namespace: str | None) -> Item:
    """Returns the member that tells which namespace a tool is in; shells are found without one."""
    return {"namespace": namespace} if namespace and does != "run" else {}


def _tools(body: Body, items: list[Any]) -> Iterator[tuple[str | None, dict[str, Any]]]:
    yield from _flat(body.get("tools"))
    for item in items:
        if isinstance(item, dict) and item.get("type") == "additional_tools":
            yield from _flat(item.get("tools"))


def _flat(tools: Any, namespace: str | None = None) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Yields tools, also those that a namespace holds, with its name."""
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict):
            yield namespace, tool
            yield from _flat(tool.get("tools"), tool.get("name"))


def _function(name: str, arguments: Callable[[str], dict[str, Any]]) -> _Maker:
    def make(given: str, tool: Item) -> Item:
        wanted = _wanted(arguments(given), tool)
        return {"type": "function_call", "name": name, "arguments": orjson.dumps(wanted).decode()}

    return make


def _wanted(arguments: dict[str, Any], tool: Item) -> dict[str, Any]:
    """Returns the arguments that the tool says it takes, or all where it does not say; versions differ in them."""
    takes = (tool.get("parameters") or {}).get("properties", arguments)
    return {name: value for name, value in arguments.items() if name in takes}


def _local_shell(command: str, tool: Item) -> Item:
    return {"type": "local_shell_call", "action": {"type": "exec", "command": ["sh", "-c", command]}}


def _code(command: str, tool: Item) -> Item:
    # The lite models' tool takes a script that calls the real tools.
    script = f"const ran = await tools.exec_command({orjson.dumps({'cmd': command}).decode()});\ntext(ran.output);\n"
    return {"type": "custom_tool_call", "name": "exec", "input": script}


def _agent(task: str) -> dict[str, Any]:
    # Without the parent's history, in which the task was to delegate.
    return {"message": task, "task_name": "task", "fork_turns": "none"}


_MAKERS: dict[tuple[str, str, str], _Maker] = {
    ("run", "custom", "exec"): _code,
    ("run", "function", "bash"): _function(
        "bash", lambda command: {"command": command, "description": "Runs a command"}
    ),
    ("run", "function", "exec_command"): _function("exec_command", lambda command: {"cmd": command}),
    ("run", "function", "shell"): _function("shell", lambda command: {"command": ["sh", "-c", command]}),
    ("run", "function", "shell_command"): _function("shell_command", lambda command: {"command": command}),
    ("run", "local_shell", ""): _local_shell,
    ("delegate", "function", "spawn_agent"): _function("spawn_agent", _agent),
    ("delegate", "function", "task"): _function(
        "task", lambda task: {"description": "A task", "prompt": task, "subagent_type": "general"}
    ),
    ("await", "function", "wait_agent"): _function("wait_agent", lambda output: {"targets": _AGENT_ID.findall(output)}),
}
