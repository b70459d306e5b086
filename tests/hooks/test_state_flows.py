"""Flows are known as long as something else holds them."""

import gc

from codexcache.hooks.state import State
from codexcache.turn.exchange import unchanged_exchange
from mitmproxy.test import tflow
from support.turns import turn


def test_the_flow_of_a_turn_is_known_until_it_is_gone() -> None:
    state, flow = State(), tflow.tflow()
    state.record_sent(flow, unchanged_exchange(turn()), at=0)
    assert state.flows.get(flow.id) is flow

    del flow
    gc.collect()
    assert list(state.flows.values()) == []
