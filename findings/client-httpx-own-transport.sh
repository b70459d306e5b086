#!/bin/sh
# httpx 0.28.1: a client that is given a transport of its own no longer uses the proxy that the environment names.
#
# Programs give `httpx.Client` a transport for reasons that have nothing to do with proxies, most often for its `retries`. A
# good guess is that `trust_env`, on by default, still has the proxy of the environment used, as it is by a client without
# one. Seen instead: with `transport=httpx.HTTPTransport(retries=1)` requests go past the proxy, to the host itself, without
# a word; a `proxy=` that is given to the transport is used.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install httpx==0.28.1
cat >"$folder/seen.py" <<'PYTHON'
import http.server
import os
import threading

import httpx


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests += 1
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def serving():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.requests = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


(host, url), (proxy, proxy_url) = serving(), serving()
for name in ("no_proxy", "NO_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"):
    os.environ.pop(name, None)
os.environ["HTTP_PROXY"] = proxy_url


def went_to(**settings):
    before = host.requests, proxy.requests
    with httpx.Client(**settings) as client:
        client.get(url)
    return "the proxy" if proxy.requests > before[1] else "the host"


seen = [
    ("without a transport", went_to()),
    ("with HTTPTransport(retries=1)", went_to(transport=httpx.HTTPTransport(retries=1))),
    ("with HTTPTransport(retries=1, proxy=...)", went_to(transport=httpx.HTTPTransport(retries=1, proxy=proxy_url))),
]
print("httpx", httpx.__version__)
for how, where in seen:
    print(f"a client {how}: the request went to {where}")
assert [where for _, where in seen] == ["the proxy", "the host", "the proxy"], "This has changed."
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
