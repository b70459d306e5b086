"""Tests with a real Redis or Valkey server, which are skipped where there is none."""

import pytest
from toolkit.redis_server import SERVER, RedisServer, running_redis

__all__ = ["SERVER", "RedisServer", "needs_redis", "running_redis"]

needs_redis = pytest.mark.skipif(not SERVER, reason="redis-server is not here (Debian's package redis-server)")
