#!/bin/sh
# Codex CLI 0.171.0: its logs count tokens in three ways, and two of them do not add up to what was used.
#
# Each thread's log has `token_count` events with `total_token_usage` and `last_token_usage`. A good guess is that the last
# total of each log, or the sum of all `last_token_usage`, is what the threads used. Seen instead, with a thread of two
# turns, a fork of it with one, a compaction and a turn after that: a fork's total goes on from its parent's, so totals
# count the parent twice; and an event is written again, with the same `last_token_usage`, when nothing was used since, so
# the sum counts a response twice. Only `token_usage_record`, one for each response, adds up to what the server counted.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=$("$(dirname -- "$0")/../scripts/find-python")
npm install --silent --no-audit --no-fund --prefix "$folder" @openai/codex@0.171.0
cat >"$folder/seen.py" <<'PYTHON'
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading

FOLDER = pathlib.Path(sys.argv[1])
USAGE = {
    "input_tokens": 1000, "input_tokens_details": {"cached_tokens": 500},
    "output_tokens": 10, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 1010,
}


class Server(http.server.BaseHTTPRequestHandler):
    """Answer each request for a response with a short message that used a thousand input tokens."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.endswith("/responses"):
            return self.send_error(404)
        self.server.responses += 1
        number = self.server.responses
        content = [{"type": "output_text", "text": "Answer %d." % number, "annotations": []}]
        message = {"type": "message", "id": "msg_%d" % number, "role": "assistant", "content": content}
        response = {"id": "resp_%d" % number, "status": "completed", "output": [message], "usage": USAGE}
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for event in (
            {"type": "response.created", "response": {"id": response["id"]}},
            {"type": "response.output_item.done", "output_index": 0, "item": message},
            {"type": "response.completed", "response": response},
        ):
            self.wfile.write(b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps(event).encode()))

    def do_GET(self):
        self.send_error(404)

    def log_message(self, *_):
        pass


class Codex:
    """The app server of Codex, over its standard input and output."""

    def __init__(self, home):
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "CODEX_HOME": str(home), "LOOPBACK_KEY": "none"}
        self.process = subprocess.Popen(
            [FOLDER / "node_modules/.bin/codex", "app-server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, env=environment, cwd=home,
        )
        self.calls = 0
        self.call("initialize", clientInfo={"name": "finding", "version": "1"})
        self.send({"method": "initialized"})

    def send(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def read_until(self, wanted):
        for line in self.process.stdout:
            message = json.loads(line)
            if wanted(message):
                return message
        raise EOFError("Codex has ended.")

    def call(self, method, **params):
        self.calls += 1
        self.send({"id": self.calls, "method": method, "params": params})
        return self.read_until(lambda message: message.get("id") == self.calls)["result"]

    def turn(self, thread, text):
        self.call("turn/start", threadId=thread, input=[{"type": "text", "text": text}])
        self.read_until(lambda message: message.get("method") == "turn/completed")

    def compact(self, thread):
        self.call("thread/compact/start", threadId=thread)
        self.read_until(lambda message: message.get("method") == "turn/completed")

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)


def work(home):
    codex = Codex(home)
    thread = codex.call("thread/start", cwd=str(home), sandbox="read-only", approvalPolicy="never")["thread"]["id"]
    codex.turn(thread, "one")
    codex.turn(thread, "two")
    fork = codex.call("thread/fork", threadId=thread)["thread"]["id"]
    codex.turn(fork, "three")
    codex.compact(thread)
    codex.turn(thread, "four")
    codex.end()


def sums(home):
    """Return the input tokens of all logs, by last totals, by last usages, and by records."""
    totals = usages = records = 0
    for log in home.glob("sessions/**/*.jsonl"):
        total = 0
        for line in log.read_text().splitlines():
            entry = json.loads(line)
            payload = entry["payload"]
            if payload.get("type") == "token_count" and payload.get("info"):
                total = payload["info"]["total_token_usage"]["input_tokens"]
                usages += payload["info"]["last_token_usage"]["input_tokens"]
            elif "token_usage_record" in (entry["type"], payload.get("type")):
                records += payload["usage"]["input_tokens"]
        totals += total
    return totals, usages, records


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
server.responses = 0
threading.Thread(target=server.serve_forever, daemon=True).start()
home = FOLDER / "home"
home.mkdir()
(home / "config.toml").write_text(
    'model = "gpt-5.5"\nmodel_provider = "loopback"\n[model_providers.loopback]\nname = "loopback"\n'
    'base_url = "http://127.0.0.1:%d/v1"\nwire_api = "responses"\nenv_key = "LOOPBACK_KEY"\n' % server.server_port
)
work(home)
server.shutdown()
totals, usages, records = sums(home)
version = subprocess.run([FOLDER / "node_modules/.bin/codex", "--version"], stdout=subprocess.PIPE, text=True, check=True)
print(version.stdout.strip())
print("the server counted %d input tokens in %d responses" % (1000 * server.responses, server.responses))
print("sum of the last totals %d, of last_token_usage %d, of token_usage_record %d" % (totals, usages, records))
assert (server.responses, totals, usages, records) == (5, 7000, 6000, 5000), "This has changed."
PYTHON
"$python" "$folder/seen.py" "$folder"
