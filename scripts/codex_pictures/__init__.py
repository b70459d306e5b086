"""The README's pictures: the report, the console and mitmweb's page, taken of a made-up day of conversations."""
