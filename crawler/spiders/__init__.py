"""Fetching: the one spider, the guarded download handler, and how one document is asked for."""
