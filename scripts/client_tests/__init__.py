"""The official clients, as published, speak through the real proxy to a backend on this machine."""
