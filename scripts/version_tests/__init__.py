"""Every mitmproxy that people have, installed as they install it, each in an environment of its own."""
