"""Fixtures of the migration tests."""

from __future__ import annotations

from tests.databases import _sqlite_files, archive_url, postgres, postgres_url, sqlite_url

__all__ = ["_sqlite_files", "archive_url", "postgres", "postgres_url", "sqlite_url"]
