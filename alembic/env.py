"""Runs the archive's revisions on the connection that monitor.archive.migrate hands over."""

from __future__ import annotations

from alembic import context

from monitor.archive.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("revisions run through presswatch db upgrade, which knows the archive")

context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
