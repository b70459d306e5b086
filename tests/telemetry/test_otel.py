"""Turns are exported to a collector, and whatever becomes of that, the turns are none the worse."""

import asyncio
import json
import logging
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from codexcache import __version__
from conftest import Stage
from mitmproxy import exceptions, io
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from support.client import Connection, connected
from support.collector import Collector, collecting, free_port, read, rotel, until
from support.exported import AGAIN, CANNOT, named_collector, settle
from support.programs import started
from support.proxy import Proxy
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
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """None of this machine's own settings, and nothing that is said in a later test."""
    settle(monkeypatch)
    yield
    for thread in [thread for thread in threading.enumerate() if thread.name == "codex_otel"]:
        thread.join()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that the variables name."""
    yield from named_collector(monkeypatch)


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


async def test_a_turn_arrives_as_a_span(collector: Collector, stage: Stage) -> None:
    """With the conventions' names, its own times, and who exports."""
    before = time.time_ns()
    upstream = await stage.upstream(streaming(DONE))
    await take_turns(await stage.proxy(codex_otel="on"))
    await until(lambda: collector.spans)

    span = collector.spans[0]
    assert (span.name, span.kind, span.parent_span_id) == ("chat gpt-5.5", Span.SPAN_KIND_CLIENT, b"")
    assert before <= span.start_time_unix_nano <= span.end_time_unix_nano <= time.time_ns()
    attributes = read(span.attributes)
    assert attributes["gen_ai.usage.cache_read.input_tokens"] == 4096
    assert attributes["codex.verdict"] == "cold"
    assert attributes["codex.changed"] == ["session-id", "session_id"]
    assert (attributes["server.address"], attributes["server.port"]) == ("chatgpt.com", 443)
    assert collector.resource["service.name"] == "codex-continuity"
    assert collector.resource["service.version"] == __version__
    assert len(collector.resource["service.instance.id"]) == 36
    assert upstream.last.values("traceparent") == []


async def test_a_websocket_that_was_refused_is_no_turn(collector: Collector, stage: Stage) -> None:
    """The one that is sent over HTTP next is the only one that arrives."""
    upstream = await stage.upstream(responding(whole(status="426 Upgrade Required")))
    proxy = await stage.proxy(codex_otel="on")
    async with connected(proxy) as connection:
        await connection.post(RESPONSES, [*HANDSHAKE, *SECRETS], method="GET")
    upstream.answer = streaming(DONE)
    await take_turns(proxy)
    await until(lambda: collector.spans and collector.metrics)

    assert [read(span.attributes)["codex.endpoint"] for span in collector.spans] == ["responses"]
    assert sum(value for _, value in collector.points("codex.turns")) == 1


async def test_measurements_add_up(collector: Collector, stage: Stage) -> None:
    await stage.upstream(streaming(DONE))
    await take_turns(await stage.proxy(codex_otel="on"), 3)
    await until(lambda: collector.metrics and sum(value for _, value in collector.points("codex.turns")) == 3)

    verdicts = {attributes["codex.verdict"]: value for attributes, value in collector.points("codex.turns")}
    assert verdicts == {"cold": 1, "hit": 2}
    assert sum(value for _, value in collector.points("codex.tokens.cached")) == 3 * 4096
    tokens = {
        attributes["gen_ai.token.type"]: value for attributes, value in collector.points("gen_ai.client.token.usage")
    }
    assert tokens == {"input": 15000, "output": 210}
    usage, duration = (
        collector.metric("gen_ai.client.token.usage"),
        collector.metric("gen_ai.client.operation.duration"),
    )
    assert list(usage.histogram.data_points[0].explicit_bounds)[-2:] == [16777216, 67108864]
    assert list(duration.histogram.data_points[0].explicit_bounds)[:3] == [0.01, 0.02, 0.04]
    assert (usage.unit, duration.unit) == ("{token}", "s")
    assert collector.points("codex.time_to_first_byte")[0][1] > 0


async def test_a_rejected_turn_arrives_as_a_failed_span(collector: Collector, stage: Stage) -> None:
    refusal = whole(b'{"error":{"code":"rate_limit_exceeded"}}', status="429 Too Many Requests")
    await stage.upstream(responding(refusal))
    async with connected(await stage.proxy(codex_otel="on")) as connection:
        await connection.post(RESPONSES, [JSON], body())
    await until(lambda: collector.spans)

    attributes = read(collector.spans[0].attributes)
    assert collector.spans[0].status.code == Status.STATUS_CODE_ERROR
    assert (attributes["error.type"], attributes["http.response.status_code"]) == ("rate_limit_exceeded", 429)


