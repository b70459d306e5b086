"""The launcher: one command around any client, which gets a proxy of its own for as long as it runs.

`arguments` reads the command line; `environment` makes what client and proxy are started with; `kinds` says what a
command is. `proxy` and `client` run the two processes, `in_proxy` holds the addon by which the proxy reports. `summary`
says what the turns came to, or why none arrived. `launcher` does all of it in order.
"""
