"""Requests and responses as mitmproxy holds them: how a turn's came, how it ended, and what has to go from it."""

import dataclasses

from mitmproxy import ctx, http
from mitmproxy import flow as any_flow
from mitmproxy.connection import ConnectionState

from ..turn.exchange import Exchange
from ..turn.response import CANCELLED, CUT
from ..turn.rewrite import DIGESTS
from ..wire.headers import Fields, Values, is_document, values_by_name

_CLIENT_LEFT = ("Client disconnected", "by client")
"""How mitmproxy's errors name a client that has hung up."""


def comes_whole(response: http.Response, values: Values) -> bool:
    """Return True for a JSON document, a part of which is of no use, unless an option or another addon streams it."""
    streams_large = getattr(getattr(ctx, "options", None), "stream_large_bodies", None)
    return is_document(values) and not (response.stream or streams_large)


def drop_digests(request: http.Request, exchange: Exchange) -> None:
    """Remove digests of the body from the trailers of a request whose body was edited."""
    if request.trailers and (stale := DIGESTS.intersection(map(str.lower, request.trailers))):
        for name in stale:
            del request.trailers[name]
        request.trailers = request.trailers or None
        changed = dict.fromkeys((*exchange.edits.changed, *sorted(stale)))
        exchange.edits = dataclasses.replace(exchange.edits, changed=tuple(changed))


def is_made_here(response: http.Response) -> bool:
    """Return True, when a response begins, for one by another addon or an option: only such a one is over by then."""
    return response.timestamp_end is not None


def how_it_broke(flow: http.HTTPFlow) -> str:
    """Return how a turn ended whose response is not complete: the client, or a hand, gave it up, or it was cut.

    mitmproxy names the peer that left in no more than the words of an error, and not always in those.
    """
    words = flow.error.msg if flow.error else ""
    gave_up = words == any_flow.Error.KILLED_MESSAGE or any(said in words for said in _CLIENT_LEFT)
    left = flow.live and flow.error and not flow.client_conn.state & ConnectionState.CAN_READ
    return CANCELLED if gave_up or left else CUT


def without_host(fields: Fields) -> list[tuple[bytes, bytes]]:
    """Return header fields without that of the host."""
    return [field for field in fields if field[0].lower() != b"host"]


def read_whole(response: http.Response, exchange: Exchange) -> None:
    """Read a whole response as its stream would have been read; of one that was not kept, only the head is known."""
    values = values_by_name(response.headers.fields)
    reader = exchange.begin_response(response.status_code, values, response.timestamp_start)
    if reader and response.raw_content is not None:
        reader.feed(response.raw_content)
        reader.feed(b"")


def is_killed(flow: http.HTTPFlow, exchange: Exchange) -> bool:
    """Return True if another addon or a hand killed a turn before it left; one that was held here is told of."""
    is_killed = flow.error is not None and flow.error.msg == any_flow.Error.KILLED_MESSAGE
    return is_killed and not exchange.response_info.cut_short
