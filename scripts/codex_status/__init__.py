"""One line on today: what was read from the prompt cache, and the last miss."""
