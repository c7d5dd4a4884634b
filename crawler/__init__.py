"""Finds, fetches and reads articles; knows nothing of rules, alerts, databases or config files."""
