#!/bin/sh
# cline 3.0.65: a second run, started with another proxy, sends its turn by the proxy of the first run.
#
# Each run of `cline --json PROMPT` is a process that ends with its answer, so a good guess is that HTTP_PROXY and
# HTTPS_PROXY of that process decide where its requests go, as they do for a first run. Seen instead: the first run leaves
# a background process, `cline --cline-hub-daemon`, with the environment of that run. A second run in the same home folder
# hands its turn to it: the proxy that the second run was given sees nothing. With CLINE_SESSION_BACKEND_MODE=local a run
# does its own work, and its own proxy is used.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --prefix "$folder/npm" --no-audit --no-fund --loglevel=error --ignore-scripts cline@3.0.65 >/dev/null
cat >"$folder/seen.py" <<'PYTHON'
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

folder = Path(sys.argv[1])
[program] = (folder / "npm/node_modules/@cline").glob("cli-*/bin/cline")
home = folder / "home"
work = home / "work"
work.mkdir(parents=True)


class Proxy(http.server.BaseHTTPRequestHandler):
    """Answers each request for the model itself, and refuses every tunnel, so that nothing leaves this machine."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.turns += self.path.endswith("/chat/completions")
        choice = {"index": 0, "delta": {"role": "assistant", "content": "Good day to you."}, "finish_reason": None}
        last = {"index": 0, "delta": {}, "finish_reason": "stop"}
        chunks = [{"id": "1", "object": "chat.completion.chunk", "model": "m", "choices": [c]} for c in (choice, last)]
        body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        self.send_error(404)

    def do_CONNECT(self):
        self.send_error(403)

    def log_message(self, *_):
        pass


def proxy():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.turns = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def cline(server, *arguments, **more):
    url = f"http://127.0.0.1:{server.server_port}"
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), url) | {"NO_PROXY": "127.0.0.1,localhost"}
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "CLINE_NO_AUTO_UPDATE": "1", **proxies, **more}
    subprocess.run([program, *arguments], env=environment, cwd=work, stdin=subprocess.DEVNULL, check=True, timeout=90,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def background():
    lines = subprocess.check_output(["ps", "-eo", "pid=,args="], text=True).splitlines()
    return [int(line.split()[0]) for line in lines if "--cline-hub-daemon" in line and str(folder) in line]


first, second = proxy(), proxy()
try:
    cline(first, "auth", "-p", "openai-compatible", "-k", "made-up", "-m", "m", "-b", "http://model.example/v1")
    cline(first, "--json", "-P", "openai-compatible", "-m", "m", "Say good day to me.")
    one = first.turns, second.turns, len(background())
    cline(second, "--json", "-P", "openai-compatible", "-m", "m", "Say good day to me.")
    two = first.turns, second.turns
    cline(second, "--json", "-P", "openai-compatible", "-m", "m", "Say good day to me.",
          CLINE_SESSION_BACKEND_MODE="local")
    three = first.turns, second.turns
finally:
    for pid in background():
        os.kill(pid, signal.SIGTERM)
print("turns at the first proxy and at the second, and background processes, after a run with the first:", one)
print("after a run with the second:", two)
print("after a run with the second and CLINE_SESSION_BACKEND_MODE=local:", three)
assert (one, two, three) == ((1, 0, 1), (2, 0), (2, 1)), "This has changed."
PYTHON
python3 "$folder/seen.py" "$folder"
