"""Whether flows are visible: not under `mitmdump -q`, unless they are saved or another addon is there."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from codexcache.addon import CodexContinuity
from codexcache.hooks.state import FlowVisibility
from mitmproxy import options
from mitmproxy.addons import save, savehar
from mitmproxy.test import taddons, tflow, tutils
from support.wire import RESPONSES, body


class View:
    name = "view"


@pytest.fixture
def dump() -> Iterator[Any]:
    """A context that has mitmdump's own addons, as far as they matter, and this one."""
    with taddons.context(save.Save(), savehar.SaveHar(), CodexContinuity(), options=options.Options()) as context:
        yield context


def test_flows_are_not_visible_under_a_quiet_mitmdump(dump: Any) -> None:
    """Where it is not known what is saved, anything could be."""
    assert not FlowVisibility().present
    with taddons.context():
        assert FlowVisibility().present


@pytest.mark.parametrize("option", ["save_stream_file", "hardump"])
def test_flows_that_are_saved_are_looked_at(dump: Any, option: str, tmp_path: Path) -> None:
    visibility, found = FlowVisibility(), list[bool]()
    for value in (None, str(tmp_path / "flows"), None):
        setattr(dump.options, option, value if value or option == "save_stream_file" else "")
        visibility.configure({option})
        found.append(visibility.present)

    assert found == [False, True, False]


@pytest.mark.parametrize(("detail", "looks"), [(0, False), (1, True), (3, True)])
def test_flows_that_are_printed_are_looked_at(dump: Any, detail: int, looks: bool) -> None:
    dump.options.add_option("flow_detail", int, 1, "What mitmdump has.")
    dump.options.flow_detail = detail

    assert FlowVisibility().present is looks


def script(**members: Any) -> Any:
    made = ModuleType("a_script")
    vars(made).update(members)
    return made


@pytest.mark.parametrize(
    ("addon", "looks"),
    [
        pytest.param(View(), True, id="a list of flows"),
        pytest.param(SimpleNamespace(name="one", response=lambda flow: None), True, id="an object"),
        pytest.param(script(websocket_end=lambda flow: None), True, id="a module"),
        pytest.param(script(addons=[SimpleNamespace(name="one", running=lambda: None)]), True, id="one in a module"),
        pytest.param(script(unrelated=lambda: None), False, id="none that is asked about anything"),
    ],
)
def test_a_list_of_flows_or_a_script_of_the_users_may_look(dump: Any, addon: Any, looks: bool) -> None:
    visibility = FlowVisibility()
    assert not visibility.present
    dump.master.addons.add(addon)

    assert visibility.present is looks


def responded(dump: Any) -> Any:
    """Return a flow after a turn and its streamed response."""
    addon = dump.master.addons.get("codex_continuity")
    request = tutils.treq(host="chatgpt.com", method=b"POST", path=RESPONSES.encode(), content=body())
    flow = tflow.tflow(req=request, resp=tutils.tresp(content=None))
    addon.requestheaders(flow)
    assert addon.request(flow) is None
    addon.responseheaders(flow)
    pass_on: Any = flow.response and flow.response.stream
    for chunk in (b"one", b"two", b""):
        assert pass_on(chunk) is chunk
    addon.response(flow)
    return flow


def test_only_where_flows_are_visible_the_response_is_kept_and_the_flow_marked(dump: Any) -> None:
    unseen = responded(dump)
    dump.master.addons.add(View())
    flow = responded(dump)

    assert (unseen.response.raw_content, unseen.comment, unseen.marked, unseen.metadata) == (None, "", "", {})
    assert flow.response.raw_content == b"onetwo"
    assert flow.comment.startswith("no_usage: ")
    assert flow.metadata["codex"][0]["verdict"] == "no_usage"
