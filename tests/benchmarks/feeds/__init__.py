"""How well and how fast feeds are read, beside feedparser in the same run."""
