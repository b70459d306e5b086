"""A loopback stand-in for the Codex backend: an embedded model; not run against chatgpt.com."""

from embedded_backend.backend import Backend
from embedded_backend.received import Received
from embedded_backend.rules import Rules

__all__ = ["Backend", "Received", "Rules"]
