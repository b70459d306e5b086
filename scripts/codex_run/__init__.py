"""The launcher: one command around any client, which gets a proxy of its own for as long as it runs."""
