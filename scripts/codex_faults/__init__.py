"""The fault suite: things break on a schedule, and clients see what they see through a proxy without the addon."""
