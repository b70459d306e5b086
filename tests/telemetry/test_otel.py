"""Turns are exported to a collector, and whatever becomes of that, the turns are none the worse."""

import logging
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import Network
from mitmproxy import exceptions
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from support.client import Connection, connected
from support.collector import Attributes, Collector, collecting, read, rotel
from support.exported import AGAIN, CANNOT
from support.journals import entries_of
from support.patience import until
from support.programs import free_port, started
from support.proxy import Proxy
from support.saved import flows_in
from support.sockets import HANDSHAKE, Peer, opened, talking
from support.upstream import responding, streaming, whole
from support.wire import JSON, RESPONSES, bearer, body, completed, frame, said

SECRETS = [
    bearer("user-secret", "account-secret"),
    ("chatgpt-account-id", "account-secret"),
    ("session_id", "session-secret"),
    ("User-Agent", "codex_cli_rs/0.169.0 (Debian)"),
]
USAGE = {"input_tokens": 5000, "input_tokens_details": {"cached_tokens": 4096}, "output_tokens": 70}
DONE = completed("resp-secret", usage=USAGE)
TURN = body(input=[{"role": "user", "content": "the secret prompt"}], prompt_cache_key="key-secret")


@pytest.fixture(autouse=True)
def environment(export_settings: None) -> Iterator[None]:
    """None of this machine's own settings, and nothing that is said in a later test."""
    yield
    for thread in [thread for thread in threading.enumerate() if thread.name == "codex_otel"]:
        thread.join()


@pytest.fixture
async def exporting(net: Network, collector: Collector) -> Proxy:
    """A proxy that exports its turns, before a backend that completes them."""
    await net.upstream(streaming(DONE))
    return await net.proxy(codex_otel="on")


def attributes_of(collector: Collector) -> list[Attributes]:
    """Return the attributes of all spans."""
    return [read(span.attributes) for span in collector.spans]


def turns_of(collector: Collector) -> float:
    """Return how many turns were measured."""
    return sum(value for _, value in collector.points("codex.turns")) if collector.metrics else 0


async def take_turns(proxy: Proxy, count: int = 1) -> None:
    """Have turns through a proxy on one connection."""
    async with connected(proxy) as connection:
        for _ in range(count):
            await take_turn(connection)


async def take_turn(connection: Connection) -> float:
    """Have one turn, and return how long it took."""
    began = time.perf_counter()
    reply = await connection.post(RESPONSES, [*SECRETS, JSON], TURN)
    assert reply.status == 200
    assert reply.body == DONE
    return time.perf_counter() - began


async def test_a_turn_arrives_as_a_span(collector: Collector, net: Network) -> None:
    """With the conventions' names and its own times."""
    before = time.time_ns()
    upstream = await net.upstream(streaming(DONE))
    await take_turns(await net.proxy(codex_otel="on"))
    await until(lambda: collector.spans)

    span = collector.spans[0]
    assert (span.name, span.kind, span.parent_span_id) == ("chat gpt-5.5", Span.SPAN_KIND_CLIENT, b"")
    assert before <= span.start_time_unix_nano <= span.end_time_unix_nano <= time.time_ns()
    attributes = read(span.attributes)
    assert attributes["gen_ai.usage.cache_read.input_tokens"] == 4096
    assert attributes["codex.verdict"] == "cold"
    assert attributes["codex.changed"] == ["session-id", "session_id"]
    assert (attributes["server.address"], attributes["server.port"]) == ("chatgpt.com", 443)
    assert upstream.last.values("traceparent") == []


async def test_a_websocket_that_was_refused_is_no_turn(collector: Collector, net: Network) -> None:
    """The one that is sent over HTTP next is the only one that arrives."""
    upstream = await net.upstream(responding(whole(status="426 Upgrade Required")))
    proxy = await net.proxy(codex_otel="on")
    async with connected(proxy) as connection:
        await connection.post(RESPONSES, [*HANDSHAKE, *SECRETS], method="GET")
    upstream.answer = streaming(DONE)
    await take_turns(proxy)
    await until(lambda: collector.spans and collector.metrics)

    assert [attributes["codex.endpoint"] for attributes in attributes_of(collector)] == ["responses"]
    assert turns_of(collector) == 1


