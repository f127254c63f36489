"""Alembic's entry: run the migrations on the connection that ``SqlStore.upgrade`` hands over."""

from alembic import context

from campaignkit.stores.sql.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
# The transaction is the caller's: it began it, and it commits.
context.run_migrations()
