"""Every way in to the proxy, and two proxies for one team, each shown with real processes and the embedded backend."""