async def test_measurements_add_up(collector: Collector, exporting: Proxy) -> None:
    await take_turns(exporting, 3)
    await until(lambda: turns_of(collector) == 3)

    def points(name: str, by: str) -> dict[str, float]:
        return {attributes[by]: value for attributes, value in collector.points(name)}

    assert points("codex.turns", "codex.verdict") == {"cold": 1, "hit": 2}
    assert sum(value for _, value in collector.points("codex.tokens.cached")) == 3 * 4096
    assert points("gen_ai.client.token.usage", "gen_ai.token.type") == {"input": 15000, "output": 210}
    usage = collector.metric("gen_ai.client.token.usage")
    duration = collector.metric("gen_ai.client.operation.duration")
    assert list(usage.histogram.data_points[0].explicit_bounds)[-2:] == [16777216, 67108864]
    assert list(duration.histogram.data_points[0].explicit_bounds)[:3] == [0.01, 0.02, 0.04]
    assert (usage.unit, duration.unit) == ("{token}", "s")
    assert collector.points("codex.time_to_first_byte")[0][1] > 0


async def test_turns_of_a_websocket_arrive(collector: Collector, net: Network) -> None:
    async def talk(peer: Peer) -> None:
        async for _ in peer.messages():
            await peer.send(DONE.partition(b"data: ")[2].decode().strip())

    await net.upstream(talking(talk))
    async with opened(await net.proxy(codex_otel="on"), SECRETS) as peer:
        await peer.ask(frame())
        await peer.ask(frame())
    await until(lambda: len(collector.spans) == 2)

    assert {each["codex.transport"] for each in attributes_of(collector)} == {"websocket"}


async def test_nothing_that_leaves_identifies_or_quotes(collector: Collector, net: Network, tmp_path: Path) -> None:
    """And what names a conversation is what names it in the journal."""
    journal = tmp_path / "journal"
    await net.upstream(streaming(DONE))
    await take_turns(await net.proxy(codex_otel="on", codex_journal=str(journal)), 2)
    await until(lambda: len(collector.spans) == 2 and collector.metrics)

    assert b"secret" not in collector.raw
    entries, told = entries_of(journal), attributes_of(collector)
    assert [span["gen_ai.conversation.id"] for span in told] == [entry["conversation"] for entry in entries]
    assert [span["codex.key"] for span in told] == [entry["key"] for entry in entries]


@pytest.mark.parametrize(
    ("has_packages", "sentence"),
    [
        pytest.param(False, r"^codex_otel needs the OpenTelemetry SDK.*: .*install .*-sdk", id="no packages"),
        pytest.param(True, r"^codex_otel cannot be switched on .*Look at the OTEL_\* vari", id="the SDK gives up"),
    ],
)
async def test_where_nothing_can_be_exported_the_option_is_refused_with_the_way_out(
    net: Network, monkeypatch: pytest.MonkeyPatch, has_packages: bool, sentence: str
) -> None:
    if has_packages:
        monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "9999")  # more than the queue holds
    else:
        monkeypatch.setitem(sys.modules, "opentelemetry.context", None)
        monkeypatch.delitem(sys.modules, "codexcache.telemetry.exporter", raising=False)
    proxy = await net.proxy()

    with pytest.raises(exceptions.OptionsError, match=sentence):
        proxy.master.options.update(codex_otel="on")
    assert proxy.master.options.codex_otel == "off"


