"""Run Alembic's migrations on the connection that `blemish.web.database` gives."""

from alembic import context

from blemish.web.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
