"""Makes the locks anew with uv, for all systems at once, and sees that each of them can install every package."""
