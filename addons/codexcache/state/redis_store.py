"""A store on a Redis or Valkey server, one for all proxies of a team.

All names begin with a prefix, so that the server can have other uses, and each entry has a lifetime; how much is kept
is the server's business (its `maxmemory-policy`). A look-up is waited for 50 ms at most. No error message of the
client library is passed on, because some repeat the address with its password.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

from ..install_hints import how_to_add_redis
from .store import Held, StoreError
from .vault import CHECK

PREFIX = b"codex-continuity:2:"
WAIT = 0.05
"""Seconds that a look-up is waited for."""

_PATIENCE = 2.0
"""Seconds that a connection and a write are waited for: no turn does."""

_BATCH = 500


class RedisStore:
    """Entries on a server; each is kept for `age` seconds after it was written.

    `url` is `redis://` or, with TLS, `rediss://`, as the package redis understands it. Credentials can come from the
    variables REDIS_USERNAME and REDIS_PASSWORD in its place.
    """

    comes_back = True
    notice: str | None = None

    def __init__(self, url: str, age: float, wait: float = WAIT) -> None:
        """Make the clients; nothing is connected yet. Raises StoreError."""
        self._age = int(age)
        self._redis = _package()
        self._reading, self._writing = self._client(url, wait), self._client(url, _PATIENCE)

    def another(self) -> Self:
        return self  # its clients are made for several threads

    def get(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        with self._faults():
            values = self._reading.mget([PREFIX + name for name in names]) if names else []
        return {name: value for name, value in zip(names, values, strict=True) if value is not None}

    def starting(self, prefix: bytes) -> dict[bytes, bytes]:
        with self._faults():
            pattern = PREFIX + b"".join(b"\\" + prefix[at : at + 1] for at in range(len(prefix))) + b"*"
            names = [name.removeprefix(PREFIX) for name in self._writing.scan_iter(match=pattern, count=_BATCH)]
        return self.get(names)

    def put(self, entries: Mapping[bytes, bytes]) -> None:
        with self._faults(), self._writing.pipeline(transaction=True) as pipeline:
            for name, value in entries.items():
                pipeline.set(PREFIX + name, value, ex=self._age)
            pipeline.execute()

    def claim(self, name: bytes, value: bytes) -> bytes:
        with self._faults():
            self._writing.set(PREFIX + name, value, nx=True)
            return bytes(self._writing.get(PREFIX + name) or value)

    def held(self) -> Held:
        return Held(None, None)

    def clear(self) -> None:
        with self._faults():
            found = self._writing.scan_iter(match=PREFIX + b"*", count=_BATCH)
            names = [name for name in found if name != PREFIX + CHECK]
            for start in range(0, len(names), _BATCH):
                self._writing.delete(*names[start : start + _BATCH])

    def close(self) -> None:
        with contextlib.suppress(self._redis.RedisError, OSError):
            self._reading.close()
            self._writing.close()

    def _client(self, url: str, wait: float) -> Any:
        """Return a client that tries nothing again: there is `BackgroundStore` for that."""
        try:
            return self._redis.Redis.from_url(
                url,
                socket_timeout=wait,
                socket_connect_timeout=_PATIENCE,
                retry=None,
                retry_on_error=[],
                **_credentials(url),
            )
        except (ValueError, TypeError):
            raise StoreError("its address is not one of a Redis server") from None

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (self._redis.RedisError, OSError) as error:
            raise StoreError(self._reason(error)) from None

    def _reason(self, error: Exception) -> str:
        """Return why the server cannot be used, in words of our own."""
        errors = self._redis.exceptions
        if isinstance(error, errors.AuthenticationError | errors.NoPermissionError):
            return "the server refuses the credentials, or what they may do is not enough"
        if isinstance(error, errors.TimeoutError | TimeoutError):
            return "the server does not answer in time"
        if isinstance(error, errors.ConnectionError | OSError):
            return "the server cannot be reached"
        if isinstance(error, errors.OutOfMemoryError):
            return "the server has no memory left; set its maxmemory-policy to allkeys-lru"
        return f"the server refused a command ({type(error).__name__})"


def _package() -> Any:
    try:
        import redis
    except ImportError:
        raise StoreError(how_to_add_redis()) from None
    return redis


def _credentials(url: str) -> dict[str, str]:
    """Return the credentials from the environment, if the address has none."""
    if urlsplit(url).password:
        return {}
    names = {"username": "REDIS_USERNAME", "password": "REDIS_PASSWORD"}
    return {name: value for name, variable in names.items() if (value := os.environ.get(variable))}
