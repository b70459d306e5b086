"""When an answer is a tool call, and of which kind."""

from typing import Any

import pytest
from embedded_backend import calls

ASK = {"role": "user", "content": "please\nrun: echo hi"}


def _called(tools: Any, items: list[Any]) -> dict[str, Any] | None:
    return calls.call_of({"tools": tools}, items, "call_1")


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (
            {"type": "function", "name": "shell"},
            {"type": "function_call", "name": "shell", "arguments": '{"command":["sh","-c","echo hi"]}'},
        ),
        (
            {"type": "function", "name": "shell_command"},
            {"type": "function_call", "name": "shell_command", "arguments": '{"command":"echo hi"}'},
        ),
        (
            {"type": "function", "name": "exec_command"},
            {"type": "function_call", "name": "exec_command", "arguments": '{"cmd":"echo hi"}'},
        ),
        (
            {"type": "local_shell"},
            {"type": "local_shell_call", "action": {"type": "exec", "command": ["sh", "-c", "echo hi"]}},
        ),
        (
            {"type": "custom", "name": "exec"},
            {
                "type": "custom_tool_call",
                "name": "exec",
                "input": 'const ran = await tools.exec_command({"cmd":"echo hi"});\ntext(ran.output);\n',
            },
        ),
    ],
)
def test_each_shell_tool_is_called_its_own_way(tool: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected | {"call_id": "call_1", "status": "completed"} == _called([tool], [ASK])


def test_tools_are_found_among_the_items_and_in_namespaces() -> None:
    namespace = {"type": "namespace", "name": "code", "tools": [{"type": "custom", "name": "exec"}]}
    called = _called(None, [{"type": "additional_tools", "tools": [namespace]}, ASK])

    assert called is not None
    assert called["type"] == "custom_tool_call"


@pytest.mark.parametrize(
    ("tools", "items"),
    [
        ([], [ASK]),
        ([{"type": "function", "name": "weather"}], [ASK]),
        ([{"type": "local_shell"}], [{"role": "user", "content": "hello"}]),
        ([{"type": "local_shell"}], [ASK, {"role": "user", "content": "hello"}]),
        ([{"type": "local_shell"}], [ASK, {"type": "function_call_output", "output": "hi"}]),
        ([{"type": "local_shell"}], [{"role": "assistant", "content": "run: echo hi"}]),
    ],
)
def test_without_a_tool_or_an_open_request_nothing_is_called(tools: Any, items: list[Any]) -> None:
    assert _called(tools, items) is None
