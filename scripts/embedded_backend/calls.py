"""When an answer is a tool call: the user asked for one by a marker, and the turn bears a tool that runs commands.

The marker is `run: <command>` in the last user message. Each row of the table below says how one kind of shell tool
wants to be called; a new client's tool is a new row.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from embedded_backend import prompt
from embedded_backend.model import Body

_MARKER = re.compile(r"^\s*run: (.+?)\s*$", re.MULTILINE)

Item = dict[str, Any]


def call_of(body: Body, items: list[Any], call_id: str) -> Item | None:
    """Returns the tool call that a turn asks for, or None: nothing asked, nothing to call, or the output is there."""
    command = _command(items)
    if command is None:
        return None
    for tool in _tools(body, items):
        maker = _MAKERS.get((str(tool.get("type")), str(tool.get("name", ""))))
        if maker is not None:
            return maker(command) | {"call_id": call_id, "status": "completed"}
    return None


def _command(items: list[Any]) -> str | None:
    """Returns the command of the last user message, unless anything was called since."""
    for item in reversed(items):
        if isinstance(item, dict) and str(item.get("type", "")).endswith("_output"):
            return None
        if isinstance(item, dict) and item.get("role") == "user":
            found = _MARKER.search("\n".join(prompt.texts_of(item)))
            return found[1] if found else None
    return None


def _tools(body: Body, items: list[Any]) -> Iterator[dict[str, Any]]:
    yield from _flat(body.get("tools"))
    for item in items:
        if isinstance(item, dict) and item.get("type") == "additional_tools":
            yield from _flat(item.get("tools"))


def _flat(tools: Any) -> Iterator[dict[str, Any]]:
    """Yields tools, also those that a namespace holds."""
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict):
            yield tool
            yield from _flat(tool.get("tools"))


def _function(name: str, arguments: Callable[[str], dict[str, Any]]) -> Callable[[str], Item]:
    def make(command: str) -> Item:
        return {"type": "function_call", "name": name, "arguments": orjson.dumps(arguments(command)).decode()}

    return make


def _local_shell(command: str) -> Item:
    return {"type": "local_shell_call", "action": {"type": "exec", "command": ["sh", "-c", command]}}


def _code(command: str) -> Item:
    # The lite models' tool takes a script that calls the real tools.
    script = f"const ran = await tools.exec_command({orjson.dumps({'cmd': command}).decode()});\ntext(ran.output);\n"
    return {"type": "custom_tool_call", "name": "exec", "input": script}


_MAKERS: dict[tuple[str, str], Callable[[str], Item]] = {
    ("custom", "exec"): _code,
    ("function", "bash"): _function("bash", lambda command: {"command": command, "description": "Runs a command"}),
    ("function", "exec_command"): _function("exec_command", lambda command: {"cmd": command}),
    ("function", "shell"): _function("shell", lambda command: {"command": ["sh", "-c", command]}),
    ("function", "shell_command"): _function("shell_command", lambda command: {"command": command}),
    ("local_shell", ""): _local_shell,
}
