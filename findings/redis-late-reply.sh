#!/bin/sh
# redis-py 8.1.0: a command whose reply is late is sent again, eleven times in all, whatever retry_on_timeout says.
#
# A client with `socket_timeout=0.2, retry_on_timeout=False` asks for one INCR, and the reply is lost. A good guess is that
# TimeoutError comes after 0.2 seconds, and that the counter has grown by one at most: whether to repeat a command that
# may have been carried out is the caller's to say. Seen instead: the error comes after seconds, the command was sent on
# eleven connections, and the counter stands at 11. What was meant to happen once (a count, an append, a job put in a
# queue) happens up to eleven times, and the caller is told that it failed. A DeprecationWarning, which Python
# shows to few, says that timeouts are included; `retry=None` or a Retry of one's own keeps to one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$("$(dirname -- "$0")/../scripts/find-python")" -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install redis==8.1.0 fakeredis==2.41.0
cat >"$folder/seen.py" <<'PYTHON'
import importlib.metadata
import os
import socket
import threading
import time

import fakeredis
import redis


def relay(client, server_port):
    """Carry bytes both ways, but no reply once an INCR was seen on this connection."""
    server = socket.create_connection(("127.0.0.1", server_port))
    late = threading.Event()

    def replies():
        while data := server.recv(65536):
            if not late.is_set():
                client.sendall(data)

    threading.Thread(target=replies, daemon=True).start()
    while data := client.recv(65536):
        if b"INCR" in data:
            late.set()
        server.sendall(data)


def accept(listener, server_port, connections):
    while True:
        client, _ = listener.accept()
        connections.append(client)
        threading.Thread(target=relay, args=(client, server_port), daemon=True).start()


server = fakeredis.TcpFakeServer(("127.0.0.1", 0), server_type="redis")
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
server_port = server.server_address[1]
listener = socket.create_server(("127.0.0.1", 0))
connections = []
threading.Thread(target=accept, args=(listener, server_port, connections), daemon=True).start()


def counted(**options):
    """Ask for one INCR whose reply is lost; return the connections used, the counter, the seconds."""
    direct = redis.Redis(port=server_port)
    direct.set("n", 0)
    connections.clear()
    begun = time.monotonic()
    try:
        redis.Redis(port=listener.getsockname()[1], socket_timeout=0.2, **options).incr("n")
    except redis.TimeoutError:
        pass
    return len(connections), int(direct.get("n")), time.monotonic() - begun


print("redis-py", importlib.metadata.version("redis"))
found = {"retry_on_timeout=False": counted(retry_on_timeout=False), "retry=None": counted(retry=None)}
for given, (used, counter, seconds) in found.items():
    print("%s: %d connections, the counter is %d, after %.1f s" % (given, used, counter, seconds))
changed = [found["retry_on_timeout=False"][:2], found["retry=None"][:2]] != [(11, 11), (1, 1)]
print("This has changed." if changed else "As described.", flush=True)
os._exit(changed)  # the servers' threads would otherwise be waited for
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
