"""What the backend answers, when that is a tool call and of which kind, and in which events it comes."""

from typing import Any

import pytest
from embedded_backend import answers

RUN = {"role": "user", "content": [{"type": "input_image"}, {"type": "input_text", "text": "please\nrun: echo hi"}]}
HELLO = {"role": "user", "content": "hello"}
DELEGATE = {"role": "user", "content": "delegate: Say hello."}
AGENT = "01a1fb9e-8e8c-7b53-b762-dbe7d5f95617"
OUTPUT = {"type": "function_call_output", "output": f'{{"agent_id":"{AGENT}"}}'}

LOCAL_SHELL = {"type": "local_shell"}
EXEC = {"type": "custom", "name": "exec"}
TASK = {"type": "function", "name": "task"}
SPAWN = {"type": "function", "name": "spawn_agent", "parameters": {"properties": {"message": {}, "task_name": {}}}}
TO_SPAWN = '{"message":"Say hello.","task_name":"task"}'
COLLABORATION = {"type": "namespace", "name": "collaboration", "tools": [SPAWN]}
WAIT = {"type": "function", "name": "wait_agent"}
SCRIPT = 'const ran = await tools.exec_command({"cmd":"echo hi"});\ntext(ran.output);\n'

RESPONSE = {"id": "resp_1", "status": "completed", "output": [], "usage": {"input_tokens": 1}}
CALL = {"type": "function_call", "id": "fc_1", "name": "shell", "arguments": "{}", "call_id": "call_1"}
TEXT = ["content_part.added", *["output_text.delta"] * 2, "output_text.done", "content_part.done"]


def called(tools: Any, *items: Any) -> dict[str, Any] | None:
    return answers.call_of({"tools": tools}, list(items), "call_1")


def function_call(name: str, arguments: str) -> dict[str, Any]:
    return {"type": "function_call", "name": name, "arguments": arguments}


def test_a_plain_turn_gets_a_message_of_so_many_pieces_and_the_same_prompt_the_same_message() -> None:
    message, again = [answers.answer({}, [HELLO], b"prompt", 5) for _ in range(2)]

    assert message is not None
    assert len(answers.pieces(message)) == 5
    assert "".join(answers.pieces(message)) == message["content"][0]["text"]
    assert again == message


@pytest.mark.parametrize(
    ("tool", "call"),
    [
        ({"name": "bash"}, function_call("bash", '{"command":"echo hi","description":"Runs a command"}')),
        ({"name": "shell"}, function_call("shell", '{"command":["sh","-c","echo hi"]}')),
        ({"name": "shell_command"}, function_call("shell_command", '{"command":"echo hi"}')),
        ({"name": "exec_command"}, function_call("exec_command", '{"cmd":"echo hi"}')),
        (LOCAL_SHELL, {"type": "local_shell_call", "action": {"type": "exec", "command": ["sh", "-c", "echo hi"]}}),
        (EXEC, {"type": "custom_tool_call", "name": "exec", "input": SCRIPT}),
    ],
)
def test_each_shell_is_called_its_own_way_wherever_it_is_listed(tool: dict[str, Any], call: dict[str, Any]) -> None:
    shell = {"type": "function"} | tool
    namespace = {"type": "namespace", "name": "code", "tools": [shell]}
    call |= {"call_id": "call_1", "status": "completed"}

    assert called([shell], RUN) == call
    assert called(None, {"type": "additional_tools", "tools": [namespace]}, RUN) == call


@pytest.mark.parametrize(
    ("tools", "outputs", "call"),
    [
        ([COLLABORATION], [], {"namespace": "collaboration", "name": "spawn_agent", "arguments": TO_SPAWN}),
        ([SPAWN, WAIT], [OUTPUT], {"name": "wait_agent", "arguments": f'{{"targets":["{AGENT}"]}}'}),
        ([TASK], [], {"arguments": '{"description":"A task","prompt":"Say hello.","subagent_type":"general"}'}),
    ],
    ids=["started", "waited for", "a task"],
)
def test_a_sub_agent_is_given_the_arguments_that_its_tool_takes(
    tools: list[Any], outputs: list[Any], call: dict[str, Any]
) -> None:
    made = called(tools, DELEGATE, *outputs)

    assert made is not None
    assert made.items() >= call.items()


@pytest.mark.parametrize(
    ("tools", "items"),
    [
        ([], [RUN]),
        ([{"type": "function", "name": "weather"}], [RUN]),
        ([LOCAL_SHELL], [HELLO]),
        ([LOCAL_SHELL], [RUN, HELLO]),
        ([LOCAL_SHELL], [RUN, OUTPUT]),
        ([LOCAL_SHELL], [{"role": "assistant", "content": "run: echo hi"}]),
        ([SPAWN, WAIT], [DELEGATE, OUTPUT, OUTPUT]),
        ([TASK], [DELEGATE, OUTPUT]),
    ],
)
def test_without_a_tool_or_an_open_request_nothing_is_called(tools: Any, items: list[Any]) -> None:
    assert called(tools, *items) is None


@pytest.mark.parametrize(
    ("item", "pieces"),
    [
        pytest.param(answers.answer({}, [], b"", 2), TEXT, id="a message"),
        pytest.param(CALL, ["function_call_arguments.delta", "function_call_arguments.done"], id="a call"),
        pytest.param(answers.compaction("digest"), [], id="a compaction"),
        pytest.param(None, [], id="a warm-up"),
    ],
)
def test_an_item_comes_in_numbered_events(item: answers.Item | None, pieces: list[str]) -> None:
    sent = list(answers.events(RESPONSE, item, "completed"))
    names = [str(event["type"]).removeprefix("response.") for event in sent]
    between = ["output_item.added", *pieces, "output_item.done"] if item else []

    assert names == ["created", "in_progress", *between, "completed"]
    assert [event["sequence_number"] for event in sent] == list(range(len(sent)))


def test_an_added_item_is_empty_and_a_done_one_is_whole() -> None:
    added, done = [event["item"] for event in answers.events(RESPONSE, CALL, "completed") if "item" in event]

    assert (added["arguments"], added["status"]) == ("", "in_progress")
    assert done == CALL


@pytest.mark.parametrize("ending", ["completed", "failed", "incomplete"])
def test_the_last_event_alone_has_the_counters(ending: str) -> None:
    first, *_, last = answers.events(RESPONSE, None, ending)

    assert (f"response.{ending}", ending) == (last["type"], last["response"]["status"])
    assert [first["response"]["usage"], last["response"]["usage"]] == [None, {"input_tokens": 1}]