async def test_turns_of_a_websocket_arrive(collector: Collector, stage: Stage) -> None:
    async def talk(peer: Peer) -> None:
        async for _ in peer.messages():
            await peer.send(DONE.partition(b"data: ")[2].decode().strip())

    await stage.upstream(talking(talk))
    async with opened(await stage.proxy(codex_otel="on"), SECRETS) as peer:
        await peer.ask(frame())
        await peer.ask(frame())
    await until(lambda: len(collector.spans) == 2)

    assert {read(span.attributes)["codex.transport"] for span in collector.spans} == {"websocket"}


async def test_nothing_that_leaves_for_the_collector_identifies_or_quotes(
    collector: Collector, stage: Stage, tmp_path: Path
) -> None:
    """And what names a conversation is what names it in the journal."""
    journal = tmp_path / "journal"
    await stage.upstream(streaming(DONE))
    await take_turns(await stage.proxy(codex_otel="on", codex_journal=str(journal)), 2)
    await until(lambda: len(collector.spans) == 2 and collector.metrics)

    assert b"secret" not in collector.raw
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    told = [read(span.attributes) for span in collector.spans]
    assert [span["gen_ai.conversation.id"] for span in told] == [entry["conversation"] for entry in entries]
    assert [span["codex.key"] for span in told] == [entry["key"] for entry in entries]


async def test_where_the_sdk_gives_up_the_option_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "9999")  # more than the queue holds
    proxy = await stage.proxy()

    with pytest.raises(exceptions.OptionsError, match=r"^codex_otel cannot be switched on .*Look at the OTEL_\* vari"):
        proxy.master.options.update(codex_otel="on")
    assert proxy.master.options.codex_otel == "off"


