"""How the response to a turn is read: from its chunks as they pass, or as a whole where they did not pass the tap."""

import contextlib
from collections.abc import Callable

from mitmproxy import http

from ..turn.exchange import Exchange
from ..turn.stream import Reader, reader_for
from ..wire.content_encoding import Undecodable
from ..wire.headers import Values, values_by_name
from ..wire.sse import EVENT_LIMIT


def is_event_stream(values: Values) -> bool:
    """Return True if header fields announce an event stream."""
    return _kind(values).startswith("text/event-stream")


def is_document(values: Values) -> bool:
    """Return True if header fields announce a JSON document."""
    return _kind(values).startswith("application/json")


def _kind(values: Values) -> str:
    return values.get("content-type", ("",))[0].lower()


def coding_of(values: Values) -> str:
    """Return a message's content coding, blank where it has none."""
    return ", ".join(values.get("content-encoding", ()))


def read_head(response: http.Response, values: Values, exchange: Exchange) -> None:
    """Record how a turn's response begins; `values` are its header fields."""
    exchange.response_info.status = response.status_code
    exchange.response_info.challenge = _is_challenge(values)
    exchange.first_byte_at = response.timestamp_start


def reader_of(response: http.Response, values: Values, exchange: Exchange, on_finished: Callable[[], None]) -> Reader:
    """Record how a turn's response begins, and return the reader of the rest. Raises Undecodable.

    `values` are its header fields. A turn ends with its last event, not with its connection: then `on_finished` is
    called, perhaps more than once.
    """
    read_head(response, values, exchange)
    return reader_for(
        exchange.response_info,
        coding=coding_of(values),
        event_stream=is_event_stream(values),
        limit=EVENT_LIMIT,
        on_finished=on_finished,
    )


def read_whole(response: http.Response, exchange: Exchange) -> None:
    """Read a whole response as its stream would have been read; of one that was not kept, only the head is known."""
    with contextlib.suppress(Undecodable):  # then only its head is known, and the verdict says so
        reader = reader_of(response, values_by_name(response.headers.fields), exchange, lambda: None)
        if response.raw_content is not None:
            reader.feed(response.raw_content)
            reader.feed(b"")


def _is_challenge(values: Values) -> bool:
    """Return True for a challenge page, which asks for a browser (router-for-me/CLIProxyAPI#3626)."""
    return values.get("cf-mitigated") == ["challenge"]
