"""A mitmproxy addon that writes where the proxy listens, whatever is logged: a program is ready when it has said so."""

from mitmproxy import ctx


def running() -> None:
    """Print a line for each address; mitmproxy calls this when its servers are up."""
    for host, port, *_ in ctx.master.addons.get("proxyserver").listen_addrs():
        print(f"proxy listens at {host}:{port}", flush=True)