async def test_the_switch_works_while_the_proxy_runs(
    collector: Collector, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """What happened while it was on arrives, at once when it is switched off."""
    caplog.set_level(logging.INFO)
    await stage.upstream(streaming(DONE))
    proxy = await stage.proxy()
    for switch, turns in (("off", 1), ("on", 2), ("off", 3), ("on", 4)):
        proxy.master.options.update(codex_otel=switch)
        await take_turns(proxy, turns)
    proxy.master.options.update(codex_otel="off")
    await until(lambda: len(collector.spans) == 6)

    assert sorted(read(span.attributes)["codex.turn"] for span in collector.spans) == [2, 3, 7, 8, 9, 10]
    lines = [record.getMessage() for record in caplog.records if record.name == "codexcache.telemetry.otel"]
    assert lines == [f"Turns are exported by OpenTelemetry to 127.0.0.1:{collector.port}."] * 2


async def test_the_last_turns_arrive_at_the_end(
    collector: Collector, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "60000")
    await stage.upstream(streaming(DONE))
    proxy = await stage.proxy(codex_otel="on")
    await take_turns(proxy, 2)
    assert collector.spans == []
    proxy.master.addons.remove(proxy.master.addons.get("codex_continuity"))

    assert len(collector.spans) == 2
    assert sum(value for _, value in collector.points("codex.turns")) == 2


async def test_turns_of_a_loaded_capture_are_not_exported_again(
    collector: Collector, stage: Stage, tmp_path: Path
) -> None:
    await stage.upstream(streaming(DONE))
    capture = tmp_path / "capture"
    proxy = await stage.proxy(codex_otel="on", save_stream_file=str(capture))
    await take_turns(proxy)
    await until(lambda: collector.spans)
    proxy.master.options.update(save_stream_file=None)
    with capture.open("rb") as file:
        for flow in io.FlowReader(file).stream():
            await proxy.master.load_flow(flow)
    notifier = proxy.master.addons.get("codex_continuity").notifier
    await until(lambda: notifier.summary.turns == 2)
    await asyncio.sleep(0.2)

    assert len(collector.spans) == 1


async def test_off_nothing_is_loaded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where the packages are missing is anything amiss."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "opentelemetry"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "codexcache.telemetry.exporter", raising=False)
    await stage.upstream(streaming(DONE))
    await take_turns(await stage.proxy(), 2)

    assert "codexcache.telemetry.exporter" not in sys.modules
    assert [name for name in sys.modules if name.startswith("opentelemetry.")] == []


async def test_on_without_the_packages_the_option_is_refused_with_the_command_that_adds_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.context", None)
    monkeypatch.delitem(sys.modules, "codexcache.telemetry.exporter", raising=False)
    proxy = await stage.proxy()

    with pytest.raises(exceptions.OptionsError, match=r"^codex_otel needs the OpenTelemetry SDK.*: .*install .*-sdk"):
        proxy.master.options.update(codex_otel="on")
    assert proxy.master.options.codex_otel == "off"


async def test_mitmdump_does_not_start_without_the_packages(confdir: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['opentelemetry'] = None")
    without = {"PYTHONPATH": str(tmp_path)}
    async with started("mitmdump", "--set", "codex_otel=on", confdir=confdir, environment=without) as program:
        assert await program.ends() == 1
    assert "codex_otel needs the OpenTelemetry SDK, which this mitmproxy lacks. Add it with: " in program.screen


async def test_mitmdump_starts_where_no_collector_listens(confdir: Path) -> None:
    """An error in the log would end it; so would a thread that does not end keep it from ending."""
    without = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}", "OTEL_METRIC_EXPORT_INTERVAL": "10"}
    async with started("mitmdump", "--set", "codex_otel=on", confdir=confdir, environment=without) as program:
        await program.listens()
        await asyncio.sleep(0.5)
        began = time.monotonic()
        program.process.terminate()
        assert await program.ends() == 0

    assert time.monotonic() - began < 8
    assert "Turns are exported by OpenTelemetry to 127.0.0.1:" in program.screen
    assert "Traceback" not in program.screen


@pytest.mark.skipif(find_spec("rotel") is None, reason="there is no collector in a wheel for this machine")
async def test_a_real_collector_that_is_stopped_in_the_middle_costs_nothing_but_telemetry(
    stage: Stage,
    collector: Collector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is said once, and once when it is there again; the journal has every turn."""
    port, journal = free_port(), tmp_path / "journal"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    await stage.upstream(streaming(DONE))
    async with rotel(port, collector.url, tmp_path) as process:
        proxy = await stage.proxy(codex_otel="on", codex_journal=str(journal))
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
        await until(lambda: {16, 17, 18, 19, 20} <= _numbers(collector))
        await until(lambda: sum(value for _, value in collector.points("codex.turns")) == 20)

    assert len(journal.read_text().splitlines()) == 20
    assert [line.partition(str(port))[0] for line in said(caplog)] == [CANNOT, AGAIN]
    assert "the collector cannot be reached" in said(caplog)[0]
    assert [record for record in caplog.records if record.name.startswith(("opentelemetry", "urllib3"))] == []


async def test_a_collector_that_hangs_does_not_keep_mitmproxy_from_ending(
    collector: Collector, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.upstream(streaming(DONE))
    proxy = await stage.proxy(codex_otel="on")
    collector.going.clear()
    await take_turns(proxy, 3)
    await asyncio.sleep(0.1)
    began = time.monotonic()
    proxy.master.addons.remove(proxy.master.addons.get("codex_continuity"))

    assert time.monotonic() - began < 3
    assert said(caplog) == [f"The last telemetry could not be exported to 127.0.0.1:{collector.port} in time."]


async def test_switching_off_does_not_wait_for_a_collector_that_hangs(collector: Collector, stage: Stage) -> None:
    await stage.upstream(streaming(DONE))
    proxy = await stage.proxy(codex_otel="on")
    collector.going.clear()
    await take_turns(proxy, 1)
    await asyncio.sleep(0.1)
    began = time.monotonic()
    proxy.master.options.update(codex_otel="off")

    assert time.monotonic() - began < 0.5


ROUNDS, TURNS = 4, 25


async def test_the_latency_of_turns_does_not_depend_on_the_collector(
    collector: Collector, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By turns without telemetry, with a collector, with none, and with one that hangs; medians are compared."""
    await stage.upstream(streaming(DONE))
    proxy = await stage.proxy()
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


def _numbers(collector: Collector) -> set[int]:
    return {read(span.attributes)["codex.turn"] for span in collector.spans}
