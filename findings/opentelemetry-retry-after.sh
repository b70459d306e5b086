#!/bin/sh
# OpenTelemetry's OTLP exporter for HTTP 1.45.2: asked to wait for longer than its timeout, it gives the batch up at once.
#
# A collector that is busy answers 503 with Retry-After. A good guess is that the exporter then waits at least as well as
# after a 503 without that header: it tries again while its timeout lasts, and holds back in the meantime. Seen instead,
# with a timeout of 5 seconds: after a bare 503 the second try arrives and nothing is lost; after `Retry-After: 30` there
# is no second try, the batch is lost within milliseconds, and the next batch goes out at once to the collector that
# asked for 30 seconds. So a collector that says how long it needs loses more than one that does not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-http==1.45.2
cat >"$folder/seen.py" <<'PYTHON'
import http.server
import importlib.metadata
import logging
import threading
import time

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Collector(http.server.BaseHTTPRequestHandler):
    """Refuse the first request with 503, and with the Retry-After that the path names; then accept."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests += 1
        self.send_response(503 if self.server.requests == 1 else 200)
        if self.server.requests == 1 and self.path != "/bare":
            self.send_header("Retry-After", self.path.strip("/"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def exported(path):
    """Export two batches in a row; return what became of each, the requests made, and the seconds of it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.requests = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    exporter = OTLPSpanExporter(endpoint="http://127.0.0.1:%d%s" % (server.server_port, path), timeout=5)
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    provider.get_tracer("finding").start_span("one").end()
    begun = time.monotonic()
    results = [exporter.export(kept.get_finished_spans()).name for _ in range(2)]
    seconds = time.monotonic() - begun
    exporter.shutdown()
    server.shutdown()
    return results, server.requests, seconds


logging.disable()
print("exporter", importlib.metadata.version("opentelemetry-exporter-otlp-proto-http"))
found = {path: exported(path) for path in ("/bare", "/1", "/30")}
for path, (results, requests, seconds) in found.items():
    header = "without Retry-After" if path == "/bare" else "Retry-After: " + path.strip("/")
    print("503 %s: %s, %d requests in %.1f s" % (header, " then ".join(results), requests, seconds))
assert found["/bare"][:2] == found["/1"][:2] == (["SUCCESS", "SUCCESS"], 3), "This has changed."
assert found["/30"][:2] == (["FAILURE", "SUCCESS"], 2), "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
