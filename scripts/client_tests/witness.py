"""A mitmproxy addon that notes what the client sent; it is loaded first, so it sees it before anything is changed."""

from pathlib import Path

from embedded_backend.received import Kind, Received
from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader


class Witness:
    """Writes a JSON line for each request, handshake and frame of a client, like the backend's own record."""

    name = "witness"

    def __init__(self) -> None:
        self.headers: dict[str, tuple[tuple[str, str], ...]] = {}

    def load(self, loader: Loader) -> None:
        loader.add_option("witness", str, "", "The file to write to.")

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        fields = flow.request.headers.fields
        self.headers[flow.id] = tuple((name.decode().lower(), value.decode()) for name, value in fields)

    def request(self, flow: http.HTTPFlow) -> None:
        upgrade = flow.request.headers.get("upgrade", "").lower() == "websocket"
        self.note(flow, "handshake" if upgrade else "request", flow.request.raw_content or b"")

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        assert flow.websocket
        message = flow.websocket.messages[-1]
        if message.from_client and not message.injected:
            self.note(flow, "frame", message.content)

    def note(self, flow: http.HTTPFlow, kind: Kind, body: bytes) -> None:
        request = flow.request
        seen = Received(
            kind=kind,
            host=request.pretty_host,
            method=request.method,
            path=request.path,
            headers=self.headers[flow.id],
            body=body,
        )
        with Path(ctx.options.witness).open("ab") as record:
            record.write(seen.to_line())


addons = [Witness()]
