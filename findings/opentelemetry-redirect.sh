#!/bin/sh
# OpenTelemetry's OTLP exporter for HTTP 1.45.2: a collector that redirects loses every span, and each export succeeds.
#
# A collector moves behind a gateway, and its old address answers with 301 or 308 and the new one. A good guess is that
# the exporter either follows, as 308 asks for, or reports a failed export, as it does with other answers that are no
# success. Seen instead: it does not follow, returns SUCCESS, and logs nothing; the spans are nowhere. What watches the
# export for failures sees none.
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

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

received = []
logged = []


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        received.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        status = {"/moved-301": 301, "/moved-308": 308, "/missing": 404}.get(self.path, 200)
        self.send_response(status)
        if status in (301, 308):
            self.send_header("Location", "/v1/traces")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Logged(logging.Handler):
    def emit(self, record):
        logged.append(record.getMessage())


def exported(server, path):
    """Return what the exporter says of one span, which paths were asked for, and how many lines were logged."""
    received.clear()
    logged.clear()
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    provider.get_tracer("finding").start_span("one").end()
    exporter = OTLPSpanExporter(endpoint="http://127.0.0.1:%d%s" % (server.server_port, path), timeout=5)
    result = exporter.export(kept.get_finished_spans()).name
    exporter.shutdown()
    return result, list(received), len(logged)


logging.getLogger("opentelemetry").addHandler(Logged())
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()
found = {path: exported(server, path) for path in ("/v1/traces", "/moved-301", "/moved-308", "/missing")}
server.shutdown()
print("exporter", importlib.metadata.version("opentelemetry-exporter-otlp-proto-http"))
for path, (result, paths, lines) in found.items():
    print("%s: %s, asked for %s, %d line(s) logged" % (path, result, ", ".join(paths), lines))
assert found["/moved-301"] == ("SUCCESS", ["/moved-301"], 0), "This has changed."
assert found["/moved-308"] == ("SUCCESS", ["/moved-308"], 0), "This has changed."
assert (found["/v1/traces"][0], found["/missing"][0]) == ("SUCCESS", "FAILURE"), "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
