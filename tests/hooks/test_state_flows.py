"""Flows are known as long as something else holds them."""

import gc

from codexcache.hooks.state import FlowRegistry
from mitmproxy.test import tflow


def test_a_flow_is_known_until_it_is_gone() -> None:
    flows, one, other = FlowRegistry(), tflow.tflow(), tflow.tflow()
    flows.add(one)
    flows.add(other)
    flows.add(one)
    assert flows.all() == [one, other]
    assert flows.get(one.id) is one
    gone = one.id
    del one
    gc.collect()

    assert (flows.all(), flows.get(gone), flows.get("never seen")) == ([other], None, None)


def test_of_two_flows_with_one_id_the_later_is_known() -> None:
    """A capture can be loaded twice."""
    flows, one = FlowRegistry(), tflow.tflow()
    other = one.copy()
    other.id = one.id
    flows.add(one)
    flows.add(other)
    del one
    gc.collect()

    assert flows.all() == [other]
