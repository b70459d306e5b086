"""What mitmproxy loads: a folder of its own, since mitmproxy puts it before everything that is imported later."""
