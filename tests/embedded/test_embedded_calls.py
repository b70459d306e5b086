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


SPAWN = {"type": "function", "name": "spawn_agent", "parameters": {"properties": {"message": {}, "task_name": {}}}}
WAIT = {"type": "function", "name": "wait_agent"}
DELEGATE = {"role": "user", "content": "delegate: Say hello."}
AGENT = "01a1fb9e-8e8c-7b53-b762-dbe7d5f95617"
SPAWNED = {"type": "function_call_output", "output": f'{{"agent_id":"{AGENT}"}}'}


def test_a_sub_agent_is_given_the_arguments_that_its_tool_takes() -> None:
    called = _called([{"type": "namespace", "name": "collaboration", "tools": [SPAWN]}], [DELEGATE])

    assert called is not None
    assert called["namespace"] == "collaboration"
    assert called["arguments"] == '{"message":"Say hello.","task_name":"task"}'


def test_a_sub_agent_is_waited_for_once() -> None:
    called = _called([SPAWN, WAIT], [DELEGATE, SPAWNED])

    assert called is not None
    assert (called["name"], called["arguments"]) == ("wait_agent", f'{{"targets":["{AGENT}"]}}')
    assert _called([SPAWN, WAIT], [DELEGATE, SPAWNED, {"type": "function_call_output", "output": "done"}]) is None


def test_a_task_ends_by_itself() -> None:
    task = {"type": "function", "name": "task"}
    called = _called([task], [DELEGATE])

    assert called is not None
    assert called["arguments"] == '{"description":"A task","prompt":"Say hello.","subagent_type":"general"}'
    assert _called([task], [DELEGATE, SPAWNED]) is None


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
