"""Clients and servers that control every byte, for tests and tools on loopback."""
