"""Collectors of telemetry on loopback: one in this process that decodes, and a real one in a process of its own."""

import asyncio
import contextlib
import gzip
import importlib.util
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from support.patience import until
from support.programs import free_port
from support.proxy import is_open

type Attributes = dict[str, Any]


class Collector:
    """Takes what exporters send, by OpenTelemetry's own definition of the protocol; it can also hang, or refuse."""

    def __init__(self) -> None:
        self.status = 200
        self.going = threading.Event()
        self.going.set()
        self.raw = bytearray()
        self.headers: list[dict[str, str]] = []
        self.traces: list[ExportTraceServiceRequest] = []
        self.metrics: list[ExportMetricsServiceRequest] = []
        self.port = 0
        self.asked = 0
        """Requests that came, answered or not."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def spans(self) -> list[Span]:
        """All spans, in the order of their arrival."""
        scopes = [scope for request in self.traces for each in request.resource_spans for scope in each.scope_spans]
        return [span for scope in scopes for span in scope.spans]

    @property
    def resource(self) -> Attributes:
        """What the latest spans say of who exports."""
        return read(self.traces[-1].resource_spans[0].resource.attributes)

    def metric(self, name: str) -> Metric:
        """Return a metric as it was last told: sums since the start."""
        scopes = [
            scope for request in self.metrics for each in request.resource_metrics for scope in each.scope_metrics
        ]
        found: list[Metric] = [metric for scope in scopes for metric in scope.metrics if metric.name == name]
        return found[-1]

    def points(self, name: str) -> list[tuple[Attributes, float]]:
        """Return the values of a counter, or the sums of a histogram, with what they are distinguished by."""
        metric = self.metric(name)
        if metric.WhichOneof("data") == "sum":
            return [(read(point.attributes), point.as_int) for point in metric.sum.data_points]
        return [(read(point.attributes), point.sum) for point in metric.histogram.data_points]

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Decode what was posted."""
        data = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        self.raw += data
        self.headers.append(headers)
        if path == "/v1/traces":
            self.traces.append(ExportTraceServiceRequest.FromString(data))
        elif path == "/v1/metrics":
            self.metrics.append(ExportMetricsServiceRequest.FromString(data))


def read(attributes: Any) -> Attributes:
    """Return attributes as plain values."""
    pairs: list[KeyValue] = list(attributes)
    return {pair.key: _plain(pair.value) for pair in pairs}


def _plain(value: AnyValue) -> Any:
    if value.WhichOneof("value") == "array_value":
        return [_plain(each) for each in value.array_value.values]
    return getattr(value, value.WhichOneof("value") or "string_value")


@contextlib.contextmanager
def collecting(port: int = 0) -> Iterator[Collector]:
    """Run a collector in this process until the block ends."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.asked += 1
            collector.going.wait()
            if collector.status == 200:
                collector.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(collector.status)
            self.send_header("content-length", "0")
            with contextlib.suppress(ConnectionError):
                self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing: exporters that gave up have hung up."""

    server = Server(("127.0.0.1", port), Handler)
    collector.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield collector
    finally:
        collector.going.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.asynccontextmanager
async def rotel(port: int, beyond: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run Rotel, a collector of its own, until the block ends; what it collects it passes on to the address beyond."""
    found = importlib.util.find_spec("rotel")
    assert found is not None
    assert found.origin is not None
    program = Path(found.origin).with_name("rotel-agent")
    process = await asyncio.create_subprocess_exec(
        str(program),
        "start",
        *("--otlp-http-endpoint", f"127.0.0.1:{port}", "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}"),
        *("--exporter", "otlp", "--otlp-exporter-protocol", "http", "--otlp-exporter-endpoint", beyond),
        *("--pid-file", str(folder / "rotel.pid"), "--log-file", str(folder / "rotel.log")),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: is_open(port))
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
