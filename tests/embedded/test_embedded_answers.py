"""What the backend answers, and when that is a tool call, and of which kind."""

from typing import Any

import pytest
from embedded_backend import answers

RUN = {"role": "user", "content": "please\nrun: echo hi"}
HELLO = {"role": "user", "content": "hello"}
DELEGATE = {"role": "user", "content": "delegate: Say hello."}
AGENT = "01a1fb9e-8e8c-7b53-b762-dbe7d5f95617"
OUTPUT = {"type": "function_call_output", "output": f'{{"agent_id":"{AGENT}"}}'}

LOCAL_SHELL = {"type": "local_shell"}
TASK = {"type": "function", "name": "task"}
SPAWN = {"type": "function", "name": "spawn_agent", "parameters": {"properties": {"message": {}, "task_name": {}}}}
WAIT = {"type": "function", "name": "wait_agent"}


def answered(body: dict[str, Any], items: list[Any], deltas: int = 3) -> Any:
    return answers.answer(body, items, b"prompt", deltas)


def called(tools: Any, *items: Any) -> dict[str, Any] | None:
    return answers.call_of({"tools": tools}, list(items), "call_1")


def test_a_plain_turn_gets_a_message_of_so_many_pieces() -> None:
    message = answered({}, [RUN], deltas=5)

    assert len(answers.pieces(message)) == 5
    assert "".join(answers.pieces(message)) == message["content"][0]["text"]


def test_the_same_prompt_gets_the_same_answer() -> None:
    assert answered({}, [RUN]) == answered({}, [RUN])


def test_a_warm_up_gets_none() -> None:
    assert answered({"generate": False}, [RUN]) is None


def test_a_trigger_gets_a_compaction() -> None:
    assert answered({}, [RUN, {"type": "compaction_trigger"}])["type"] == "compaction"


def test_a_request_for_a_command_gets_a_tool_call_in_one_piece() -> None:
    call = answered({"tools": [{"type": "function", "name": "shell_command"}]}, [RUN])

    assert answers.pieces(call) == ['{"command":"echo hi"}']


SCRIPT = 'const ran = await tools.exec_command({"cmd":"echo hi"});\ntext(ran.output);\n'


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("bash", '{"command":"echo hi","description":"Runs a command"}'),
        ("shell", '{"command":["sh","-c","echo hi"]}'),
        ("shell_command", '{"command":"echo hi"}'),
        ("exec_command", '{"cmd":"echo hi"}'),
    ],
)
def test_each_shell_function_is_called_its_own_way(name: str, arguments: str) -> None:
    call = {"type": "function_call", "name": name, "arguments": arguments, "call_id": "call_1", "status": "completed"}

    assert called([{"type": "function", "name": name}], RUN) == call


def test_shells_that_are_no_functions_are_called_their_own_way() -> None:
    shell = {"type": "local_shell_call", "action": {"type": "exec", "command": ["sh", "-c", "echo hi"]}}
    code = {"type": "custom_tool_call", "name": "exec", "input": SCRIPT}
    rest = {"call_id": "call_1", "status": "completed"}

    assert called([LOCAL_SHELL], RUN) == shell | rest
    assert called([{"type": "custom", "name": "exec"}], RUN) == code | rest


def test_tools_are_found_among_the_items_and_in_namespaces() -> None:
    namespace = {"type": "namespace", "name": "code", "tools": [{"type": "custom", "name": "exec"}]}
    call = called(None, {"type": "additional_tools", "tools": [namespace]}, RUN)

    assert call is not None
    assert call["type"] == "custom_tool_call"


def test_a_sub_agent_is_given_the_arguments_that_its_tool_takes() -> None:
    call = called([{"type": "namespace", "name": "collaboration", "tools": [SPAWN]}], DELEGATE)

    assert call is not None
    assert call["namespace"] == "collaboration"
    assert call["arguments"] == '{"message":"Say hello.","task_name":"task"}'


def test_a_sub_agent_is_waited_for_once() -> None:
    call = called([SPAWN, WAIT], DELEGATE, OUTPUT)

    assert call is not None
    assert (call["name"], call["arguments"]) == ("wait_agent", f'{{"targets":["{AGENT}"]}}')
    assert called([SPAWN, WAIT], DELEGATE, OUTPUT, {"type": "function_call_output", "output": "done"}) is None


def test_a_task_ends_by_itself() -> None:
    call = called([TASK], DELEGATE)

    assert call is not None
    assert call["arguments"] == '{"description":"A task","prompt":"Say hello.","subagent_type":"general"}'
    assert called([TASK], DELEGATE, OUTPUT) is None


@pytest.mark.parametrize(
    ("tools", "items"),
    [
        ([], [RUN]),
        ([{"type": "function", "name": "weather"}], [RUN]),
        ([LOCAL_SHELL], [HELLO]),
        ([LOCAL_SHELL], [RUN, HELLO]),
        ([LOCAL_SHELL], [RUN, OUTPUT]),
        ([LOCAL_SHELL], [{"role": "assistant", "content": "run: echo hi"}]),
    ],
)
def test_without_a_tool_or_an_open_request_nothing_is_called(tools: Any, items: list[Any]) -> None:
    assert called(tools, *items) is None
