"""Alembic's entry: runs on the connection it is given. Imports every room's tables."""

from alembic import context

from connector.migrations.every_table import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
