"""Shows how a query answers one article: every branch with yes or no, the nearest miss, and a hint."""

from __future__ import annotations
