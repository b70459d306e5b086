"""The soak: thousands of conversations in a few minutes, and a proxy that is afterwards as it was before."""