async def test_it_switches_at_run_time(collector: Collector, net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """What happened while it was on arrives, at once when it is switched off."""
    caplog.set_level(logging.INFO)
    await net.upstream(streaming(DONE))
    proxy = await net.proxy()
    for switch, turns in (("off", 1), ("on", 2), ("off", 3), ("on", 4)):
        proxy.master.options.update(codex_otel=switch)
        await take_turns(proxy, turns)
    proxy.master.options.update(codex_otel="off")
    await until(lambda: len(collector.spans) == 6)

    assert sorted(each["codex.turn"] for each in attributes_of(collector)) == [2, 3, 7, 8, 9, 10]
    lines = [record.getMessage() for record in caplog.records if record.name == "codexcache.telemetry.otel"]
    assert lines == [f"Turns are exported by OpenTelemetry to 127.0.0.1:{collector.port}."] * 2


async def test_the_last_turns_are_not_lost(collector: Collector, net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "60000")
    await net.upstream(streaming(DONE))
    proxy = await net.proxy(codex_otel="on")
    await take_turns(proxy, 2)
    assert collector.spans == []
    proxy.master.addons.remove(proxy.master.addons.get("codex_continuity"))

    assert (len(collector.spans), turns_of(collector)) == (2, 2)


async def test_a_loaded_capture_is_not_exported_again(collector: Collector, exporting: Proxy, tmp_path: Path) -> None:
    """One that is had afterwards is the next that arrives."""
    exporting.master.options.update(save_stream_file=str(tmp_path / "capture"))
    await take_turns(exporting)
    exporting.master.options.update(save_stream_file=None)
    for flow in flows_in(tmp_path / "capture"):
        await exporting.master.load_flow(flow)
    notifier = exporting.master.addons.get("codex_continuity").notifier
    await until(lambda: notifier.summary.turns == 2)
    await take_turns(exporting)
    await until(lambda: len(collector.spans) > 1)

    assert [each["codex.turn"] for each in attributes_of(collector)] == [1, 3]


async def test_off_nothing_is_loaded(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where the packages are missing is anything amiss."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "opentelemetry"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "codexcache.telemetry.exporter", raising=False)
    await net.upstream(streaming(DONE))
    await take_turns(await net.proxy(), 2)

    assert "codexcache.telemetry.exporter" not in sys.modules
    assert [name for name in sys.modules if name.startswith("opentelemetry.")] == []


async def test_mitmdump_starts_where_no_collector_listens(confdir: Path) -> None:
    """An error in the log would end it; so would a thread that does not end keep it from ending."""
    without = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}", "OTEL_METRIC_EXPORT_INTERVAL": "10"}
    async with started("mitmdump", "--set", "codex_otel=on", confdir=confdir, environment=without) as program:
        await program.listens()
        await program.shows("Turns are exported by OpenTelemetry to 127.0.0.1:")
        began = time.monotonic()
        program.process.terminate()
        assert await program.ended() == 0

    assert time.monotonic() - began < 8
    assert "Traceback" not in program.text


@pytest.mark.skipif(find_spec("rotel") is None, reason="there is no collector in a wheel for this machine")
async def test_a_real_collector_that_is_stopped_in_the_middle_costs_nothing_but_telemetry(
    net: Network,
    collector: Collector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is said once, and once when it is there again; the journal has every turn."""
    port, journal = free_port(), tmp_path / "journal"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    await net.upstream(streaming(DONE))
    async with rotel(port, collector.url, tmp_path) as process:
        proxy = await net.proxy(codex_otel="on", codex_journal=str(journal))
        await take_turns(proxy, 5)
        await until(lambda: len(collector.spans) == 5 and collector.metrics)
        process.kill()
        await process.wait()
    await take_turns(proxy, 5)
    await until(lambda: said(caplog))
    await take_turns(proxy, 5)
    async with rotel(port, collector.url, tmp_path):
        await until(lambda: len(said(caplog)) == 2)
        await take_turns(proxy, 5)
        await until(lambda: {16, 17, 18, 19, 20} <= {each["codex.turn"] for each in attributes_of(collector)})
        await until(lambda: turns_of(collector) == 20)

    assert len(entries_of(journal)) == 20
    assert [line.partition(str(port))[0] for line in said(caplog)] == [CANNOT, AGAIN]
    assert "the collector cannot be reached" in said(caplog)[0]
    assert [record for record in caplog.records if record.name.startswith(("opentelemetry", "urllib3"))] == []


async def hung(collector: Collector, proxy: Proxy) -> float:
    """Have turns, of which a collector that hangs gets to know; return the time."""
    collector.going.clear()
    await take_turns(proxy, 3)
    await until(lambda: collector.asked)
    return time.monotonic()


async def test_a_collector_that_hangs_does_not_keep_mitmproxy_from_ending(
    collector: Collector, exporting: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    began = await hung(collector, exporting)
    exporting.master.addons.remove(exporting.master.addons.get("codex_continuity"))

    assert time.monotonic() - began < 3
    assert said(caplog) == [f"The last telemetry could not be exported to 127.0.0.1:{collector.port} in time."]


async def test_switching_off_does_not_wait_for_a_collector_that_hangs(collector: Collector, exporting: Proxy) -> None:
    began = await hung(collector, exporting)
    exporting.master.options.update(codex_otel="off")

    assert time.monotonic() - began < 0.5


ROUNDS, TURNS = 4, 25


async def test_the_latency_of_turns_does_not_depend_on_the_collector(
    collector: Collector, net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By turns without telemetry, with a collector, with none, and with one that hangs; medians are compared."""
    await net.upstream(streaming(DONE))
    proxy = await net.proxy()
    with collecting() as hanging:
        hanging.going.clear()
        places = {"off": "", "up": collector.url, "down": f"http://127.0.0.1:{free_port()}", "hanging": hanging.url}
        times: dict[str, list[float]] = {case: [] for case in places}
        async with connected(proxy) as connection:
            for case, place in [*places.items()] * ROUNDS:
                monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", place)
                proxy.master.options.update(codex_otel="on" if place else "off")
                times[case] += [await take_turn(connection) for _ in range(TURNS)]
                proxy.master.options.update(codex_otel="off")
    await until(lambda: len(collector.spans) == ROUNDS * TURNS)

    medians = {case: statistics.median(values) for case, values in times.items()}
    for case in ("up", "down", "hanging"):
        assert medians[case] < 3 * medians["off"], medians
        assert medians[case] - medians["off"] < 0.02, medians
