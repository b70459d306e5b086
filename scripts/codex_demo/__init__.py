"""The demo: one conversation in four ways, with and without the addon, against the embedded backend."""
